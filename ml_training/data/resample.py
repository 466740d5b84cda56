"""Coarser bars from finer ones, and which of them are closed at a given moment."""

import numpy as np

from ml_training.data.candles import Candles, IntArray
from ml_training.data.timeframes import DAY_S, WEEK_S
from ml_training.errors import DataError

MONDAY_S = 4 * DAY_S  # 1970-01-05 was the first Monday of the epoch


def resample(candles: Candles, from_s: int, to_s: int) -> Candles:
    """Build coarser bars.

    Parameters
    ----------
    candles : Candles
        Bars of `from_s` seconds.
    from_s, to_s : int
        Length of the bars given and wanted, in seconds.

    Returns
    -------
    Candles
        One bar per bucket that holds at least one bar. Open times are multiples of
        `to_s` (weeks begin on Monday, UTC); volume is summed. The last bar is built of
        what is there and may still grow: `last_closed_index` tells when it counts.

    Raises
    ------
    DataError
        If `to_s` is not a whole multiple of `from_s`.

    Notes
    -----
    A bar belongs to the bucket in which it *closes*. For bars on the grid this is the
    bucket in which they open. Brokers whose day begins at 22:00 UTC have bars that
    cross the border; put where they open, they would carry news from after a bucket's
    end.
    """
    _check_lengths(from_s, to_s)
    if from_s == to_s or not len(candles):
        return candles
    bucket = _bucket(candles.time, from_s, to_s)
    starts = np.flatnonzero(np.diff(bucket, prepend=bucket[0] - 1))
    ends = np.append(starts[1:], len(candles)) - 1
    return Candles.from_columns(
        bucket[starts] * to_s + _anchor(to_s),
        candles.open[starts],
        np.maximum.reduceat(candles.high, starts),
        np.minimum.reduceat(candles.low, starts),
        candles.close[ends],
        np.add.reduceat(candles.volume, starts),
    )


def last_closed_index(
    base_time: IntArray, from_s: int, higher_time: IntArray, to_s: int
) -> IntArray:
    """Find, for every bar, the newest coarser bar that is closed when the bar closes.

    Parameters
    ----------
    base_time : ndarray of int64, shape (n_bars,)
        Opens of the fine bars.
    from_s : int
        Length of the fine bars in seconds.
    higher_time : ndarray of int64, shape (n_higher,)
        Opens of the coarse bars.
    to_s : int
        Length of the coarse bars in seconds.

    Returns
    -------
    ndarray of int64, shape (n_bars,)
        Index into the coarse bars, -1 before the first has closed.

    Raises
    ------
    DataError
        If `to_s` is not a whole multiple of `from_s`.

    Notes
    -----
    Look-ahead: the value for bar i uses what is known at its close,
    `base_time[i] + from_s`.
    """
    _check_lengths(from_s, to_s)
    known_from = np.searchsorted(base_time, higher_time + (to_s - from_s))
    n_closed = np.diff(known_from, prepend=0, append=len(base_time))
    return np.repeat(np.arange(-1, len(higher_time)), n_closed)


def _check_lengths(from_s: int, to_s: int) -> None:
    if from_s < 1 or to_s < from_s or to_s % from_s:
        raise DataError(
            f"bars of {from_s} s cannot be built into bars of {to_s} s",
            hint="The coarser timeframe must be a whole multiple of the finer one",
        )


def _anchor(to_s: int) -> int:
    return MONDAY_S if to_s % WEEK_S == 0 else 0


def _bucket(time: IntArray, from_s: int, to_s: int) -> IntArray:
    return (time + (from_s - 1 - _anchor(to_s))) // to_s
