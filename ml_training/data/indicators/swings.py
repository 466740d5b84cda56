"""Pivots, swings and how much of them has been retraced."""

from collections.abc import Callable

import numpy as np

from ml_training.data.indicators.base import (
    Bars,
    FloatArray,
    Indicator,
    Line,
    Negate,
    Param,
    Price,
    Same,
    real,
    whole,
)
from ml_training.data.indicators.legs import find_legs, find_pivots
from ml_training.data.indicators.ranges import (
    BoolArray,
    IntArray,
    divide,
    last_index,
    rolling_min,
    true_range_average,
)

SWINGS_AGO = 1500  # chosen: bars within which a zigzag has turned and forgotten its start
GOLDEN = 0.618
SWING_PARAMS = {
    "strength": whole(2, 1, 50),
    "min_atr": real(2.0, 0.0, 50.0),
    "atr_length": whole(14, 1, 500),
}


def pivots(bars: Bars, *, strength: int) -> tuple[FloatArray, ...]:
    """Compute the last confirmed pivot high and low and the bars since each."""
    highs, lows = find_pivots(bars, strength)
    high, high_age = read_last(bars.high, highs, strength)
    low, low_age = read_last(bars.low, lows, strength)
    return high, low, high_age, low_age


def read_last(
    prices: FloatArray, confirmed: BoolArray, strength: int
) -> tuple[FloatArray, FloatArray]:
    """Return the price of the last confirmed pivot and the bars since it stood."""
    last = last_index(confirmed)
    is_known = last >= 0
    price = np.where(is_known, prices[last - strength], np.nan)
    age = np.where(is_known, np.arange(len(prices)) - last + strength, np.nan)
    return price, age


def swing(bars: Bars, *, strength: int, min_atr: float, atr_length: int) -> tuple[FloatArray, ...]:
    """Compute where the last swing up and the last swing down begin and end."""
    legs = find_legs(bars, strength, min_atr, atr_length)
    columns = (legs.up_low, legs.up_high, legs.down_high, legs.down_low, legs.direction)
    return tuple(legs.spread(column) for column in columns)


def swing_size(
    bars: Bars, *, strength: int, min_atr: float, atr_length: int
) -> tuple[FloatArray, ...]:
    """Compute the size of the last swings in ATR, as of when they became known."""
    legs = find_legs(bars, strength, min_atr, atr_length)
    atr = true_range_average(bars, atr_length)[legs.known_at]
    up = divide(legs.up_high - legs.up_low, atr, otherwise=0.0)
    down = divide(legs.down_high - legs.down_low, atr, otherwise=0.0)
    return legs.spread(hold_size(up, legs.up_end)), legs.spread(hold_size(down, legs.down_end))


def hold_size(size: FloatArray, end: FloatArray) -> FloatArray:
    """Keep the size a swing had when its end became known."""
    is_new = end != np.concatenate([[-1.0], end[:-1]])  # NaN differs from itself: always new
    return size[np.maximum(last_index(is_new), 0)]


def swing_age(
    bars: Bars, *, strength: int, min_atr: float, atr_length: int
) -> tuple[FloatArray, ...]:
    """Compute the bars since the last swing up and the last swing down ended."""
    legs = find_legs(bars, strength, min_atr, atr_length)
    now = np.arange(len(bars))
    return now - legs.spread(legs.up_end), now - legs.spread(legs.down_end)


def retraced(
    bars: Bars, *, strength: int, min_atr: float, atr_length: int
) -> tuple[FloatArray, ...]:
    """Compute which part of the last swings has been retraced.

    Notes
    -----
    `up` is 0 at the high of the swing up, 1 at its low, measured at the close;
    `up_deepest` at the lowest low since the swing's high, bar t included. `down` and
    `down_deepest` mirror them.
    """
    legs = find_legs(bars, strength, min_atr, atr_length)
    top, height = legs.spread(legs.up_high), legs.spread(legs.up_high - legs.up_low)
    bottom, depth = legs.spread(legs.down_low), legs.spread(legs.down_high - legs.down_low)
    lowest = lowest_since(bars.low, legs.known_at, legs.up_end, strength)
    highest = -lowest_since(-bars.high, legs.known_at, legs.down_end, strength)
    return (
        divide(top - bars.close, height, otherwise=np.nan),
        divide(bars.close - bottom, depth, otherwise=np.nan),
        divide(top - lowest, height, otherwise=np.nan),
        divide(highest - bottom, depth, otherwise=np.nan),
    )


