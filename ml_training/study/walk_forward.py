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
from ml_training.evaluation.walk_forward import FoldSaid, Said, WalkForward, pool_folds
from ml_training.study import page
from ml_training.study.blocks import as_outcomes
from ml_training.study.candidates import (
    ALL_NAMES,
    LOGISTIC,
    Candidate,
    choose_served,
    prepare_candidates,
)
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
        Hears one line for every step.
    prepare : callable or None
        Fits, calibrates and cuts all models, given train and validation; None takes
        `prepare_candidates`.

    Returns
    -------
    Walked
        Without a result where a step has too little to learn from.

    Notes
    -----
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
        names = ALL_NAMES if is_judged else QUICK
        return prepare_candidates(train, validation, settings.train, names=names, beat=should_stop)

    walked = []
    for number, fold in enumerate(folds, start=1):
        if should_stop():
            return Walked(None, f"it was stopped after {number - 1} of {len(folds)} steps")
        said = _walk_step(dataset, fold, first, prepare or fit_all, settings.train.seed)
        listen(Progress(step=5, lines=(_tell_step(number, len(folds), said),)))
        walked.append(said)
    rest = dataset.take(np.arange(first, len(dataset)))
    found = pool_folds(
        walked, as_outcomes(rest), n_openings=settings.n_openings, seed=settings.train.seed
    )
    return Walked(found)


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
        served=choose_served(candidates, validation, seed=seed).name,
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
