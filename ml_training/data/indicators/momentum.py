"""Momentum and trend strength: how fast, how far and how steadily price moves."""

import numpy as np
import talib

from ml_training.data.indicators.base import (
    Bars,
    FloatArray,
    Indicator,
    Line,
    Negate,
    Same,
    whole,
)
from ml_training.data.indicators.ranges import LONGEST, divide

SIGNED = (Line("value", "signed_percent", Negate("value")),)
OF_PRICE = (Line("value", "price_percent", Negate("value")),)
DELTA = (Line("value", "price_delta", Negate("value")),)


def convergence(bars: Bars, *, fast: int, slow: int, signal: int) -> tuple[FloatArray, ...]:
    """Compute moving average convergence divergence, its signal line and the rest."""
    macd, line, rest = talib.MACD(bars.close, fast, slow, signal)
    return macd, line, rest


def percentage_oscillator(bars: Bars, *, fast: int, slow: int) -> tuple[FloatArray, ...]:
    """Compute the distance of two exponential averages in percent of the slow one."""
    slow_average = talib.EMA(bars.close, slow)
    return (100.0 * (talib.EMA(bars.close, fast) / slow_average - 1.0),)


def rate_of_change(bars: Bars, *, length: int) -> tuple[FloatArray, ...]:
    """Compute the change over `length` bars in percent."""
    return (talib.ROC(bars.close, length),)


def momentum(bars: Bars, *, length: int) -> tuple[FloatArray, ...]:
    """Compute the change over `length` bars in price."""
    return (talib.MOM(bars.close, length),)


def triple_rate(bars: Bars, *, length: int) -> tuple[FloatArray, ...]:
    """Compute the 1-bar rate of change of a triple exponential average, in percent."""
    return (talib.TRIX(bars.close, length),)


def true_strength(bars: Bars, *, slow: int, fast: int) -> tuple[FloatArray, ...]:
    """Compute Blau's true strength index."""
    return (talib.TSI(bars.close, slow, fast),)


def awesome(bars: Bars, *, fast: int, slow: int) -> tuple[FloatArray, ...]:
    """Compute Williams' awesome oscillator on the middle of the bars."""
    return (talib.AO(bars.high, bars.low, fast, slow),)


def balance_of_power(bars: Bars, *, length: int) -> tuple[FloatArray, ...]:
    """Compute the body over the range of the bars, averaged over `length`."""
    raw = divide(bars.close - bars.open, bars.high - bars.low, otherwise=0.0)
    return (talib.SMA(raw, length) if length > 1 else raw,)


def average_direction(bars: Bars, *, length: int) -> tuple[FloatArray, ...]:
    """Compute the average directional index of Wilder."""
    return (talib.ADX(bars.high, bars.low, bars.close, length),)


def directional(bars: Bars, *, length: int) -> tuple[FloatArray, ...]:
    """Compute Wilder's directional indicators: plus, minus and their difference."""
    columns = (bars.high, bars.low, bars.close, length)
    plus, minus = talib.PLUS_DI(*columns), talib.MINUS_DI(*columns)
    return plus, minus, plus - minus


def vortex(bars: Bars, *, length: int) -> tuple[FloatArray, ...]:
    """Compute the vortex indicator, plus and minus."""
    plus, minus = talib.VORTEX(bars.high, bars.low, bars.close, length)
    return plus, minus


def efficiency(bars: Bars, *, length: int) -> tuple[FloatArray, ...]:
    """Compute Kaufman's efficiency ratio: the way gone over the way travelled.

    Notes
    -----
    Not TA-Lib's own: that one says 1, a perfect trend, where nothing moves.
    """
    travelled = talib.SUM(np.abs(np.diff(bars.close, prepend=np.nan)), length)
    return (divide(np.abs(talib.MOM(bars.close, length)), travelled, otherwise=0.0),)


def streak(bars: Bars) -> tuple[FloatArray, ...]:
    """Count the closes in a row that rose (positive) or fell (negative)."""
    change = np.sign(np.diff(bars.close, prepend=np.nan))
    change[0] = 0.0
    index = np.arange(len(change))
    started = np.maximum.accumulate(np.where(np.diff(change, prepend=2.0) != 0, index, 0))
    return (change * (index - started + 1),)


