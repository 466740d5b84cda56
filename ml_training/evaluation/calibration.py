"""Make promised win rates honest by a temperature or by steps, or leave them alone."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.isotonic import IsotonicRegression

from ml_training.evaluation.metrics import (
    FloatArray,
    IntArray,
    check_outcomes,
    log_losses,
    measure_log_loss,
)
from ml_training.evaluation.odds import logit, sigmoid

N_FOLDS = 5
"""Contiguous folds of the held-out check; chosen: each keeps a fifth for judging."""

MIN_SETUPS = 50
"""Fewer validation setups say less about one temperature than its own error;
chosen: the same 50 below which no model is trained."""

SHARPNESS_LOW, SHARPNESS_HIGH = 0.01, 5.0
"""Bounds of 1 / temperature. Chosen: 0.01 is the base rate to within a percent point
for any sane model; more than 5-fold sharpening means something else is broken."""

SHARPENING_SD, PULLING_SD = 0.15, 0.6
"""Standard deviations of the log-sharpness that is expected above and below 0: how far
the setups must speak before the chances move. Measured on planted edges, noise and real
candles (`python -m benchmarks.evaluation --part choices`): weak signals tell little of
their own sharpness, and a free temperature costs what it is to save."""

ISOTONIC_FROM = 5000
"""Setups from which on an isotonic curve is tried. Niculescu-Mizil and Caruana 2005
name 1,000 for strong signals; at the weak ones of markets it fits luck (docs/
evaluation.md, what the constants rest on)."""

CLEARLY = 2.0
"""Standard errors by which the curve must beat the temperature; chosen: 2.5 % of
luck."""

N_BISECTIONS = 60
"""Halvings of that range; 60 exhaust double precision."""


@dataclass(frozen=True)
class Calibration:
    """Pull log-odds towards the base rate (temperature > 1) or away from it.

    Attributes
    ----------
    temperature : float
        1 leaves the probabilities as they are.
    anchor : float
        Base rate of the training block, the point the log-odds are scaled about.
    applied : bool
        True when the temperature lowered the log-loss on setups it was not fitted on.
    loss_before, loss_after : float or None
        Log-loss on held-out validation setups without and with it.
    note : str
        What was done, in words.
    knots, rates : tuple of float
        Where a rising curve takes the place of the temperature: the promised chances
        it is known at, and the win rates observed there; empty without one.
    """

    temperature: float = 1.0
    anchor: float = 0.5
    applied: bool = False
    loss_before: float | None = None
    loss_after: float | None = None
    note: str = ""
    knots: tuple[float, ...] = ()
    rates: tuple[float, ...] = ()

    def apply(self, p: ArrayLike) -> FloatArray:
        """Return calibrated probabilities, shape (n_setups,)."""
        if not self.applied:
            return np.asarray(p, dtype=np.float64)
        if len(self.knots):
            return _read_curve(p, np.asarray(self.knots), np.asarray(self.rates))
        return _rescale(p, anchor=self.anchor, sharpness=1.0 / self.temperature)

    def behind(self, pull: float) -> Self:
        """Return this calibration for chances whose log-odds were not pulled yet.

        Parameters
        ----------
        pull : float
            Above 0: the share of their distance from the anchor that was left to the
            log-odds before this calibration was fitted.
        """
        if pull == 1.0:
            return self
        if self.applied and len(self.knots):
            knots = _rescale(self.knots, anchor=self.anchor, sharpness=1.0 / pull)
            return replace(self, knots=tuple(knots.tolist()))
        temperature = (self.temperature if self.applied else 1.0) / pull
        return replace(self, temperature=temperature, applied=True)

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Self:
        """Rebuild what `as_dict` wrote, also before there were curves."""
        whole = {**stored}
        curve = {name: tuple(whole.get(name, ())) for name in ("knots", "rates")}
        return cls(**(whole | curve))

    def as_dict(self) -> dict[str, object]:
        """Return the calibration as a dictionary that JSON can hold."""
        return asdict(self)


def pull(p: ArrayLike, *, anchor: float, share: float) -> FloatArray:
    """Return chances whose log-odds keep a share of their distance from the anchor.

    Parameters
    ----------
    p : array of float, shape (n_setups,)
        Chances of a win, 0-1.
    anchor : float
        Chance that the log-odds are pulled towards, between 0 and 1.
    share : float
        1 leaves the chances as they are; 0 makes all of them the anchor.

    Examples
    --------
    >>> pull([0.2, 0.8], anchor=0.5, share=0.0).tolist()
    [0.5, 0.5]
    """
    if share == 1.0:
        return np.asarray(p, dtype=np.float64)
    return _rescale(p, anchor=anchor, sharpness=share)


def fit_temperature(y: ArrayLike, p: ArrayLike, *, anchor: float) -> Calibration:
    """Fit a temperature on validation setups, kept only when it proves itself.

    Parameters
    ----------
    y : array of int, shape (n_setups,)
        Outcomes in time order, 1 for a win.
    p : array of float, shape (n_setups,)
        Predicted chances of a win, 0-1.
    anchor : float
        Base rate of the training block, between 0 and 1.

    Returns
    -------
    Calibration
        With `applied` False when it could not be fitted or did not help.

    Notes
    -----
    Plain temperature scaling shrinks towards 0.5, which is wrong wherever wins are not
    half of all setups; here a useless model shrinks to the base rate, so that it ends
    no worse than knowing nothing. Proof is cross-fitted: each fifth of the validation
    block, in time order, is judged with a temperature fitted on the other four. A
    normal prior of the log-sharpness keeps it near 1 until the setups speak.

    References
    ----------
    Guo, Pleiss, Sun, Weinberger 2017, On calibration of modern neural networks, sec. 4.
    """
    outcomes, probabilities = check_outcomes(y, p)
    n_wins = int(outcomes.sum())
    if len(outcomes) < MIN_SETUPS or min(n_wins, len(outcomes) - n_wins) < N_FOLDS:
        note = (
            f"not calibrated: {len(outcomes)} validation setups with {n_wins} wins are "
            f"too few (at least {MIN_SETUPS} setups and {N_FOLDS} of each outcome)"
        )
        return Calibration(anchor=anchor, note=note)
    before = measure_log_loss(outcomes, probabilities)
    after = measure_log_loss(outcomes, _cross_fit(outcomes, probabilities, anchor))
    temperature = 1.0 / _fit_sharpness(outcomes, _offsets(probabilities, anchor), anchor)
    applied = after < before
    verb = "calibrated" if applied else "left as they are"
    note = (
        f"probabilities {verb}: temperature {temperature:.2f} takes the log-loss on "
        f"setups it was not fitted on from {before:.4f} to {after:.4f}"
    )
    return Calibration(temperature, anchor, applied, before, after, note)


def fit_calibration(y: ArrayLike, p: ArrayLike, *, anchor: float) -> Calibration:
    """Fit a temperature, and a rising curve where setups are many; keep the better.

    Parameters
    ----------
    y : array of int, shape (n_setups,)
        Outcomes in time order, 1 for a win.
    p : array of float, shape (n_setups,)
        Predicted chances of a win, 0-1.
    anchor : float
        Base rate of the training block, between 0 and 1.

    Returns
    -------
    Calibration
        The curve only where it lowers the log-loss on setups it was not fitted on below
        what the temperature, or no calibration, reach on them, by more than luck.

    Notes
    -----
    The curve is the isotonic regression with its steps joined by lines, so that setups
    keep their order; each step is drawn to the base rate as by one more setup, so that
    none promises 0 or 1.

    References
    ----------
    Zadrozny, Elkan 2002, Transforming classifier scores into accurate multiclass
    probability estimates.
    """
    scaled = fit_temperature(y, p, anchor=anchor)
    outcomes, probabilities = check_outcomes(y, p)
    if len(outcomes) < ISOTONIC_FROM or scaled.loss_before is None or scaled.loss_after is None:
        return scaled
    judged = np.empty(len(outcomes))
    for fold in np.array_split(np.arange(len(outcomes)), N_FOLDS):
        rest = np.delete(np.arange(len(outcomes)), fold)
        curve = _fit_curve(outcomes[rest], probabilities[rest], anchor)
        judged[fold] = _read_curve(probabilities[fold], *curve)
    told = _cross_fit(outcomes, probabilities, anchor) if scaled.applied else probabilities
    saved = log_losses(outcomes, told) - log_losses(outcomes, judged)
    if saved.mean() <= CLEARLY * saved.std() / np.sqrt(len(saved)):
        return scaled
    after = measure_log_loss(outcomes, judged)
    knots, rates = _fit_curve(outcomes, probabilities, anchor)
    return Calibration(
        anchor=anchor,
        applied=True,
        loss_before=scaled.loss_before,
        loss_after=after,
        note=(
            f"probabilities calibrated: a rising curve of {len(knots)} steps takes the log-loss "
            f"on setups it was not fitted on from {scaled.loss_before:.4f} to {after:.4f}"
        ),
        knots=tuple(knots.tolist()),
        rates=tuple(rates.tolist()),
    )


def _fit_curve(y: IntArray, p: FloatArray, anchor: float) -> tuple[FloatArray, FloatArray]:
    """Return the middle of each isotonic step and its win rate, both rising."""
    steps = IsotonicRegression(out_of_bounds="clip").fit_transform(p, y)
    _, place, count = np.unique(steps, return_inverse=True, return_counts=True)
    knots = np.bincount(place, p) / count
    rates = (np.bincount(place, y) + anchor) / (count + 1)
    return knots, np.maximum.accumulate(rates)


def _read_curve(p: ArrayLike, knots: FloatArray, rates: FloatArray) -> FloatArray:
    read: FloatArray = np.interp(np.asarray(p, dtype=np.float64), knots, rates)
    return read


def _cross_fit(y: IntArray, p: FloatArray, anchor: float) -> FloatArray:
    judged = np.empty(len(y))
    for fold in np.array_split(np.arange(len(y)), N_FOLDS):
        rest = np.ones(len(y), dtype=bool)
        rest[fold] = False
        sharpness = _fit_sharpness(y[rest], _offsets(p[rest], anchor), anchor)
        judged[fold] = _rescale(p[fold], anchor=anchor, sharpness=sharpness)
    return judged


def _fit_sharpness(y: IntArray, offsets: FloatArray, anchor: float) -> float:
    """Return where the log-loss, with what moving from 1 costs, stops falling."""
    low, high = SHARPNESS_LOW, SHARPNESS_HIGH
    base = logit(anchor)
    for _ in range(N_BISECTIONS):
        middle = (low + high) / 2
        slope = float(np.dot(sigmoid(base + middle * offsets) - y, offsets))
        spread = SHARPENING_SD if middle > 1.0 else PULLING_SD
        slope += np.log(middle) / (middle * spread**2)
        low, high = (low, middle) if slope > 0 else (middle, high)
    return (low + high) / 2


def _rescale(p: ArrayLike, *, anchor: float, sharpness: float) -> FloatArray:
    return sigmoid(logit(anchor) + sharpness * _offsets(p, anchor))


def _offsets(p: ArrayLike, anchor: float) -> FloatArray:
    offsets: FloatArray = logit(p) - logit(anchor)
    return offsets
