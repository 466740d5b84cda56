"""Rolling ranks, only where they are asked for."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from ml_training.data.indicators import FloatArray
from ml_training.data.indicators.ranges import IntArray

ROWS_AT_ONCE = 4096  # chosen: windows of 250 bars then take 8 MiB


def rank_within(values: FloatArray, index: IntArray, length: int) -> FloatArray:
    """Rank values among the last ones, at some bars only.

    Parameters
    ----------
    values : ndarray of shape (n_bars,)
        The series.
    index : ndarray of int, shape (n_wanted,)
        Bars at which to rank.
    length : int
        Bars of the window, the bar itself included.

    Returns
    -------
    ndarray of shape (n_wanted,)
        Share of the window below the value, ties by half: 0 lowest, near 1 highest. NaN
        where the window reaches before the first bar or holds a NaN.
    """
    ranks = np.full(len(index), np.nan)
    if len(values) < length:
        return ranks
    windows = sliding_window_view(values, length)
    rows = np.flatnonzero(index >= length - 1)
    for start in range(0, len(rows), ROWS_AT_ONCE):
        some = rows[start : start + ROWS_AT_ONCE]
        ranks[some] = rank_last(windows[index[some] - length + 1])
    return ranks


def rank_last(windows: FloatArray) -> FloatArray:
    """Rank the last value of each row among the row, shape (n_rows,)."""
    last = windows[:, -1:]
    below = (windows < last).sum(axis=1) + 0.5 * ((windows == last).sum(axis=1) - 1)
    ranks: FloatArray = below / (windows.shape[1] - 1)
    ranks[np.isnan(windows).any(axis=1)] = np.nan
    return ranks
