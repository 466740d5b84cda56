"""Momentum: how fast and how far price has moved."""

import talib

from ml_training.data.indicators.base import (
    Bars,
    FloatArray,
    Indicator,
    Line,
    Negate,
    Reflect,
    Same,
    whole,
)

LONGEST = 2000  # chosen: as for averages


def relative_strength(bars: Bars, *, length: int) -> tuple[FloatArray, ...]:
    """Compute the relative strength index of Wilder."""
    return (talib.RSI(bars.close, length),)


def average_direction(bars: Bars, *, length: int) -> tuple[FloatArray, ...]:
    """Compute the average directional index of Wilder."""
    return (talib.ADX(bars.high, bars.low, bars.close, length),)


def convergence(bars: Bars, *, fast: int, slow: int, signal: int) -> tuple[FloatArray, ...]:
    """Compute moving average convergence divergence, its signal line and the rest."""
    macd, line, rest = talib.MACD(bars.close, fast, slow, signal)
    return macd, line, rest


def check_fast_below_slow(*, fast: int, slow: int, **_others: int) -> str:
    """Say what is wrong when the fast length is not below the slow one."""
    return "" if fast < slow else f"`fast` must be below `slow`, got {fast} and {slow}"


MOMENTUM = (
    Indicator(
        key="rsi",
        title="Relative strength index",
        params={"length": whole(14, 2, LONGEST)},
        lines=(Line("value", "percent", Reflect(50.0, "value")),),
        compute=relative_strength,
        warmup=lambda length: length,
        memory=lambda length: 16 * length,
    ),
    Indicator(
        key="adx",
        title="Average directional index",
        params={"length": whole(14, 2, LONGEST)},
        lines=(Line("value", "percent", Same("value")),),
        compute=average_direction,
        warmup=lambda length: 2 * length - 1,
        memory=lambda length: 20 * length,
    ),
    Indicator(
        key="macd",
        title="Moving average convergence divergence",
        params={
            "fast": whole(12, 2, LONGEST),
            "slow": whole(26, 3, LONGEST),
            "signal": whole(9, 1, LONGEST),
        },
        lines=(
            Line("macd", "price_delta", Negate("macd")),
            Line("signal", "price_delta", Negate("signal")),
            Line("hist", "price_delta", Negate("hist")),
        ),
        compute=convergence,
        warmup=lambda slow, signal, **_: slow + signal - 2,
        memory=lambda slow, signal, **_: 10 * (slow + signal),
        conflict=check_fast_below_slow,
    ),
)
