"""Fit every model that a study compares, on one stretch of the past."""

from collections.abc import Callable, Collection, Mapping

import numpy as np

from ml_training.core.ensemble import HOUSE_RECIPE, fit_ensemble
from ml_training.core.events import ShouldStop
from ml_training.core.result import FitResult
from ml_training.core.settings import TrainSettings
from ml_training.data.labelled import LabelledSet, concat_sets
from ml_training.evaluation.baselines import LogisticBaseline
from ml_training.evaluation.boosting import BoostingBaseline
from ml_training.evaluation.forest import ForestBaseline
from ml_training.evaluation.pairwise import PairwiseBaseline
from ml_training.study.models import (
    BLEND,
    BOOSTING,
    ENSEMBLE,
    FOREST,
    LOGISTIC,
    PAIRWISE,
    Single,
)

Fitted = dict[str, Single]
Make = Callable[[LabelledSet, TrainSettings, Fitted], Single]

BASELINES: Mapping[str, Make] = {
    LOGISTIC: lambda train, *_: LogisticBaseline.fit(train.X, train.y, train.weight),
    PAIRWISE: lambda train, _, fitted: PairwiseBaseline.fit(
        train.X, train.y, train.weight, line=_find_line(fitted)
    ),
    BOOSTING: lambda train, settings, _: BoostingBaseline.fit(
        train.X, train.y, train.weight, seed=settings.seed
    ),
    FOREST: lambda train, settings, _: ForestBaseline.fit(
        train.X, train.y, train.weight, seed=settings.seed
    ),
}
"""What is fitted beside the networks, in the order of the tables; each knows the ones
before it."""

ALL_NAMES = frozenset({ENSEMBLE, *BASELINES, BLEND})

STOP_SHARE = 0.05
"""Newest share of the past that an ensemble fitted on all of it does not learn from;
chosen: the engine wants rows to judge repairs by, and the newest are worth most."""


def fit_models(
    train: LabelledSet,
    validation: LabelledSet,
    settings: TrainSettings,
    *,
    names: Collection[str],
    beat: ShouldStop,
    start_from: FitResult | None = None,
) -> Fitted:
    """Fit on train; the ensemble may stop by validation.

    Parameters
    ----------
    train, validation : LabelledSet
        In time order, validation after train.
    settings : TrainSettings
        Of the ensemble; its seed also draws the rows and columns of the trees.
    names : collection of str
        Which models to fit.
    beat : callable
        Called now and then, which no answer of its ends.
    start_from : FitResult or None
        A network whose treatments of the data the ensemble takes over.

    Returns
    -------
    dict of model by name
        In the order of the tables.

    Raises
    ------
    DataError
        When the training block holds one class only.
    """
    fitted: Fitted = {}
    if ENSEMBLE in names:
        fitted[ENSEMBLE] = _fit_ensemble(train, validation, settings, start_from, beat)
    return fitted | _fit_baselines(train, settings, names, beat)


def fit_anew(
    before: Mapping[str, Single],
    past: LabelledSet,
    settings: TrainSettings,
    *,
    beat: ShouldStop,
    start_from: FitResult | None = None,
) -> Fitted:
    """Fit the same models on all of the past, once validation has judged them.

    Parameters
    ----------
    before : mapping of model by name
        As `fit_models` gave them; the ensemble trains for as many epochs as there.
    past : LabelledSet
        Train and validation, in time order.
    settings, beat, start_from
        As for `fit_models`.
    """
    fitted: Fitted = {}
    if isinstance(known := before.get(ENSEMBLE), FitResult):
        n_epochs = max(len(known.history.scores), 1)
        older, newest = _cut_newest(past)
        fitted[ENSEMBLE] = _fit_ensemble(older, newest, settings, start_from, beat, n_epochs)
    return fitted | _fit_baselines(past, settings, before, beat)


def join(train: LabelledSet, validation: LabelledSet) -> LabelledSet:
    """Return all of the past before the test block, in time order."""
    return concat_sets([train, validation])


def _fit_baselines(
    train: LabelledSet, settings: TrainSettings, names: Collection[str], beat: ShouldStop
) -> Fitted:
    fitted: Fitted = {}
    for name, make in BASELINES.items():
        beat()
        if name in names:
            fitted[name] = make(train, settings, fitted)
    return fitted


def _find_line(fitted: Fitted) -> LogisticBaseline | None:
    line = fitted.get(LOGISTIC)
    return line if isinstance(line, LogisticBaseline) else None


def _cut_newest(past: LabelledSet) -> tuple[LabelledSet, LabelledSet]:
    """Return what an ensemble learns from, and the few newest setups it stops by."""
    cut = past.t0[min(int((1 - STOP_SHARE) * len(past)), len(past) - 1)]
    older, newest = np.flatnonzero(past.t1 < cut), np.flatnonzero(past.t0 >= cut)
    return (past.take(older), past.take(newest)) if len(older) else (past, past)


def _fit_ensemble(
    train: LabelledSet,
    validation: LabelledSet,
    settings: TrainSettings,
    start_from: FitResult | None,
    beat: ShouldStop,
    n_epochs: int | None = None,
) -> FitResult:
    """Train the networks of the house recipe, for no longer than the settings allow.

    With `n_epochs` the validation setups do not say when to stop.
    """
    usual = HOUSE_RECIPE.settings(len(train))
    most = min(usual.max_epochs, settings.max_epochs)
    plan = {"max_epochs": most} if n_epochs is None else {"max_epochs": n_epochs, "patience": most}

    def go_on() -> bool:
        beat()
        return False

    return fit_ensemble(
        train.X,
        train.y,
        validation.X,
        validation.y,
        settings=HOUSE_RECIPE.settings(
            len(train), seed=settings.seed, device=settings.device, **plan
        ),
        sample_weight=train.weight,
        times=(train.t0, train.t1),
        start_from=start_from,
        should_stop=go_on,
    )
