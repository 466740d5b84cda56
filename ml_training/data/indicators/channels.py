"""Channels: a band of prices around the market."""

import talib

from ml_training.data.indicators.base import (
    Bars,
    FloatArray,
    Indicator,
    Line,
    Price,
    real,
    whole,
)

LONGEST = 2000  # chosen: as for averages
BAND = (
    Line("upper", "price", Price("lower")),
    Line("middle", "price", Price("middle")),
    Line("lower", "price", Price("upper")),
)


def bollinger(bars: Bars, *, length: int, deviations: float) -> tuple[FloatArray, ...]:
    """Compute the bands of Bollinger: a mean and standard deviations around it."""
    upper, middle, lower = talib.BBANDS(bars.close, length, deviations, deviations)
    return upper, middle, lower


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
)