def check_fast_below_slow(*, fast: int, slow: int, **_others: int) -> str:
    """Say what is wrong when the fast length is not below the slow one."""
    return "" if fast < slow else f"`fast` must be below `slow`, got {fast} and {slow}"


MOMENTUM = (
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
        memory=lambda slow, signal, **_: 12 * (slow + signal),
        conflict=check_fast_below_slow,
    ),
    Indicator(
        key="ppo",
        title="Percentage price oscillator",
        params={"fast": whole(12, 2, LONGEST), "slow": whole(26, 3, LONGEST)},
        lines=OF_PRICE,
        compute=percentage_oscillator,
        warmup=lambda slow, **_: slow - 1,
        memory=lambda slow, **_: 10 * slow,
        exact_mirror=False,  # in percent of the price itself
        conflict=check_fast_below_slow,
    ),
    Indicator(
        key="roc",
        title="Rate of change",
        params={"length": whole(10, 1, LONGEST)},
        lines=OF_PRICE,
        compute=rate_of_change,
        warmup=lambda length: length,
        memory=lambda length: length,
        exact_mirror=False,  # in percent of the price itself
    ),
    Indicator(
        key="mom",
        title="Momentum",
        params={"length": whole(10, 1, LONGEST)},
        lines=DELTA,
        compute=momentum,
        warmup=lambda length: length,
        memory=lambda length: length,
    ),
    Indicator(
        key="trix",
        title="Triple exponential rate of change",
        params={"length": whole(15, 2, LONGEST)},
        lines=OF_PRICE,
        compute=triple_rate,
        warmup=lambda length: 3 * length - 2,
        memory=lambda length: 16 * length,
        exact_mirror=False,  # in percent of the price itself
    ),
    Indicator(
        key="tsi",
        title="True strength index",
        params={"slow": whole(25, 3, LONGEST), "fast": whole(13, 2, LONGEST)},
        lines=SIGNED,
        compute=true_strength,
        warmup=lambda slow, fast: slow + fast - 1,
        memory=lambda slow, fast: 12 * (slow + fast),
        conflict=check_fast_below_slow,
    ),
    Indicator(
        key="ao",
        title="Awesome oscillator",
        params={"fast": whole(5, 2, LONGEST), "slow": whole(34, 3, LONGEST)},
        lines=DELTA,
        compute=awesome,
        warmup=lambda slow, **_: slow - 1,
        memory=lambda slow, **_: slow - 1,
        conflict=check_fast_below_slow,
    ),
    Indicator(
        key="bop",
        title="Balance of power",
        params={"length": whole(14, 1, LONGEST)},
        lines=(Line("value", "ratio", Negate("value")),),
        compute=balance_of_power,
        warmup=lambda length: length - 1,
        memory=lambda length: length - 1,
    ),
    Indicator(
        key="adx",
        title="Average directional index",
        params={"length": whole(14, 2, LONGEST)},
        lines=(Line("value", "percent", Same("value")),),
        compute=average_direction,
        warmup=lambda length: 2 * length - 1,
        memory=lambda length: 24 * length,
    ),
    Indicator(
        key="dmi",
        title="Directional indicators",
        params={"length": whole(14, 2, LONGEST)},
        lines=(
            Line("plus_di", "percent", Same("minus_di")),
            Line("minus_di", "percent", Same("plus_di")),
            Line("difference", "signed_percent", Negate("difference")),
        ),
        compute=directional,
        warmup=lambda length: length,
        memory=lambda length: 20 * length,
    ),
    Indicator(
        key="vortex",
        title="Vortex",
        params={"length": whole(14, 2, LONGEST)},
        lines=(Line("plus", "ratio", Same("minus")), Line("minus", "ratio", Same("plus"))),
        compute=vortex,
        warmup=lambda length: length,
        memory=lambda length: length,
    ),
    Indicator(
        key="efficiency",
        title="Efficiency ratio",
        params={"length": whole(10, 2, LONGEST)},
        lines=(Line("value", "ratio", Same("value")),),
        compute=efficiency,
        warmup=lambda length: length,
        memory=lambda length: length,
    ),
    Indicator(
        key="streak",
        title="Closes in a row",
        lines=(Line("value", "ratio", Negate("value")),),
        compute=streak,
        warmup=lambda: 0,
        memory=lambda: 100,  # chosen: no market rose a hundred bars in a row
    ),
)
