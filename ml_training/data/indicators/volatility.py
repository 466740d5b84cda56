"""Volatility: how much price moves, whichever way."""

import numpy as np
import talib

from ml_training.data.indicators.base import (
    Bars,
    FloatArray,
    Indicator,
    Line,
    Same,
    real,
    whole,
)
from ml_training.data.indicators.ranges import (
    LONGEST,
    divide,
    rolling_max,
    rolling_min,
    true_range_average,
)

SIZE = (Line("value", "price_delta", Same("value")),)
OF_PRICE = (Line("value", "price_percent", Same("value")),)
RATIO = (Line("value", "ratio", Same("value")),)


def average_range(bars: Bars, *, length: int) -> tuple[FloatArray, ...]:
    """Compute the average true range of Wilder."""
    return (true_range_average(bars, length),)


def average_range_percent(bars: Bars, *, length: int) -> tuple[FloatArray, ...]:
    """Compute the average true range in percent of the close."""
    return (100.0 * true_range_average(bars, length) / bars.close,)


def true_range(bars: Bars) -> tuple[FloatArray, ...]:
    """Compute the range of the bar, the gap to the close before it included."""
    return (talib.TRANGE(bars.high, bars.low, bars.close),)


def deviation(bars: Bars, *, length: int) -> tuple[FloatArray, ...]:
    """Compute the standard deviation of the closes."""
    return (talib.STDDEV(bars.close, length),)


def band_width(bars: Bars, *, length: int, deviations: float) -> tuple[FloatArray, ...]:
    """Compute the width of the Bollinger bands in percent of their middle."""
    upper, middle, lower = talib.BBANDS(bars.close, length, deviations, deviations)
    return (100.0 * (upper - lower) / middle,)


def choppiness(bars: Bars, *, length: int) -> tuple[FloatArray, ...]:
    """Compute Dreiss' choppiness index: 100 sideways, near 0 in a straight trend.

    Notes
    -----
    Where nothing moved at all it is 100: no trend either.
    """
    travelled = talib.SUM(talib.TRANGE(bars.high, bars.low, bars.close), length)
    span = rolling_max(bars.high, length) - rolling_min(bars.low, length)
    ratio = np.maximum(divide(travelled, span, otherwise=float(length)), 1.0)
    return (100.0 * np.log10(ratio) / np.log10(length),)


def range_ratio(bars: Bars, *, fast: int, slow: int) -> tuple[FloatArray, ...]:
    """Compute the recent average true range over the usual one."""
    return (divide(true_range_average(bars, fast), true_range_average(bars, slow), otherwise=1.0),)


def longer_of(fast: int, slow: int) -> int:
    """Return the longer of the two lengths; either may be."""
    return max(fast, slow)


VOLATILITY = (
    Indicator(
        key="atr",
        title="Average true range",
        params={"length": whole(14, 1, LONGEST)},
        lines=SIZE,
        compute=average_range,
        warmup=lambda length: length,
        memory=lambda length: 17 * length,
    ),
    Indicator(
        key="natr",
        title="Average true range in percent",
        params={"length": whole(14, 1, LONGEST)},
        lines=OF_PRICE,
        compute=average_range_percent,
        warmup=lambda length: length,
        memory=lambda length: 17 * length,
        exact_mirror=False,  # in percent of the price itself
    ),
    Indicator(
        key="true_range",
        title="True range",
        lines=SIZE,
        compute=true_range,
        warmup=lambda: 1,
        memory=lambda: 1,
    ),
    Indicator(
        key="stddev",
        title="Standard deviation",
        params={"length": whole(20, 2, LONGEST)},
        lines=SIZE,
        compute=deviation,
        warmup=lambda length: length - 1,
        memory=lambda length: length - 1,
    ),
    Indicator(
        key="bb_width",
        title="Width of the Bollinger bands",
        params={"length": whole(20, 2, LONGEST), "deviations": real(2.0, 0.1, 10.0)},
        lines=OF_PRICE,
        compute=band_width,
        warmup=lambda length, **_: length - 1,
        memory=lambda length, **_: length - 1,
        exact_mirror=False,  # in percent of the price itself
    ),
    Indicator(
        key="chop",
        title="Choppiness index",
        params={"length": whole(14, 2, LONGEST)},
        lines=(Line("value", "percent", Same("value")),),
        compute=choppiness,
        warmup=lambda length: length,
        memory=lambda length: length,
    ),
    Indicator(
        key="atr_ratio",
        title="Recent over usual average true range",
        params={"fast": whole(7, 1, LONGEST), "slow": whole(50, 2, LONGEST)},
        lines=RATIO,
        compute=range_ratio,
        warmup=longer_of,
        memory=lambda fast, slow: 17 * max(fast, slow),
    ),
)
