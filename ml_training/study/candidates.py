"""Candidates for serving: each calibrated and given its threshold on validation."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

import numpy as np

from ml_training.core.events import ShouldStop, never
from ml_training.core.result import FitResult
from ml_training.core.settings import TrainSettings
from ml_training.data.labelled import LabelledSet
from ml_training.evaluation.baselines import BaseRate
from ml_training.evaluation.blend import cross_mix, fit_weights
from ml_training.evaluation.calibration import N_FOLDS, Calibration, fit_calibration, pull
from ml_training.evaluation.metrics import FloatArray
from ml_training.evaluation.outcomes import Evaluation, evaluate
from ml_training.evaluation.threshold import Threshold, choose_threshold
from ml_training.study.blocks import as_outcomes
from ml_training.study.fitting import ALL_NAMES, fit_anew, fit_models, join
from ml_training.study.models import (
    BASE_RATE,
    BLEND,
    ENSEMBLE,
    LOGISTIC,
    NETWORK,
    PAIRWISE,
    Blend,
    Model,
    Single,
    predict_wins,
)

PULL_ROWS = 2000.0
"""Effective setups at which half of what an ensemble says beyond the base rate is
believed; n believe n / (n + 2000) of it. Measured on planted edges, noise and real
candles (`python -m benchmarks.evaluation --part choices`): without it the log-loss is
above the base rate's on noise, with it hardly, and planted edges lose nothing. The
trees and the logistic regression are held back by their own penalties."""


@dataclass(frozen=True, eq=False)
class Candidate:
    """Hold one model with everything that was fitted on validation.

    Attributes
    ----------
    model : Model
        Takes raw features.
    base_rate : float
        Win rate of the setups that `model` learned from.
    calibration, threshold : Calibration, Threshold
        Fitted on the validation block.
    held_out : array of float, shape (n_validation,)
        Chances of the validation setups by a model of the training block alone, each
        fifth in time calibrated (and mixed) by the other four: what the choice between
        models may rest on.
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
        """Measure it on a block of setups that came after all it learned from."""
        return self._measure(block, self.predict_proba(block.X), seed)

    def evaluate_held_out(self, validation: LabelledSet, *, seed: int) -> Evaluation:
        """Measure what was said of the validation block before it was learned from."""
        return self._measure(validation, self.held_out, seed)

    def _measure(self, block: LabelledSet, p: FloatArray, seed: int) -> Evaluation:
        return evaluate(
            self.name,
            as_outcomes(block),
            p,
            threshold=self.threshold.value,
            base_rate=self.base_rate,
            seed=seed,
        )


@dataclass(frozen=True, eq=False)
class Rivals:
    """Hold the models beside the networks, before and after they saw validation."""

    before: Mapping[str, Single]
    now: Mapping[str, Single]


def fit_rivals(
    train: LabelledSet,
    validation: LabelledSet,
    settings: TrainSettings,
    *,
    names: Collection[str] = ALL_NAMES,
    beat: ShouldStop = never,
    start_from: FitResult | None = None,
) -> Rivals:
    """Fit the models beside the networks on train, then on train and validation.

    Parameters
    ----------
    train, validation, settings, names, beat
        As for `prepare_candidates`.
    start_from : FitResult or None
        A network whose treatments of the data the ensemble takes over.
    """
    before = fit_models(train, validation, settings, names=names, beat=beat, start_from=start_from)
    past = join(train, validation)
    return Rivals(before, fit_anew(before, past, settings, beat=beat, start_from=start_from))


