"""Volatility: how much price moves, whichever way."""

import talib

from ml_training.data.indicators.base import Bars, FloatArray, Indicator, Line, Same, whole

LONGEST = 2000  # chosen: as for averages


def average_range(bars: Bars, *, length: int) -> tuple[FloatArray, ...]:
    """Compute the average true range of Wilder."""
    return (talib.ATR(bars.high, bars.low, bars.close, length),)


VOLATILITY = (
    Indicator(
        key="atr",
        title="Average true range",
        params={"length": whole(14, 1, LONGEST)},
        lines=(Line("value", "price_delta", Same("value")),),
        compute=average_range,
        warmup=lambda length: length,
        memory=lambda length: 16 * length,
    ),
)
