"""Chances of a win that are known: shapes of an edge, and how strong it is."""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from ml_training.evaluation.metrics import mean_ranks

Floats = NDArray[np.float64]
Columns = Mapping[str, Floats]

HALVINGS = 50
STRONGEST = 20.0  # of the slope; chosen: the ranking is near certain there


def _linear(z: Columns) -> Floats:
    return z["deviation_20"] - 0.8 * z["volatility_7_50"] + 0.6 * z["higher_rsi_14"]


def _curved(z: Columns) -> Floats:
    """Return a score that is best in the middle of two columns."""
    return -(z["distance_50"] ** 2) - 0.7 * z["atr_rank"] ** 2


def _interaction(z: Columns) -> Floats:
    """Return dips that pay in calm markets and fail in lively ones."""
    return z["deviation_20"] * z["volatility_7_50"]


def _many(z: Columns) -> Floats:
    """Return a little of a dozen columns, none of which tells much alone."""
    names = ("return_1", "return_5", "return_20", "volatility_7_50", "slope_50", "adx_14",
             "efficiency_20", "range_position_20", "body", "bar_range", "volume_rank",
             "hour_sine")  # fmt: skip
    signs = np.where(np.arange(len(names)) % 3 == 1, -1.0, 1.0)
    terms = [sign * z[name] for sign, name in zip(signs, names, strict=True)]
    return np.asarray(np.sum(terms, axis=0))


SHAPES: dict[str, Callable[[Columns], Floats]] = {
    "linear": _linear,
    "curved": _curved,
    "interaction": _interaction,
    "many weak": _many,
}


def make_chances(
    X: Floats, names: tuple[str, ...], shape: str, *, auc: float, base_rate: float
) -> Floats:
    """Return the chance of a win of each setup, a known function of its features.

    Parameters
    ----------
    X : array of float, shape (n_setups, n_features)
        Gaps count as the median.
    names : tuple of str
        Of the columns.
    shape : str
        One of `SHAPES`.
    auc : float
        What ranking by these chances is worth, in expectation.
    base_rate : float
        Mean chance.
    """
    z = {name: to_normal(X[:, column]) for column, name in enumerate(names)}
    score = SHAPES[shape](z)
    score = (score - score.mean()) / score.std()
    low, high = 0.0, STRONGEST
    for _ in range(HALVINGS):
        slope = (low + high) / 2
        is_weak = expected_auc(_chances(score, slope, base_rate)) < auc
        low, high = (slope, high) if is_weak else (low, slope)
    return _chances(score, (low + high) / 2, base_rate)


def _chances(score: Floats, slope: float, base_rate: float) -> Floats:
    """Return a logistic function of the score whose mean is the base rate."""
    low, high = -STRONGEST, STRONGEST
    for _ in range(HALVINGS):
        level = (low + high) / 2
        is_low = np.mean(_sigmoid(slope * score + level)) < base_rate
        low, high = (level, high) if is_low else (low, level)
    return _sigmoid(slope * score + (low + high) / 2)


def _sigmoid(x: Floats) -> Floats:
    return np.asarray(0.5 * (1.0 + np.tanh(x / 2.0)))


def expected_auc(p: Floats) -> float:
    """Return the AUC to expect of ranking by the true chances.

    Examples
    --------
    >>> import numpy as np
    >>> round(expected_auc(np.array([1.0, 1.0, 0.0, 0.0])), 6)
    1.0
    """
    chances = np.sort(p)
    losses = 1.0 - chances
    below = np.cumsum(losses) - losses
    pairs = chances.sum() * losses.sum() - float(chances @ losses)
    first = np.searchsorted(chances, chances, side="left")
    last = np.searchsorted(chances, chances, side="right") - 1
    strictly = below[first]
    tied = below[last] + losses[last] - strictly - losses  # a setup is no pair with itself
    return float(np.sum(chances * (strictly + tied / 2)) / pairs)


def to_normal(column: Floats) -> Floats:
    """Return a column as normal scores of its ranks, gaps in the middle."""
    known = np.isfinite(column)
    filled = np.where(known, column, np.median(column[known]) if known.any() else 0.0)
    ranks = (mean_ranks(filled) - 0.5) / len(filled)
    return normal_quantile(ranks)


def normal_quantile(u: Floats) -> Floats:
    """Return quantiles of the normal distribution, to four digits.

    References
    ----------
    Abramowitz and Stegun (1964), formula 26.2.23.
    """
    tail = np.sqrt(-2.0 * np.log(np.clip(np.minimum(u, 1.0 - u), 1e-12, 0.5)))
    top = 2.515517 + 0.802853 * tail + 0.010328 * tail**2
    bottom = 1.0 + 1.432788 * tail + 0.189269 * tail**2 + 0.001308 * tail**3
    return np.asarray(np.sign(u - 0.5) * (tail - top / bottom))
