"""Channels and trailing stops: prices around the market."""

import numpy as np
import talib

from ml_training.data.indicators.base import (
    Bars,
    FloatArray,
    Indicator,
    Line,
    Negate,
    Price,
    real,
    whole,
)
from ml_training.data.indicators.ranges import (
    LONGEST,
    lag,
    rolling_max,
    rolling_min,
    true_range_average,
)

FLIPS = 500  # chosen: bars within which a trailing stop has flipped and forgotten its start
BAND = (
    Line("upper", "price", Price("lower")),
    Line("middle", "price", Price("middle")),
    Line("lower", "price", Price("upper")),
)


def bollinger(bars: Bars, *, length: int, deviations: float) -> tuple[FloatArray, ...]:
    """Compute the bands of Bollinger: a mean and standard deviations around it."""
    upper, middle, lower = talib.BBANDS(bars.close, length, deviations, deviations)
    return upper, middle, lower


def middle_of_range(bars: Bars, length: int) -> FloatArray:
    """Return the middle between the highest high and the lowest low."""
    return (rolling_max(bars.high, length) + rolling_min(bars.low, length)) * 0.5


def donchian(bars: Bars, *, length: int) -> tuple[FloatArray, ...]:
    """Compute the channel of Donchian, the current bar included.

    Notes
    -----
    A close never crosses the channel of its own bar; a break-out compares it with the
    channel at shift 1.
    """
    upper, lower = rolling_max(bars.high, length), rolling_min(bars.low, length)
    return upper, (upper + lower) * 0.5, lower


def keltner(bars: Bars, *, length: int, atr_length: int, width: float) -> tuple[FloatArray, ...]:
    """Compute an exponential average with `width` average true ranges on both sides."""
    middle = talib.EMA(bars.close, length)
    half = true_range_average(bars, atr_length) * width
    return middle + half, middle, middle - half


def supertrend(bars: Bars, *, length: int, width: float) -> tuple[FloatArray, ...]:
    """Compute the Supertrend stop and its direction."""
    value, direction = talib.SUPERTREND(bars.high, bars.low, bars.close, length, width)
    return value, direction.astype(np.float64)


def parabolic(bars: Bars, *, step: float, maximum: float) -> tuple[FloatArray, ...]:
    """Compute Wilder's parabolic stop and reverse."""
    return (talib.SAR(bars.high, bars.low, step, maximum),)


def ichimoku(
    bars: Bars, *, fast: int, slow: int, span: int, displacement: int
) -> tuple[FloatArray, ...]:
    """Compute the lines of Ichimoku that are known at each bar.

    Notes
    -----
    Look-ahead: the cloud drawn over bar t was computed `displacement` bars earlier, and
    that is the value given here. The lagging span (chikou) plots today's close in the
    past; read where it is plotted it would look ahead, so it is left out.
    """
    tenkan, kijun = middle_of_range(bars, fast), middle_of_range(bars, slow)
    span_a = lag((tenkan + kijun) * 0.5, displacement)
    span_b = lag(middle_of_range(bars, span), displacement)
    return tenkan, kijun, span_a, span_b


def check_ichimoku(*, fast: int, slow: int, span: int, **_others: int) -> str:
    """Say what is wrong when the lengths do not rise."""
    if fast < slow < span:
        return ""
    return f"`fast` < `slow` < `span` is needed, got {fast}, {slow} and {span}"


CHANNELS = (
    Indicator(
        key="bbands",
        title="Bollinger bands",
        params={"length": whole(20, 2, LONGEST), "deviations": real(2.0, 0.1, 10.0)},
        lines=BAND,
        compute=bollinger,
        warmup=lambda length, **_: length - 1,
        memory=lambda length, **_: length - 1,
    ),
    Indicator(
        key="donchian",
        title="Donchian channel",
        params={"length": whole(20, 2, LONGEST)},
        lines=BAND,
        compute=donchian,
        warmup=lambda length: length - 1,
        memory=lambda length: length - 1,
    ),
    Indicator(
        key="keltner",
        title="Keltner channel",
        params={
            "length": whole(20, 2, LONGEST),
            "atr_length": whole(10, 1, LONGEST),
            "width": real(2.0, 0.1, 10.0),
        },
        lines=BAND,
        compute=keltner,
        warmup=lambda length, atr_length, **_: max(length - 1, atr_length),
        memory=lambda length, atr_length, **_: max(9 * length, 17 * atr_length),
    ),
    Indicator(
        key="supertrend",
        title="Supertrend",
        params={"length": whole(10, 2, LONGEST), "width": real(3.0, 0.1, 20.0)},
        lines=(
            Line("value", "price", Price("value")),
            Line("direction", "direction", Negate("direction")),
        ),
        compute=supertrend,
        warmup=lambda length, **_: length,
        memory=lambda length, **_: 16 * length + FLIPS,
        exact_mirror=False,  # the first trend is a guess, always the same one
    ),
    Indicator(
        key="psar",
        title="Parabolic stop and reverse",
        params={"step": real(0.02, 0.001, 0.5), "maximum": real(0.2, 0.001, 1.0)},
        lines=(Line("value", "price", Price("value")),),
        compute=parabolic,
        warmup=lambda **_: 1,
        memory=lambda **_: FLIPS,
        exact_mirror=False,  # the first trend is a guess, always the same one
    ),
    Indicator(
        key="ichimoku",
        title="Ichimoku lines",
        params={
            "fast": whole(9, 2, LONGEST),
            "slow": whole(26, 3, LONGEST),
            "span": whole(52, 4, LONGEST),
            "displacement": whole(26, 0, LONGEST),
        },
        lines=tuple(
            Line(name, "price", Price(name)) for name in ("tenkan", "kijun", "span_a", "span_b")
        ),
        compute=ichimoku,
        warmup=lambda span, displacement, **_: span + displacement - 1,
        memory=lambda span, displacement, **_: span + displacement - 1,
        conflict=check_ichimoku,
    ),
)
