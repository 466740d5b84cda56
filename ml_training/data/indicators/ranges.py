"""Pieces that indicators share: rolling extremes, ratios, indices carried on."""

import numpy as np
import numpy.typing as npt
import talib

from ml_training.data.indicators.base import Bars, FloatArray

IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]
LONGEST = 2000  # chosen: a 1-minute average over more than a day; TA-Lib allows 100,000


def rolling_max(values: FloatArray, length: int) -> FloatArray:
    """Return the highest of the last `length` values, NaN before."""
    highest: FloatArray = talib.MAX(values, length) if length > 1 else values.copy()
    return highest


def rolling_min(values: FloatArray, length: int) -> FloatArray:
    """Return the lowest of the last `length` values, NaN before."""
    lowest: FloatArray = talib.MIN(values, length) if length > 1 else values.copy()
    return lowest


def divide(top: FloatArray, bottom: FloatArray, *, otherwise: float) -> FloatArray:
    """Divide where the divisor is not zero; elsewhere return `otherwise`."""
    quotient = np.full(len(top), otherwise)
    np.divide(top, bottom, out=quotient, where=bottom != 0)
    return quotient


def position_in_range(
    series: FloatArray, high: FloatArray, low: FloatArray, length: int
) -> FloatArray:
    """Return where the series stands in the range of the last bars, 0 low to 1 high.

    Parameters
    ----------
    series, high, low : ndarray of shape (n_bars,)
        What to place, and what spans the range.
    length : int
        Bars of the range.

    Returns
    -------
    ndarray of shape (n_bars,)
        0.5 where the range is empty: a flat market is neither high nor low.
    """
    lowest = rolling_min(low, length)
    return divide(series - lowest, rolling_max(high, length) - lowest, otherwise=0.5)


def true_range_average(bars: Bars, length: int) -> FloatArray:
    """Return Wilder's average true range, shape (n_bars,)."""
    average: FloatArray = talib.ATR(bars.high, bars.low, bars.close, length)
    return average


def lag(values: FloatArray, n_bars: int) -> FloatArray:
    """Return the values `n_bars` earlier, NaN at the start."""
    lagged = np.full(len(values), np.nan)
    lagged[n_bars:] = values[: max(len(values) - n_bars, 0)]
    return lagged


def last_index(happened: BoolArray) -> IntArray:
    """Return for every bar the newest bar where it happened, or -1."""
    index = np.where(happened, np.arange(len(happened)), -1)
    return np.maximum.accumulate(index)
