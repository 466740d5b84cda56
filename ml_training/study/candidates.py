"""Candidates for serving: each calibrated and given its threshold on validation."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

import numpy as np

from ml_training.core.ensemble import HOUSE_RECIPE, fit_ensemble
from ml_training.core.events import ShouldStop, never
from ml_training.core.result import FitResult
from ml_training.core.settings import TrainSettings
from ml_training.data.labelled import LabelledSet
from ml_training.evaluation.baselines import BaseRate, LogisticBaseline
from ml_training.evaluation.blend import cross_mix, fit_weights, mix_chances
from ml_training.evaluation.boosting import BoostingBaseline
from ml_training.evaluation.calibration import N_FOLDS, Calibration, fit_calibration
from ml_training.evaluation.forest import ForestBaseline
from ml_training.evaluation.metrics import FloatArray, log_losses
from ml_training.evaluation.outcomes import Evaluation, evaluate
from ml_training.evaluation.significance import bootstrap_mean, cut_blocks
from ml_training.evaluation.threshold import Threshold, choose_threshold
from ml_training.study.blocks import as_outcomes
from ml_training.study.models import (
    BASE_RATE,
    BLEND,
    BOOSTING,
    ENSEMBLE,
    FOREST,
    LOGISTIC,
    NETWORK,
    Blend,
    Model,
    Single,
    predict_wins,
)

__all__ = [
    "BASE_RATE",
    "BLEND",
    "BOOSTING",
    "ENSEMBLE",
    "FOREST",
    "LOGISTIC",
    "NETWORK",
    "Candidate",
    "Choice",
    "choose_served",
    "predict_wins",
    "prepare_candidate",
    "prepare_candidates",
]


@dataclass(frozen=True, eq=False)
class Candidate:
    """Hold one model with everything that was fitted on validation.

    Attributes
    ----------
    model : Model
        Takes raw features.
    base_rate : float
        Win rate of the training block.
    calibration, threshold : Calibration, Threshold
        Fitted on the validation block.
    held_out : array of float, shape (n_validation,)
        Chances of the validation setups, each fifth in time calibrated (and mixed) by
        the other four: what the choice between models may rest on.
    """

    name: str
    model: Model
    base_rate: float
    calibration: Calibration
    threshold: Threshold
    held_out: FloatArray

    @property
    def is_refused(self) -> bool:
        """Tell whether the engine refused to train it, so that it may not be served."""
        return isinstance(self.model, FitResult) and self.model.status == "refused"

    def predict_proba(self, X: FloatArray) -> FloatArray:
        """Return calibrated chances of a win, shape (n_setups,)."""
        return self.calibration.apply(predict_wins(self.model, X))

    def evaluate(self, block: LabelledSet, *, seed: int) -> Evaluation:
        """Measure it on a block of setups."""
        return evaluate(
            self.name,
            as_outcomes(block),
            self.predict_proba(block.X),
            threshold=self.threshold.value,
            base_rate=self.base_rate,
            seed=seed,
        )


@dataclass(frozen=True)
class Choice:
    """Name the candidate that is served, and why, with numbers."""

    name: str
    reason: str


Make = Callable[[LabelledSet, TrainSettings], Single]

BASELINES: Mapping[str, Make] = {
    LOGISTIC: lambda train, _: LogisticBaseline.fit(train.X, train.y, train.weight),
    BOOSTING: lambda train, settings: BoostingBaseline.fit(
        train.X, train.y, train.weight, seed=settings.seed
    ),
    FOREST: lambda train, settings: ForestBaseline.fit(
        train.X, train.y, train.weight, seed=settings.seed
    ),
}
"""What is fitted on train beside the network, in the order of the tables."""

PREFERRED_FIRST = (BLEND, LOGISTIC, FOREST, BOOSTING, ENSEMBLE, NETWORK)
"""The order in which ties are broken: the blend, then the simplest. Measured on made-up
sets of 700 to 4,000 rows with weak signal: taking the blend unless another is clearly
better gains twice as much log-loss as taking the simplest that is not clearly worse."""

ALL_NAMES = frozenset({ENSEMBLE, *BASELINES, BLEND})


def prepare_candidates(
    train: LabelledSet,
    validation: LabelledSet,
    settings: TrainSettings,
    fitted: FitResult | None = None,
    *,
    names: Collection[str] = ALL_NAMES,
    beat: ShouldStop = never,
) -> dict[str, Candidate]:
    """Fit every model on train, then calibrate and mix them on validation.

    Parameters
    ----------
    train, validation : LabelledSet
        Validation lies after train and is purged of it; both in time order.
    settings : TrainSettings
        Of the ensemble; its seed also draws the rows and columns of the trees.
    fitted : FitResult or None
        The network trained on `train`, with its repairs; None leaves it out.
    names : collection of str
        Which models to fit. The base rate is always among them, the blend only where
        there is something to mix.
    beat : callable
        Called now and then while they are fitted, which no answer of its ends.

    Returns
    -------
    dict of Candidate by name
        In the order of the tables.

    Raises
    ------
    DataError
        When the training block holds one class only.
    """
    base = BaseRate.fit(train.y, train.weight)
    models: dict[str, Single] = {} if fitted is None else {NETWORK: fitted}
    if ENSEMBLE in names:
        models[ENSEMBLE] = _fit_ensemble(train, validation, settings, fitted, beat)
    for name, make in BASELINES.items():
        beat()
        if name in names:
            models[name] = make(train, settings)
    raw = {name: predict_wins(model, validation.X) for name, model in models.items()}
    found = {
        name: _finish(name, model, validation, base_rate=base.rate, raw=raw[name])
        for name, model in models.items()
    }
    sound = {name: models[name] for name, one in found.items() if not one.is_refused}
    if BLEND in names and len(sound) > 1:
        found[BLEND] = _blend(sound, raw, validation, base.rate)
    found[BASE_RATE] = prepare_candidate(BASE_RATE, base, validation, base_rate=base.rate)
    return found


def _fit_ensemble(
    train: LabelledSet,
    validation: LabelledSet,
    settings: TrainSettings,
    fitted: FitResult | None,
    beat: ShouldStop,
) -> FitResult:
    """Train the networks of the house recipe, for no longer than the settings allow."""
    usual = HOUSE_RECIPE.settings(len(train))

    def go_on() -> bool:
        beat()
        return False

    return fit_ensemble(
        train.X,
        train.y,
        validation.X,
        validation.y,
        settings=HOUSE_RECIPE.settings(
            len(train),
            seed=settings.seed,
            device=settings.device,
            max_epochs=min(usual.max_epochs, settings.max_epochs),
        ),
        sample_weight=train.weight,
        times=(train.t0, train.t1),
        start_from=fitted,
        should_stop=go_on,
    )


def prepare_candidate(
    name: str, model: Single, validation: LabelledSet, *, base_rate: float
) -> Candidate:
    """Calibrate a model and choose its threshold, on validation only.

    Parameters
    ----------
    name : str
        As the report calls it.
    model : Single
        Fitted on the training block.
    validation : LabelledSet
        Not used in fitting the model.
    base_rate : float
        Win rate of the training block, towards which a timid model is pulled.
    """
    raw = predict_wins(model, validation.X)
    return _finish(name, model, validation, base_rate=base_rate, raw=raw)


def choose_served(
    candidates: Mapping[str, Candidate], validation: LabelledSet, *, seed: int
) -> Choice:
    """Choose the model to serve by its log-loss on validation.

    Parameters
    ----------
    candidates : mapping of Candidate by name
        The base rate among them; a refused network is never chosen.
    validation : LabelledSet
        The block they were calibrated on; the test block is still closed.
    seed : int
        Of the bootstrap.

    Returns
    -------
    Choice
        The blend, or what is better than it by more than chance explains; the base rate
        when nothing is better than that.

    Notes
    -----
    Some hundred validation setups hardly tell models of weak signals apart: the lowest
    of seven log-losses is mostly the luckiest. The blend errs least where one cannot
    tell.
    """
    losses = {
        name: log_losses(validation.y, one.held_out)
        for name, one in candidates.items()
        if not one.is_refused
    }
    means = {name: float(loss.mean()) for name, loss in losses.items()}
    listed = ", ".join(f"{name} {mean:.4f}" for name, mean in means.items())
    figures = f"log-loss on validation: {listed}"
    refused = [name for name in candidates if name not in means]
    before = "".join(f"The {name} was refused. " for name in refused)
    useful = [name for name in PREFERRED_FIRST if means.get(name, np.inf) < means[BASE_RATE]]
    if not useful:
        return Choice(BASE_RATE, f"{before}No model is better than the base rate ({figures})")
    best = min(useful, key=means.__getitem__)
    blocks = cut_blocks(validation.t0, validation.t1)
    for name in useful[: useful.index(best)]:
        lost = bootstrap_mean(losses[name] - losses[best], blocks, seed=seed)
        if lost is not None and lost.low <= 0:
            why = f"The {best} is not better than the {name} by more than chance explains"
            return Choice(name, f"{before}{why} ({figures})")
    return Choice(best, f"{before}The best on validation ({figures})")


def _blend(
    models: Mapping[str, Single],
    raw: Mapping[str, FloatArray],
    validation: LabelledSet,
    base_rate: float,
) -> Candidate:
    """Mix models by weights fitted on validation, which none of them was fitted on.

    The weights need not sum to 1, so that they calibrate the blend as well.
    """
    y, weight = validation.y, validation.weight
    chances = np.stack([raw[name] for name in models])
    weights = fit_weights(y, chances, anchor=base_rate, weight=weight)
    mixed = mix_chances(chances, weights, anchor=base_rate)
    return Candidate(
        name=BLEND,
        model=Blend(dict(models), weights, base_rate),
        base_rate=base_rate,
        calibration=Calibration(anchor=base_rate, note="calibrated by the weights of its models"),
        threshold=choose_threshold(mixed, validation.r),
        held_out=cross_mix(y, chances, anchor=base_rate, weight=weight),
    )


def _finish(
    name: str, model: Single, validation: LabelledSet, *, base_rate: float, raw: FloatArray
) -> Candidate:
    """Calibrate raw chances of the validation setups, and cut them."""
    calibration = fit_calibration(validation.y, raw, anchor=base_rate)
    return Candidate(
        name=name,
        model=model,
        base_rate=base_rate,
        calibration=calibration,
        threshold=choose_threshold(calibration.apply(raw), validation.r),
        held_out=_calibrate_held_out(validation, raw, base_rate),
    )


def _calibrate_held_out(validation: LabelledSet, p: FloatArray, base_rate: float) -> FloatArray:
    """Return chances of each fifth in time, calibrated on the other four."""
    every, y = np.arange(len(p)), validation.y
    held_out = np.empty(len(p))
    for fold in np.array_split(every, N_FOLDS):
        rest = np.delete(every, fold)
        held_out[fold] = fit_calibration(y[rest], p[rest], anchor=base_rate).apply(p[fold])
    return held_out
