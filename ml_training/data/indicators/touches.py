"""An average as support or resistance: distance, slope, touches and retests."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import talib

from ml_training.data.indicators.base import (
    Bars,
    FloatArray,
    Indicator,
    Line,
    Negate,
    Same,
    choice,
    real,
    whole,
)
from ml_training.data.indicators.ranges import (
    LONGEST,
    BoolArray,
    IntArray,
    divide,
    lag,
    last_index,
    true_range_average,
)

AVERAGE_OF = {"sma": talib.SMA, "ema": talib.EMA}
AVERAGE_PARAMS = {
    "average": choice(*AVERAGE_OF),
    "length": whole(50, 2, LONGEST),
    "atr_length": whole(14, 1, 500),
}
TOUCHES_AGO = 500  # chosen: bars within which an average has been touched


def read_average(bars: Bars, average: str, length: int) -> FloatArray:
    """Return the moving average of the closes, shape (n_bars,)."""
    line: FloatArray = AVERAGE_OF[average](bars.close, length)
    return line


def distance(bars: Bars, *, average: str, length: int, atr_length: int) -> tuple[FloatArray, ...]:
    """Compute how far the close stands above the average, in average true ranges."""
    away = bars.close - read_average(bars, average, length)
    return (divide(away, true_range_average(bars, atr_length), otherwise=0.0),)


def slope(
    bars: Bars, *, average: str, length: int, atr_length: int, over: int
) -> tuple[FloatArray, ...]:
    """Compute how much the average rose per bar, in average true ranges."""
    line = read_average(bars, average, length)
    rise = (line - lag(line, over)) / over
    return (divide(rise, true_range_average(bars, atr_length), otherwise=0.0),)


def standard_score(bars: Bars, *, length: int) -> tuple[FloatArray, ...]:
    """Compute the distance of the close from its mean in standard deviations."""
    away = bars.close - talib.SMA(bars.close, length)
    return (divide(away, talib.STDDEV(bars.close, length), otherwise=0.0),)


@dataclass(frozen=True, kw_only=True)
class TouchLimits:
    """What counts as a touch, a bounce, a break and a retest.

    Parameters
    ----------
    tolerance_atr : float
        How near, in ATR, the bar's range must come to count as a touch.
    bounce_atr : float
        How far away, in ATR, a close must be to count as a bounce.
    break_atr : float
        How far through, in ATR, a close must be to end the matter.
    min_gap_bars, max_gap_bars : int
        Bars from the touch to its retest.
    """

    tolerance_atr: float
    bounce_atr: float
    break_atr: float
    min_gap_bars: int
    max_gap_bars: int


def retest(
    bars: Bars, *, average: str, length: int, atr_length: int, **limits: Any
) -> tuple[FloatArray, ...]:
    """Compute touches of an average and returns to it after a bounce.

    Parameters
    ----------
    bars : Bars
        The series.
    average : str
        sma or ema.
    length, atr_length : int
        Lengths of the average and of the average true range.
    **limits : float
        The fields of `TouchLimits`.

    Returns
    -------
    tuple of three ndarrays of shape (n_bars,)
        touch: +1 where price came from above, reached the average and held it, -1 from
        below, else 0. retest: the same, where an earlier touch from that side bounced
        and no close broke through since. bars: since the last touch of either side.
    """
    line = read_average(bars, average, length)
    atr = true_range_average(bars, atr_length)
    above = (bars.close - line, bars.low - line, bars.high - line)
    below = (line - bars.close, line - bars.high, line - bars.low)
    asked = TouchLimits(**limits)
    sides = [find_retests(*side, atr, asked) for side in (above, below)]
    (touch_up, again_up), (touch_down, again_down) = sides
    return (
        touch_up.astype(np.float64) - touch_down,
        again_up.astype(np.float64) - again_down,
        bars_since(touch_up | touch_down),
    )


def find_retests(
    close: FloatArray, near: FloatArray, far: FloatArray, atr: FloatArray, limits: TouchLimits
) -> tuple[BoolArray, BoolArray]:
    """Find touches from the positive side and, among them, retests.

    Parameters
    ----------
    close, near, far : ndarray of shape (n_bars,)
        Distances from the average: of the close and of the bar's two ends.
    atr : ndarray of shape (n_bars,)
        Average true range.
    limits : TouchLimits
        What counts.

    Returns
    -------
    tuple of two ndarrays of bool, shape (n_bars,)
    """
    touched = find_touches(close, near, far, limits.tolerance_atr * atr)
    bounced, broken = close >= limits.bounce_atr * atr, close < -limits.break_atr * atr
    touches = np.flatnonzero(touched)
    last_bounce = latest(np.flatnonzero(bounced), touches - 1)
    tested = latest(touches, np.minimum(last_bounce, touches - limits.min_gap_bars))
    last_break = latest(np.flatnonzero(broken), touches)
    is_retest = (tested > last_break) & (touches - tested <= limits.max_gap_bars)
    retested = np.zeros(len(close), bool)
    retested[touches[is_retest]] = True
    return touched, retested


def latest(events: IntArray, at: IntArray) -> IntArray:
    """Return for each bar `at` the newest event up to it, -1 when there is none.

    Examples
    --------
    >>> latest(np.array([2, 5]), np.array([1, 2, 9])).tolist()
    [-1, 2, 5]
    """
    return np.concatenate([[-1], events])[np.searchsorted(events, at, side="right")]


def find_touches(
    close: FloatArray, near: FloatArray, far: FloatArray, tolerance: FloatArray
) -> BoolArray:
    """Find bars that come from the positive side, reach the average and hold it.

    Parameters
    ----------
    close, near, far : ndarray of shape (n_bars,)
        Distances from the average: of the close and of the bar's two ends.
    tolerance : ndarray of shape (n_bars,)
        In price.

    Returns
    -------
    ndarray of bool, shape (n_bars,)
    """
    came_from_there = lag(close, 1) > 0
    return came_from_there & (near <= tolerance) & (far >= -tolerance) & (close >= -tolerance)


def bars_since(happened: BoolArray) -> FloatArray:
    """Return the bars since it last happened, 0 when it does now, NaN before."""
    last = last_index(happened)
    return np.where(last >= 0, np.arange(len(happened)) - last, np.nan)


def check_gaps(*, min_gap_bars: int, max_gap_bars: int, **_others: object) -> str:
    """Say what is wrong when the gap bounds cross."""
    if min_gap_bars <= max_gap_bars:
        return ""
    return f"`min_gap_bars` must not exceed `max_gap_bars`, got {min_gap_bars} and {max_gap_bars}"


def start_of(length: int, atr_length: int, **_others: object) -> int:
    """Return the warm-up of an average and an average true range."""
    return max(length - 1, atr_length)


def memory_of(average: str, length: int, atr_length: int, **_others: object) -> int:
    """Return the bars after which neither of them knows its start."""
    return max(9 * length if average == "ema" else length - 1, 17 * atr_length)


TOUCHES = (
    Indicator(
        key="distance",
        title="Distance from an average in ATR",
        params=AVERAGE_PARAMS,
        lines=(Line("value", "ratio", Negate("value")),),
        compute=distance,
        warmup=start_of,
        memory=memory_of,
    ),
    Indicator(
        key="slope",
        title="Slope of an average in ATR per bar",
        params={**AVERAGE_PARAMS, "over": whole(5, 1, 500)},
        lines=(Line("value", "ratio", Negate("value")),),
        compute=slope,
        warmup=lambda length, atr_length, over, **_: max(length - 1 + over, atr_length),
        memory=lambda over, **rest: memory_of(**rest) + over,
    ),
    Indicator(
        key="zscore",
        title="Standard score of the close",
        params={"length": whole(20, 2, LONGEST)},
        lines=(Line("value", "ratio", Negate("value")),),
        compute=standard_score,
        warmup=lambda length: length - 1,
        memory=lambda length: length - 1,
    ),
    Indicator(
        key="retest",
        title="Touch and retest of an average",
        params={
            **AVERAGE_PARAMS,
            "tolerance_atr": real(0.2, 0.0, 5.0),
            "bounce_atr": real(0.5, 0.0, 20.0),
            "break_atr": real(0.5, 0.0, 20.0),
            "min_gap_bars": whole(4, 1, 500),
            "max_gap_bars": whole(50, 1, 2000),
        },
        lines=(
            Line("touch", "direction", Negate("touch")),
            Line("retest", "direction", Negate("retest")),
            Line("bars", "count", Same("bars"), sparse=True),
        ),
        compute=retest,
        warmup=start_of,
        memory=lambda max_gap_bars, **rest: memory_of(**rest) + max_gap_bars + TOUCHES_AGO,
        conflict=check_gaps,
    ),
)
