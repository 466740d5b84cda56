"""Oscillators: numbers with fixed bounds that tell high from low."""

import numpy as np
import talib

from ml_training.data.indicators.base import (
    Bars,
    FloatArray,
    Indicator,
    Line,
    Negate,
    Reflect,
    Same,
    real,
    whole,
)
from ml_training.data.indicators.ranges import LONGEST, divide, lag, position_in_range

PERCENT = 100.0
DIGITS = 9  # chosen: far below any move of an index, far above rounding
AROUND_50 = Reflect(50.0, "value")


def relative_strength(bars: Bars, *, length: int) -> tuple[FloatArray, ...]:
    """Compute the relative strength index of Wilder."""
    return (strength_of(bars.close, length),)


def strength_of(series: FloatArray, length: int) -> FloatArray:
    """Return the relative strength index of a series.

    Notes
    -----
    Read off Chande's oscillator, which has the same smoothing: TA-Lib's RSI says 0,
    deeply oversold, where nothing has moved yet; here it is 50.
    """
    index: FloatArray = 50.0 + 0.5 * talib.CMO(series, length)
    return index


def stochastic(bars: Bars, *, length: int, smooth: int, signal: int) -> tuple[FloatArray, ...]:
    """Compute the stochastic oscillator: smoothed %K and its average %D.

    Notes
    -----
    Not TA-Lib's own: that one says 0, deeply oversold, where the range is empty.
    """
    raw = PERCENT * position_in_range(bars.close, bars.high, bars.low, length)
    return smooth_twice(raw, smooth, signal)


def smooth_twice(raw: FloatArray, smooth: int, signal: int) -> tuple[FloatArray, FloatArray]:
    """Return the average of the series and the average of that."""
    k = talib.SMA(raw, smooth) if smooth > 1 else raw
    return k, talib.SMA(k, signal) if signal > 1 else k.copy()


def stochastic_strength(
    bars: Bars, *, length: int, window: int, smooth: int, signal: int
) -> tuple[FloatArray, ...]:
    """Compute where the relative strength index stands in its own recent range.

    Notes
    -----
    While price stands still the index moves in its last digits only; those are cut off,
    or the range of the noise would be read as a range.
    """
    strength = np.round(strength_of(bars.close, length), DIGITS)
    raw = PERCENT * position_in_range(strength, strength, strength, window)
    return smooth_twice(raw, smooth, signal)


def williams(bars: Bars, *, length: int) -> tuple[FloatArray, ...]:
    """Compute Williams %R: -100 at the low of the range, 0 at its high."""
    return (PERCENT * (position_in_range(bars.close, bars.high, bars.low, length) - 1.0),)


def channel_index(bars: Bars, *, length: int) -> tuple[FloatArray, ...]:
    """Compute the commodity channel index of Lambert."""
    return (talib.CCI(bars.high, bars.low, bars.close, length),)


def money_flow(bars: Bars, *, length: int) -> tuple[FloatArray, ...]:
    """Compute the money flow index.

    Notes
    -----
    Not TA-Lib's own: that one says 0 whenever the flows sum to less than 1, which is
    every bar of a market quoted in small units. Without any flow the index is 50.
    """
    typical = (bars.high + bars.low + bars.close) / 3.0
    change = np.diff(typical, prepend=np.nan)
    flow = typical * bars.volume
    moved = np.where(change == 0, 0.0, flow)
    return (PERCENT * share_of(np.where(change > 0, flow, 0.0), moved, length),)


def ultimate(bars: Bars, *, fast: int, middle: int, slow: int) -> tuple[FloatArray, ...]:
    """Compute the ultimate oscillator of Williams.

    Notes
    -----
    Not TA-Lib's own: that one says 0, deeply oversold, where nothing moves.
    """
    before = lag(bars.close, 1)
    bottom = np.fmin(bars.low, before)
    pressure, ranges = bars.close - bottom, np.fmax(bars.high, before) - bottom
    weighed = [
        weight * share_of(pressure, ranges, length)
        for weight, length in ((4.0, fast), (2.0, middle), (1.0, slow))
    ]
    return (PERCENT * sum(weighed, np.zeros(len(bars))) / 7.0,)


def share_of(part: FloatArray, whole: FloatArray, length: int) -> FloatArray:
    """Return the share of the part in the whole over the last bars; 0.5 of nothing.

    Notes
    -----
    Running sums keep crumbs of what has left the window, so an empty window is told by
    counting, which is exact.
    """
    n_moving = talib.SUM((whole > 0).astype(np.float64), length) if length > 1 else whole
    parts, wholes = (talib.SUM(each, length) if length > 1 else each for each in (part, whole))
    return divide(parts, np.where(n_moving > 0, wholes, 0.0), otherwise=0.5)


def check_three_rise(*, fast: int, middle: int, slow: int) -> str:
    """Say what is wrong when the three lengths do not rise."""
    if fast < middle < slow:
        return ""
    return f"`fast` < `middle` < `slow` is needed, got {fast}, {middle} and {slow}"