def lowest_since(
    low: FloatArray, known_at: IntArray, end: FloatArray, strength: int
) -> FloatArray:
    """Return the lowest low after the end of the swing, now included.

    Notes
    -----
    A swing becomes known `strength` bars after its end, so a running minimum that
    starts there is first given the lows in between.
    """
    is_new = end != np.concatenate([[-1.0], end[:-1]])
    starts = known_at[is_new & ~np.isnan(end)]
    running = low.copy()
    running[starts] = rolling_min(low, strength)[starts]
    age = np.arange(len(low)) - last_index(mark(starts, len(low)))
    return running_min(running, age)


def mark(index: IntArray, n_bars: int) -> BoolArray:
    """Return an array that is true at these bars only."""
    marked = np.zeros(n_bars, bool)
    marked[index] = True
    return marked


def running_min(values: FloatArray, age: IntArray) -> FloatArray:
    """Return the lowest value of each segment so far.

    Parameters
    ----------
    values : ndarray of shape (n_bars,)
        What to follow.
    age : ndarray of int, shape (n_bars,)
        Bars since the segment began.

    Returns
    -------
    ndarray of shape (n_bars,)

    Notes
    -----
    Every pass doubles the number of bars looked back on: a segment of 1,000 bars takes
    ten passes over the array, and no loop over segments.
    """
    lowest = values
    reach = 1
    while reach <= age.max(initial=0):
        goes_on = age[reach:] >= reach
        earlier = np.where(goes_on, lowest[:-reach], np.inf)
        lowest = np.concatenate([lowest[:reach], np.minimum(lowest[reach:], earlier)])
        reach *= 2
    return lowest


def retracement(
    bars: Bars, *, strength: int, min_atr: float, atr_length: int, level: float
) -> tuple[FloatArray, ...]:
    """Compute the price at which that part of the last swing is retraced."""
    legs = find_legs(bars, strength, min_atr, atr_length)
    up = legs.up_high - level * (legs.up_high - legs.up_low)
    down = legs.down_low + level * (legs.down_high - legs.down_low)
    return legs.spread(up), legs.spread(down)


def on_swings(
    key: str,
    title: str,
    compute: Callable[..., tuple[FloatArray, ...]],
    lines: tuple[Line, ...],
    **more: Param,
) -> Indicator:
    """Describe an indicator that reads the zigzag."""
    return Indicator(
        key=key,
        title=title,
        params={**SWING_PARAMS, **more},
        lines=lines,
        compute=compute,
        warmup=lambda strength, atr_length, **_: max(2 * strength, atr_length),
        memory=lambda atr_length, **_: 17 * atr_length + SWINGS_AGO,
    )


SWINGS = (
    Indicator(
        key="pivot",
        title="Last pivot high and low",
        params={"strength": whole(2, 1, 50)},
        lines=(
            Line("high", "price", Price("low"), sparse=True),
            Line("low", "price", Price("high"), sparse=True),
            Line("high_bars", "count", Same("low_bars"), sparse=True),
            Line("low_bars", "count", Same("high_bars"), sparse=True),
        ),
        compute=pivots,
        warmup=lambda strength: 2 * strength,
        memory=lambda strength: 100 * strength,
    ),
    on_swings(
        "swing",
        "Last swing up and down",
        swing,
        (
            Line("up_low", "price", Price("down_high"), sparse=True),
            Line("up_high", "price", Price("down_low"), sparse=True),
            Line("down_high", "price", Price("up_low"), sparse=True),
            Line("down_low", "price", Price("up_high"), sparse=True),
            Line("direction", "direction", Negate("direction"), sparse=True),
        ),
    ),
    on_swings(
        "swing_size",
        "Size of the last swing in ATR",
        swing_size,
        (
            Line("up", "ratio", Same("down"), sparse=True),
            Line("down", "ratio", Same("up"), sparse=True),
        ),
    ),
    on_swings(
        "swing_age",
        "Bars since the last swing ended",
        swing_age,
        (
            Line("up", "count", Same("down"), sparse=True),
            Line("down", "count", Same("up"), sparse=True),
        ),
    ),
    on_swings(
        "retraced",
        "Part of the last swing retraced",
        retraced,
        (
            Line("up", "ratio", Same("down"), sparse=True),
            Line("down", "ratio", Same("up"), sparse=True),
            Line("up_deepest", "ratio", Same("down_deepest"), sparse=True),
            Line("down_deepest", "ratio", Same("up_deepest"), sparse=True),
        ),
    ),
    on_swings(
        "retracement",
        "Retracement level of the last swing",
        retracement,
        (
            Line("up", "price", Price("down"), sparse=True),
            Line("down", "price", Price("up"), sparse=True),
        ),
        level=real(GOLDEN, -5.0, 5.0),
    ),
)
