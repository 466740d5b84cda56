"""Candle patterns: +100 bullish, -100 bearish, 0 none."""

from collections.abc import Callable
from types import MappingProxyType

import numpy as np
import talib

from ml_training.data.indicators.base import (
    Bars,
    FloatArray,
    Indicator,
    Line,
    Negate,
    Same,
    Value,
    choice,
)
from ml_training.data.indicators.ranges import BoolArray, lag

FULL = 100.0
LONG_WICK = 2.0 / 3.0  # of the range: the usual pin bar, nose at least twice all the rest
SAME_PRICE = 0.1  # of the larger range: chosen; extremes this near look equal on a chart
PATTERN_WARMUP = 16  # chosen: above the longest look-back of TA-Lib's patterns (a test checks)
DOJI_BODY = 0.1  # of the range, as TA-Lib has it

SIGNED = (  # one name, both directions: TA-Lib's sign tells which
    "engulfing",
    "harami",
    "harami_cross",
    "three_inside",
    "three_outside",
    "three_line_strike",
    "belt_hold",
    "marubozu",
    "closing_marubozu",
    "long_line",
    "counterattack",
    "separating_lines",
    "kicking",
    "abandoned_baby",
    "doji_star",
    "tristar",
    "rise_fall_three_methods",
    "tasuki_gap",
    "breakaway",
    "hikkake",
)
PAIRS = (  # bullish, bearish
    ("hammer", "shooting_star"),
    ("inverted_hammer", "hanging_man"),
    ("morning_star", "evening_star"),
    ("morning_doji_star", "evening_doji_star"),
    ("piercing", "dark_cloud_cover"),
    ("dragonfly_doji", "gravestone_doji"),
    ("three_white_soldiers", "three_black_crows"),
)
OWN_PATTERNS = ("pin_bar", "tweezer")
MIRRORED = MappingProxyType(
    {a: b for pair in PAIRS for a, b in (pair, pair[::-1])}
    | {name: name for name in (*OWN_PATTERNS, *SIGNED)}
)
BULLISH = frozenset(bullish for bullish, _ in PAIRS)


def talib_name(name: str) -> str:
    """Return TA-Lib's name of a pattern.

    Examples
    --------
    >>> talib_name("three_white_soldiers")
    'CDL3WHITESOLDIERS'
    """
    return "CDL" + name.replace("three_", "3", 1).replace("_", "").upper()


def read_pattern(bars: Bars, *, name: str) -> tuple[FloatArray, ...]:
    """Compute where a candle pattern completes and which way it points."""
    if name in OWN:
        return (OWN[name](bars),)
    function = getattr(talib, SPELLED.get(name) or talib_name(name))
    found = np.sign(function(bars.open, bars.high, bars.low, bars.close).astype(np.float64))
    if name in SIGNED:
        return (FULL * found,)
    return (FULL * np.abs(found) * (1.0 if name in BULLISH else -1.0) + 0.0,)  # no -0.0


# TA-Lib spells it in the middle: three methods, rising or falling.
SPELLED = {"rise_fall_three_methods": "CDLRISEFALL3METHODS"}


def point(bullish: BoolArray, bearish: BoolArray) -> FloatArray:
    """Write two exclusive claims as +100 and -100."""
    return FULL * (bullish.astype(np.float64) - bearish)


def pin_bar(bars: Bars) -> FloatArray:
    """Find bars of which two thirds or more are one wick, the rejected side."""
    nose = LONG_WICK * (bars.high - bars.low)
    has_range = nose > 0
    lower = np.minimum(bars.open, bars.close) - bars.low
    upper = bars.high - np.maximum(bars.open, bars.close)
    return point((lower >= nose) & has_range, (upper >= nose) & has_range)


def tweezer(bars: Bars) -> FloatArray:
    """Find two bars of opposite colour that turn at one price after a move there."""
    size = bars.high - bars.low
    near = SAME_PRICE * np.maximum(size, lag(size, 1))
    body = bars.close - bars.open
    same_low = np.abs(bars.low - lag(bars.low, 1)) <= near
    same_high = np.abs(bars.high - lag(bars.high, 1)) <= near
    fell = lag(bars.low, 1) < lag(bars.low, 2)
    rose = lag(bars.high, 1) > lag(bars.high, 2)
    bottom = same_low & fell & (lag(body, 1) < 0) & (body > 0)
    return point(bottom, same_high & rose & (lag(body, 1) > 0) & (body < 0))


OWN: dict[str, Callable[[Bars], FloatArray]] = {"pin_bar": pin_bar, "tweezer": tweezer}


def mirror_name(params: dict[str, Value]) -> dict[str, Value]:
    """Name the pattern's mirror image."""
    return {"name": MIRRORED[str(params["name"])]}


def inside_bar(bars: Bars) -> tuple[FloatArray, ...]:
    """Flag bars that stay within the range of the bar before."""
    is_inside = (bars.high <= lag(bars.high, 1)) & (bars.low >= lag(bars.low, 1))
    return (is_inside.astype(np.float64),)


def outside_bar(bars: Bars) -> tuple[FloatArray, ...]:
    """Flag bars that exceed the range of the bar before on both sides."""
    is_outside = (bars.high > lag(bars.high, 1)) & (bars.low < lag(bars.low, 1))
    return (is_outside.astype(np.float64),)


def doji(bars: Bars) -> tuple[FloatArray, ...]:
    """Flag bars that close where they opened, nearly."""
    body = np.abs(bars.close - bars.open)
    return ((body <= DOJI_BODY * (bars.high - bars.low)).astype(np.float64),)


FLAG = (Line("value", "flag", Same("value")),)
PATTERNS = (
    Indicator(
        key="pattern",
        title="Candle pattern",
        params={"name": choice(*MIRRORED)},
        lines=(Line("value", "pattern", Negate("value")),),
        compute=read_pattern,
        warmup=lambda name: PATTERN_WARMUP,
        memory=lambda name: 2 * PATTERN_WARMUP,
        exact_mirror=False,  # some of TA-Lib's pairs are drawn with different rules
        mirror_params=mirror_name,
    ),
    Indicator(
        key="inside_bar",
        title="Inside bar",
        lines=FLAG,
        compute=inside_bar,
        warmup=lambda: 1,
        memory=lambda: 1,
    ),
    Indicator(
        key="outside_bar",
        title="Outside bar",
        lines=FLAG,
        compute=outside_bar,
        warmup=lambda: 1,
        memory=lambda: 1,
    ),
    Indicator(
        key="doji",
        title="Doji",
        lines=FLAG,
        compute=doji,
        warmup=lambda: 0,
        memory=lambda: 0,
    ),
)
