"""The Sharpe ratio of trades, and how much of it comes of having tried often."""

from math import e, sqrt
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike

from ml_training.evaluation.metrics import FloatArray

EULER = float(np.euler_gamma)

FEWEST = 4
"""Trades from which on the kurtosis without bias is defined."""


def measure_sharpe(r: ArrayLike) -> float | None:
    """Return mean over standard deviation per trade; None without a spread.

    Examples
    --------
    >>> measure_sharpe([1.0, -1.0, 2.0, -0.5]) is not None
    True
    >>> measure_sharpe([1.0, 1.0]) is None
    True
    """
    results = np.asarray(r, dtype=np.float64)
    if len(results) < 2 or np.ptp(results) == 0:
        return None
    return float(results.mean() / results.std())


def deflated_sharpe(
    r: ArrayLike, *, n_trials: int, variance: float, n_effective: float | None = None
) -> float | None:
    """Return the chance that the true Sharpe ratio beats what trying often brings.

    Parameters
    ----------
    r : array of float, shape (n_trades,)
        Results of the trades.
    n_trials : int
        Strategies from which this one may have been picked, at least 1.
    variance : float
        Of the Sharpe ratios of these trials, per trade.
    n_effective : float, optional
        Independent trades these are worth; None takes all of them for independent.

    Returns
    -------
    float or None
        0-1; None for fewer than four trades, or trades without a spread.

    References
    ----------
    Bailey and Lopez de Prado 2014, The deflated Sharpe ratio: correcting for selection
    bias, backtest overfitting and non-normality.
    """
    results = np.asarray(r, dtype=np.float64)
    ratio = measure_sharpe(results)
    if ratio is None or len(results) < FEWEST:
        return None
    n = len(results) if n_effective is None else n_effective
    hurdle = sqrt(variance) * expect_highest(n_trials)
    skewness, kurtosis = _measure_moments(results)
    spread = 1 - skewness * ratio + (kurtosis - 1) / 4 * ratio**2
    if n <= 1 or spread <= 0:
        return None
    return NormalDist().cdf((ratio - hurdle) * sqrt(n - 1) / sqrt(spread))


def expect_highest(n_trials: int) -> float:
    """Return the highest of so many standard normal draws, as expected.

    Examples
    --------
    >>> expect_highest(1)
    0.0
    >>> 1.5 < expect_highest(10) < 1.6
    True
    """
    if n_trials <= 1:
        return 0.0
    normal = NormalDist()
    usual, rare = normal.inv_cdf(1 - 1 / n_trials), normal.inv_cdf(1 - 1 / (n_trials * e))
    return (1 - EULER) * usual + EULER * rare


def _measure_moments(results: FloatArray) -> tuple[float, float]:
    """Return skewness and kurtosis (3 for a normal distribution), without bias."""
    n = len(results)
    centred = results - results.mean()
    second, third, fourth = (float(np.mean(centred**power)) for power in (2, 3, 4))
    skewness = sqrt(n * (n - 1)) / (n - 2) * third / second**1.5
    excess = (n - 1) / ((n - 2) * (n - 3)) * ((n + 1) * fourth / second**2 - 3 * (n - 1))
    return skewness, excess + 3
