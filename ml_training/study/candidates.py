"""Candidates for serving: each calibrated and given its threshold on validation."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

import numpy as np

from ml_training.core.result import FitResult
from ml_training.core.settings import TrainSettings
from ml_training.data.labelled import LabelledSet
from ml_training.evaluation.baselines import BaseRate, LogisticBaseline
from ml_training.evaluation.calibration import Calibration, fit_temperature
from ml_training.evaluation.metrics import FloatArray, log_losses
from ml_training.evaluation.outcomes import Evaluation, evaluate
from ml_training.evaluation.significance import bootstrap_mean, cut_blocks
from ml_training.evaluation.threshold import Threshold, choose_threshold
from ml_training.study.blocks import as_outcomes

NETWORK, ENSEMBLE, BLEND = "network", "network ensemble", "blend"
LOGISTIC, BOOSTING, FOREST = "logistic regression", "gradient boosting", "random forest"
BASE_RATE = "base rate"

Model = FitResult | LogisticBaseline | BaseRate


@dataclass(frozen=True, eq=False)
class Candidate:
    """Hold one model with everything that was fitted on validation.

    Attributes
    ----------
    model : FitResult, LogisticBaseline or BaseRate
        Takes raw features.
    base_rate : float
        Win rate of the training block.
    calibration, threshold : Calibration, Threshold
        Fitted on the validation block.
    """

    name: str
    model: Model
    base_rate: float
    calibration: Calibration
    threshold: Threshold

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


def predict_wins(model: Model, X: FloatArray) -> FloatArray:
    """Return uncalibrated chances of a win of raw rows, shape (n_setups,)."""
    if not isinstance(model, FitResult):
        return model.predict_proba(X)
    wins = int(np.flatnonzero(model.classes == 1)[0])
    return np.asarray(model.predict_proba(X), dtype=np.float64)[:, wins]


Make = Callable[[LabelledSet, TrainSettings], Model]

BASELINES: Mapping[str, Make] = {
    LOGISTIC: lambda train, _: LogisticBaseline.fit(train.X, train.y, train.weight),
    BASE_RATE: lambda train, _: BaseRate.fit(train.y, train.weight),
}
"""What is fitted on train beside the network, in the order of the tables."""


def prepare_candidates(
    train: LabelledSet,
    validation: LabelledSet,
    settings: TrainSettings,
    fitted: FitResult | None = None,
    *,
    names: Collection[str] | None = None,
) -> dict[str, Candidate]:
    """Fit every model on train, then calibrate all of them on validation.

    Parameters
    ----------
    train, validation : LabelledSet
        Validation lies after train and is purged of it; both in time order.
    settings : TrainSettings
        Of the ensemble; its seed also draws the rows of the forest.
    fitted : FitResult or None
        The network trained on `train`, with its repairs; None leaves it out.
    names : collection of str or None
        Which models to fit; None takes all. The base rate is always among them.

    Returns
    -------
    dict of Candidate by name
        In the order of the tables.

    Raises
    ------
    DataError
        When the training block holds one class only.
    """
    wanted = {*BASELINES} if names is None else {*names, BASE_RATE}
    base = BaseRate.fit(train.y, train.weight)
    models: dict[str, Model] = {} if fitted is None else {NETWORK: fitted}
    models |= {name: make(train, settings) for name, make in BASELINES.items() if name in wanted}
    return {
        name: prepare_candidate(name, model, validation, base_rate=base.rate)
        for name, model in models.items()
    }


def prepare_candidate(
    name: str, model: Model, validation: LabelledSet, *, base_rate: float
) -> Candidate:
    """Calibrate a model and choose its threshold, on validation only.

    Parameters
    ----------
    name : str
        As the report calls it.
    model : FitResult, LogisticBaseline or BaseRate
        Fitted on the training block.
    validation : LabelledSet
        Not used in fitting the model.
    base_rate : float
        Win rate of the training block, towards which a timid model is pulled.
    """
    raw = predict_wins(model, validation.X)
    calibration = fit_temperature(validation.y, raw, anchor=base_rate)
    threshold = choose_threshold(calibration.apply(raw), validation.r)
    return Candidate(name, model, base_rate, calibration, threshold)


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
        The network, unless it is no better than the base rate, or a simpler model is
        better by more than chance explains.
    """
    losses = {
        name: log_losses(validation.y, one.predict_proba(validation.X))
        for name, one in candidates.items()
        if not one.is_refused
    }
    means = {name: float(loss.mean()) for name, loss in losses.items()}
    best = min(means, key=means.__getitem__)
    figures = ", ".join(f"{name} {means[name]:.4f}" for name in means)
    if NETWORK not in losses:
        return Choice(best, f"The network was refused; log-loss on validation: {figures}")
    if means[NETWORK] > means[BASE_RATE]:
        why = "The network is no better than the base rate on validation"
        return Choice(best, f"{why} (log-loss: {figures})")
    if best != NETWORK and _is_clearly_better(losses[best], losses[NETWORK], validation, seed):
        why = f"The {best} is better on validation by more than chance explains"
        return Choice(best, f"{why} (log-loss: {figures})")
    why = "Nothing simpler is clearly better on validation"
    return Choice(NETWORK, f"{why} (log-loss: {figures})")


def _is_clearly_better(
    simpler: FloatArray, network: FloatArray, validation: LabelledSet, seed: int
) -> bool:
    blocks = cut_blocks(validation.t0, validation.t1)
    saved = bootstrap_mean(np.subtract(network, simpler), blocks, seed=seed)
    return saved is not None and saved.low > 0
