"""Walk the whole procedure forward: learn and choose on the past, judge, go on."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from ml_training.core.events import ShouldStop, never
from ml_training.data.folds import Fold, walk_forward
from ml_training.data.labelled import LabelledSet
from ml_training.errors import DataError
from ml_training.evaluation.bounds import MIN_EFFECTIVE
from ml_training.evaluation.metrics import measure_log_loss
from ml_training.evaluation.walk_forward import FoldSaid, Said, WalkForward, pool_folds
from ml_training.study import page
from ml_training.study.blocks import Blocks, as_outcomes
from ml_training.study.candidates import Candidate, prepare_candidates
from ml_training.study.choosing import Choice, choose_served, find_best_model
from ml_training.study.fitting import ALL_NAMES
from ml_training.study.models import BASE_RATE, LOGISTIC
from ml_training.study.progress import Listen, Progress, ignore
from ml_training.study.settings import StudySettings

MIN_TRAIN, MIN_VALIDATION = 50, 20
"""Setups of the first fold. Chosen: 50 is what a model is trained on at all, and 20 the
fewest a threshold may keep."""

QUICK = frozenset({LOGISTIC})
"""What is fitted in the steps when they hold too few setups for any verdict: figures
for the page, within the ten seconds that so small a run may take."""

Prepare = Callable[[LabelledSet, LabelledSet], dict[str, Candidate]]


@dataclass(frozen=True, eq=False)
class Walked:
    """Hold the walk-forward, or why there is none."""

    found: WalkForward | None = None
    note: str = ""


NOT_WALKED = Walked()


def walk_study_forward(
    dataset: LabelledSet,
    settings: StudySettings,
    *,
    should_stop: ShouldStop = never,
    listen: Listen = ignore,
    prepare: Prepare | None = None,
) -> Walked:
    """Repeat the study on five growing pasts, each judged on what came next.

    Parameters
    ----------
    dataset : LabelledSet
        All labelled setups, in time order.
    settings : StudySettings
        Choices of the caller.
    should_stop : callable
        Asked before every step; True ends the walk-forward without a result.
    listen : callable
        Hears where it is, and one line for every step done.
    prepare : callable or None
        Fits, calibrates and cuts all models, given train and validation; None takes
        `prepare_candidates`.

    Returns
    -------
    Walked
        Without a result where a step has too little to learn from.

    Notes
    -----
    In each step the best model speaks, also where the base rate would be served: the
    question is whether anything ranks, and a constant would answer it with ties.

    Where the steps are worth fewer setups than any verdict needs, a logistic regression
    alone is walked forward. The network with its repairs is in no step: what to repair
    was learned on setups that come later. Models that need no watching stand in for it.
    """
    try:
        folds = walk_forward(dataset.t0, dataset.t1)
    except DataError as error:
        return Walked(None, str(error))
    if note := _find_obstacle(dataset, folds):
        return Walked(None, note)
    first = min(int(fold.test[0]) for fold in folds)
    is_judged = float(dataset.weight[first:].sum()) >= MIN_EFFECTIVE

    def fit_all(train: LabelledSet, validation: LabelledSet) -> dict[str, Candidate]:
        usual = ALL_NAMES if is_judged else QUICK
        names = usual if settings.models is None else settings.models
        return prepare_candidates(train, validation, settings.train, names=names, beat=should_stop)

    walked = []
    for number, fold in enumerate(folds, start=1):
        if should_stop():
            return Walked(None, f"it was stopped after {number - 1} of {len(folds)} steps")
        listen(Progress(step=5, doing=f"Walking forward, step {number} of {len(folds)}"))
        said = _walk_step(dataset, fold, first, prepare or fit_all, settings.train.seed)
        listen(Progress(step=5, lines=(_tell_step(number, len(folds), said),)))
        walked.append(said)
    rest = dataset.take(np.arange(first, len(dataset)))
    found = pool_folds(
        walked, as_outcomes(rest), n_openings=settings.n_openings, seed=settings.train.seed
    )
    return Walked(found)


def reconsider(
    choice: Choice, candidates: dict[str, Candidate], blocks: Blocks, walked: Walked
) -> Choice:
    """Serve a model after all where the steps before the test block speak for it.

    Parameters
    ----------
    choice : Choice
        Made on validation.
    candidates : dict of Candidate by name
        What there is to choose from.
    blocks : Blocks
        Nothing in the test block is looked at but where it starts.
    walked : Walked
        Its steps hold several times the setups of the validation block.

    Returns
    -------
    Choice
        As it was, unless that was the base rate and the steps do better than it.

    Notes
    -----
    An AUC of 0.55 is worth 0.4 % of log-loss, which a validation block of some hundred
    setups often hides: every third planted edge was thrown away for it.
    """
    if choice.name != BASE_RATE or walked.found is None:
        return choice
    outcomes, said = walked.found.outcomes, walked.found.said
    rows = np.flatnonzero(outcomes.t1 < blocks.split.cuts.test_start)
    name = find_best_model(candidates, blocks.validation)
    if not len(rows) or name == BASE_RATE:
        return choice
    model, nothing = (
        measure_log_loss(outcomes.y[rows], p[rows]) for p in (said.p, said.base_rate)
    )
    if model >= nothing:
        return choice
    why = (
        f"On validation alone no model is better than the base rate, but in the steps before "
        f"the test block they are (log-loss {model:.4f} against {nothing:.4f}): the best of them"
    )
    return Choice(name, why)


def _choose_speaker(candidates: dict[str, Candidate], validation: LabelledSet, seed: int) -> str:
    """Return whose ranking is judged: never the base rate's, which ranks nothing."""
    name = choose_served(candidates, validation, seed=seed).name
    return find_best_model(candidates, validation) if name == BASE_RATE else name


def _walk_step(
    dataset: LabelledSet, fold: Fold, first: int, prepare: Prepare, seed: int
) -> FoldSaid:
    train, validation = dataset.take(fold.train), dataset.take(fold.validation)
    candidates = prepare(train, validation)
    X = dataset.X[fold.test]
    return FoldSaid(
        start=fold.start,
        end=fold.end,
        rows=fold.test - first,
        models={
            name: Said(
                p=one.predict_proba(X), threshold=one.threshold.value, base_rate=one.base_rate
            )
            for name, one in candidates.items()
        },
        served=_choose_speaker(candidates, validation, seed),
    )


def _find_obstacle(dataset: LabelledSet, folds: tuple[Fold, ...]) -> str:
    """Return why the first, smallest past cannot be learned from; empty when it can."""
    smallest = folds[0]
    n_train, n_validation = len(smallest.train), len(smallest.validation)
    if n_train < MIN_TRAIN or n_validation < MIN_VALIDATION:
        return (
            f"its first step would train on {n_train} setups and choose on {n_validation}, "
            f"and needs {MIN_TRAIN} and {MIN_VALIDATION}"
        )
    n_wins = int(dataset.y[smallest.train].sum())
    if n_wins in {0, n_train}:
        return f"its first step would train on {'wins' if n_wins else 'losses'} only"
    return ""


def _tell_step(number: int, n_steps: int, said: FoldSaid) -> str:
    first, last = (
        f"{datetime.fromtimestamp(one, tz=UTC):%Y-%m-%d}" for one in (said.start, said.end)
    )
    return (
        f"{page.INDENT}Walk-forward {number}/{n_steps}: {first} to {last}, "
        f"{len(said.rows):,} setups, {said.served}"
    )