def prepare_candidates(
    train: LabelledSet,
    validation: LabelledSet,
    settings: TrainSettings,
    networks: Mapping[str, FitResult] | None = None,
    *,
    names: Collection[str] = ALL_NAMES,
    beat: ShouldStop = never,
    rivals: Rivals | None = None,
) -> dict[str, Candidate]:
    """Fit every model on train, judge it on validation, and fit it anew on both.

    Parameters
    ----------
    train, validation : LabelledSet
        Validation lies after train and is purged of it; both in time order.
    settings : TrainSettings
        Of the ensemble; its seed also draws the rows and columns of the trees.
    networks : mapping of FitResult by name or None
        Networks trained on `train` by the caller, with their repairs; the ensemble
        takes over the treatments of `NETWORK`.
    names : collection of str
        Which models to fit. The base rate is always among them, the blend only where
        there is something to mix.
    beat : callable
        Called now and then while they are fitted, which no answer of its ends.
    rivals : Rivals or None
        From `fit_rivals`, for a caller who compares several networks with the same;
        None fits them.

    Returns
    -------
    dict of Candidate by name
        In the order of the tables.

    Raises
    ------
    DataError
        When the training block holds one class only.

    Notes
    -----
    Calibration, weights and the choice rest on models that had not seen validation.
    What is served has, which lowers its log-loss on later setups (`python -m
    benchmarks.evaluation --part choices`). Networks of the caller stay as they were
    trained, watched and stopped.
    """
    own = dict(networks or {})
    older = _Ground(train, validation)
    newer = _Ground(join(train, validation), validation)
    if rivals is None:
        rivals = fit_rivals(
            train, validation, settings, names=names, beat=beat, start_from=own.get(NETWORK)
        )
    pairs = {name: _Pair(one, one) for name, one in own.items()}
    pairs |= {name: _Pair(one, rivals.now[name]) for name, one in rivals.before.items()}
    said = {name: older.hear(name, pair.before) for name, pair in pairs.items()}
    found = {name: _finish(name, pair, said[name], older, newer) for name, pair in pairs.items()}
    sound = {name: pair for name, pair in pairs.items() if not found[name].is_refused}
    if PAIRWISE in sound:  # holds the line already
        sound.pop(LOGISTIC, None)
    if BLEND in names and len(sound) > 1:
        found[BLEND] = _blend(sound, np.stack([said[name] for name in sound]), older, newer)
    rates = _Pair(BaseRate(older.rate), BaseRate(newer.rate))
    told = older.hear(BASE_RATE, rates.before)
    found[BASE_RATE] = _finish(BASE_RATE, rates, told, older, newer)
    return found


@dataclass(frozen=True, eq=False)
class _Pair:
    """A model that had not seen validation, and the same one that has."""

    before: Single
    now: Single


@dataclass(frozen=True, eq=False)
class _Ground:
    """What was learned from, and where it was judged."""

    learned: LabelledSet
    validation: LabelledSet

    @property
    def rate(self) -> float:
        return BaseRate.fit(self.learned.y, self.learned.weight).rate

    def believe(self, name: str) -> float:
        """Return the share of a model's log-odds beyond the base rate to believe."""
        n = self.learned.n_effective
        return n / (n + PULL_ROWS) if name == ENSEMBLE else 1.0

    def hear(self, name: str, model: Single) -> FloatArray:
        """Return what a model says of validation, as far as it is believed."""
        raw = predict_wins(model, self.validation.X)
        return pull(raw, anchor=self.rate, share=self.believe(name))


def _finish(name: str, pair: _Pair, said: FloatArray, older: _Ground, newer: _Ground) -> Candidate:
    """Calibrate what was said of validation, and pass that on to what is served."""
    validation = older.validation
    stays = pair.now is pair.before
    base_rate = older.rate if stays else newer.rate
    calibration = fit_calibration(validation.y, said, anchor=older.rate)
    held_out = _calibrate_held_out(validation, said, older.rate)
    served = older if stays else newer
    return Candidate(
        name=name,
        model=pair.now,
        base_rate=base_rate,
        calibration=replace(calibration, anchor=base_rate).behind(served.believe(name)),
        threshold=choose_threshold(held_out, validation.r, known_r=newer.learned.r),
        held_out=held_out,
    )


def _blend(
    pairs: Mapping[str, _Pair], said: FloatArray, older: _Ground, newer: _Ground
) -> Candidate:
    """Mix models by weights fitted on validation, which none of them had seen.

    The weights need not sum to 1, so that they calibrate the blend as well.
    """
    validation, names = older.validation, list(pairs)
    y, weight = validation.y, validation.weight
    weights = fit_weights(y, said, anchor=older.rate, weight=weight)
    believed = np.array([newer.believe(name) for name in names])
    held_out = cross_mix(y, said, anchor=older.rate, weight=weight)
    members = {name: pairs[name].now for name in names}
    return Candidate(
        name=BLEND,
        model=Blend(members, weights * believed, newer.rate),
        base_rate=newer.rate,
        calibration=Calibration(anchor=newer.rate, note="calibrated by the weights of its models"),
        threshold=choose_threshold(held_out, validation.r, known_r=newer.learned.r),
        held_out=held_out,
    )


def _calibrate_held_out(validation: LabelledSet, p: FloatArray, base_rate: float) -> FloatArray:
    """Return chances of each fifth in time, calibrated on the other four."""
    every, y = np.arange(len(p)), validation.y
    held_out = np.empty(len(p))
    for fold in np.array_split(every, N_FOLDS):
        rest = np.delete(every, fold)
        held_out[fold] = fit_calibration(y[rest], p[rest], anchor=base_rate).apply(p[fold])
    return held_out
