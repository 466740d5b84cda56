"""Leave out rows whose label their neighbours contradict."""

from dataclasses import dataclass

import numpy as np

from ml_training.core.findings import Change, Finding, Start
from ml_training.core.neighbours import as_targets, predict_by_neighbours, standardise
from ml_training.core.state import TrainingState

MOST_DOUBTFUL = 0.5  # of the rows; chosen: when most are in doubt, so are their neighbours
MOST_ROWS = 5_000  # chosen: distances between all pairs of more do not fit in memory
SURE = 3.0  # standard errors; chosen, and measured on develop: at 2.1 the treatment harmed


@dataclass(frozen=True)
class DropDoubtful:
    """Start again without the rows whose class few of their neighbours have.

    References
    ----------
    Wilson (1972), Asymptotic properties of nearest neighbor rules using edited data,
    IEEE SMC 2.
    """

    key: str = "drop_doubtful"
    title: str = "leave out rows whose label their neighbours contradict"
    start: Start = "beginning"

    def objection(self, state: TrainingState) -> str:
        """Refuse values, long tables, and a second pass."""
        if not state.objective.n_classes:
            return "there are no labels to doubt"
        if len(state.data.raw_train) > MOST_ROWS:
            return f"more than {MOST_ROWS} rows take too long to compare"
        doubtful, y = _doubtful(state), state.data.raw_train.y
        if not doubtful.any():
            return "no label is contradicted by its neighbours"
        if not knows_more(doubtful, y):
            return "neighbours know no more than guessing: they contradict at random"
        loses_class = len(np.unique(y[~doubtful])) < len(np.unique(y))
        is_most = doubtful.mean() > MOST_DOUBTFUL
        return "too few rows, or classes, would be left" if loses_class or is_most else ""

    def apply(self, state: TrainingState, finding: Finding) -> Change:
        """Drop the rows."""
        rows, doubtful = state.data.raw_train, _doubtful(state)
        state.data = state.data.with_training(rows.at(~doubtful))
        return Change(
            what="training_rows",
            before=len(rows),
            after=int((~doubtful).sum()),
            sentence=f"left out {int(doubtful.sum())} rows whose label their neighbours "
            "contradict",
        )


def knows_more(doubtful: np.ndarray, y: np.ndarray) -> bool:
    """Tell whether neighbours name the class surely better than its commonest does."""
    guessed = float(np.bincount(y).max() / len(y))
    error = np.sqrt(guessed * (1 - guessed) / len(y))
    return bool(1 - doubtful.mean() > guessed + SURE * error)


def _doubtful(state: TrainingState) -> np.ndarray:
    """Return rows whose own class is not the commonest among their neighbours."""
    X, y = state.data.treated_train(), state.data.raw_train.y
    X, _ = standardise(X, X[:1])
    T = as_targets(y, state.objective.n_classes)
    votes, _ = predict_by_neighbours(X, T, X[:1])
    return np.asarray(votes[np.arange(len(y)), y] < votes.max(axis=1))
