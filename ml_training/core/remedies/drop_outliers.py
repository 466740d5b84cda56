"""Leave out rows that lie absurdly far from all others."""

from dataclasses import dataclass, replace

import numpy as np

from ml_training.core.findings import Change, Finding, Start
from ml_training.core.state import TrainingState
from ml_training.core.survey import FarCells, find_far_rows
from ml_training.core.treatments import fit_robust_scale

WIDEST_CELL = 10.0  # robust deviations; beyond, cells of later rows are pulled back


@dataclass(frozen=True)
class DropOutliers:
    """Start again without the far rows, and on the scale of the rows that stay.

    The far rows spoiled the scales they were measured with. Later rows as far away are
    pulled back to the fence, in every prediction.

    References
    ----------
    Huber, Ronchetti (2009), Robust Statistics, section 1.1.
    """

    key: str = "drop_outliers"
    title: str = "leave out the far rows and scale by those that stay"
    start: Start = "beginning"

    def objection(self, state: TrainingState) -> str:
        """Refuse when there is nothing far."""
        cells, targets = find_far(state)
        return "" if (cells.is_far | targets.is_far).any() else "no row lies far from the others"

    def apply(self, state: TrainingState, finding: Finding) -> Change:
        """Drop rows; scale features, or targets, when theirs were spoiled."""
        cells, targets = find_far(state)
        rows = state.data.raw_train
        kept = rows.at(~(cells.is_far | targets.is_far))
        data = state.data.with_training(kept)
        if cells.is_far.any():
            scale = fit_robust_scale(data.treated_train(), limit=WIDEST_CELL)
            data = data.treated_with(scale)
        if targets.is_far.any():
            scale_of_targets = float(kept.y.mean()), float(kept.y.std()) or 1.0
            state.objective = state.objective.changed(target_scale=scale_of_targets)
            data = replace(data, targets=state.objective.targets)
        state.data = data
        n_dropped = len(rows) - len(kept)
        return Change(
            what="training_rows",
            before=len(rows),
            after=len(kept),
            sentence=f"left out {n_dropped} far rows and scaled by the {len(kept)} that stay",
        )


def find_far(state: TrainingState) -> tuple[FarCells, FarCells]:
    """Return far rows by their cells, and by their targets in a regression."""
    X, y = state.data.treated_train(), state.data.raw_train.y
    nothing = FarCells(np.zeros(len(X), dtype=bool), 0.0, np.empty((0, 2)))
    is_regression = state.objective.task == "regression"
    targets = find_far_rows(y[:, None].astype(np.float64)) if is_regression else nothing
    return find_far_rows(X), targets