def chande(bars: Bars, *, length: int) -> tuple[FloatArray, ...]:
    """Compute Chande's momentum oscillator with Wilder's smoothing."""
    return (talib.CMO(bars.close, length),)


def aroon(bars: Bars, *, length: int) -> tuple[FloatArray, ...]:
    """Compute Aroon up and down: how recent the highest high and lowest low are."""
    down, up = talib.AROON(bars.high, bars.low, length)
    return up, down, up - down


def band_position(bars: Bars, *, length: int, deviations: float) -> tuple[FloatArray, ...]:
    """Compute where the close stands between the Bollinger bands, 0 low to 1 high."""
    upper, _, lower = talib.BBANDS(bars.close, length, deviations, deviations)
    return (divide(bars.close - lower, upper - lower, otherwise=0.5),)


OSCILLATORS = (
    Indicator(
        key="rsi",
        title="Relative strength index",
        params={"length": whole(14, 2, LONGEST)},
        lines=(Line("value", "percent", AROUND_50),),
        compute=relative_strength,
        warmup=lambda length: length,
        memory=lambda length: 18 * length,
    ),
    Indicator(
        key="stoch",
        title="Stochastic oscillator",
        params={
            "length": whole(14, 2, LONGEST),
            "smooth": whole(3, 1, LONGEST),
            "signal": whole(3, 1, LONGEST),
        },
        lines=(
            Line("k", "percent", Reflect(50.0, "k")),
            Line("d", "percent", Reflect(50.0, "d")),
        ),
        compute=stochastic,
        warmup=lambda length, smooth, signal: length + smooth + signal - 3,
        memory=lambda length, smooth, signal: length + smooth + signal - 3,
    ),
    Indicator(
        key="stochrsi",
        title="Stochastic RSI",
        params={
            "length": whole(14, 2, LONGEST),
            "window": whole(14, 2, LONGEST),
            "smooth": whole(3, 1, LONGEST),
            "signal": whole(3, 1, LONGEST),
        },
        lines=(
            Line("k", "percent", Reflect(50.0, "k")),
            Line("d", "percent", Reflect(50.0, "d")),
        ),
        compute=stochastic_strength,
        warmup=lambda length, window, smooth, signal: length + window + smooth + signal - 3,
        memory=lambda length, window, smooth, signal: 24 * length + window + smooth + signal,
    ),
    Indicator(
        key="willr",
        title="Williams %R",
        params={"length": whole(14, 2, LONGEST)},
        lines=(Line("value", "signed_percent", Reflect(-50.0, "value")),),
        compute=williams,
        warmup=lambda length: length - 1,
        memory=lambda length: length - 1,
    ),
    Indicator(
        key="cci",
        title="Commodity channel index",
        params={"length": whole(20, 2, LONGEST)},
        lines=(Line("value", "signed_percent", Negate("value")),),
        compute=channel_index,
        warmup=lambda length: length - 1,
        memory=lambda length: length - 1,
    ),
    Indicator(
        key="mfi",
        title="Money flow index",
        params={"length": whole(14, 2, LONGEST)},
        lines=(Line("value", "percent", AROUND_50),),
        compute=money_flow,
        warmup=lambda length: length,
        memory=lambda length: length,
        exact_mirror=False,  # flows are weighted by the price itself
    ),
    Indicator(
        key="ultosc",
        title="Ultimate oscillator",
        params={
            "fast": whole(7, 1, LONGEST),
            "middle": whole(14, 2, LONGEST),
            "slow": whole(28, 3, LONGEST),
        },
        lines=(Line("value", "percent", AROUND_50),),
        compute=ultimate,
        warmup=lambda slow, **_: slow,
        memory=lambda slow, **_: slow,
        conflict=check_three_rise,
    ),
    Indicator(
        key="cmo",
        title="Chande momentum oscillator",
        params={"length": whole(14, 2, LONGEST)},
        lines=(Line("value", "signed_percent", Negate("value")),),
        compute=chande,
        warmup=lambda length: length,
        memory=lambda length: 18 * length,
    ),
    Indicator(
        key="aroon",
        title="Aroon",
        params={"length": whole(25, 2, LONGEST)},
        lines=(
            Line("up", "percent", Same("down")),
            Line("down", "percent", Same("up")),
            Line("oscillator", "signed_percent", Negate("oscillator")),
        ),
        compute=aroon,
        warmup=lambda length: length,
        memory=lambda length: length,
    ),
    Indicator(
        key="bb_percent",
        title="Position between the Bollinger bands",
        params={"length": whole(20, 2, LONGEST), "deviations": real(2.0, 0.1, 10.0)},
        lines=(Line("value", "ratio", Reflect(0.5, "value")),),
        compute=band_position,
        warmup=lambda length, **_: length - 1,
        memory=lambda length, **_: length - 1,
    ),
)
