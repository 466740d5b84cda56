"""TCE, trend continuation entry: the house strategy, a pull-back to an average."""

from typing import Any

from ml_training.data.presets.preset import Preset, both_ways

AVERAGES = (18, 50, 200)
SMALLEST_SWING_ATR = 3.0
"""Smallest swing worth continuing; chosen: 2 R from the pull-back fit into it. Smaller
legs, such as the bounce off the average, do not replace the swing."""

SHALLOWEST, DEEPEST = 0.382, 0.618
"""Part of the swing to be retraced: the usual Fibonacci band."""

RETEST_BARS = 4
"""Bars from the first touch of the average to the retest, at least."""

CONFIRMING_BARS = 3
"""Bars from the retest to the confirming candle; chosen: a morning star takes three."""

STOP_OFFSET_ATR = 0.5
"""Stop beyond the deepest allowed level; chosen: half a bar, so that noise and spread
do not take it."""

PATTERNS = ("pin_bar", "engulfing", "morning_star", "tweezer")

SWING: dict[str, Any] = {"strength": 2, "min_atr": SMALLEST_SWING_ATR}
"""Swings between 5-bar pivots: two bars on either side."""


def _slope_up(length: int) -> dict[str, Any]:
    slope = {"ind": "slope", "average": "sma", "length": length, "over": 5}
    return {"left": slope, "op": ">", "right": 0}


def _retest(length: int) -> dict[str, Any]:
    again = {
        "ind": "retest",
        "average": "sma",
        "length": length,
        "min_gap_bars": RETEST_BARS,
        "output": "retest",
    }
    return {"left": again, "op": ">", "right": 0}


def _bullish(name: str) -> dict[str, Any]:
    return {"left": {"ind": "pattern", "name": name}, "op": ">", "right": 0}


TCE = Preset(
    key="tce",
    title="Trend continuation entry (TCE)",
    summary="SMA 50 and SMA 200 slope up, a swing of at least 3 ATR is retraced by 38.2 to "
    "61.8 %, price touches SMA 18, 50 or 200, bounces, comes back to the same average four or "
    "more bars later, and a candle pattern confirms. Stop beyond the 61.8 % level, target 2 R.",
    document=both_ways(
        {
            "all": [
                _slope_up(50),
                _slope_up(200),
                {
                    "left": {"ind": "retraced", **SWING, "output": "up_deepest"},
                    "op": "between",
                    "right": [SHALLOWEST, DEEPEST],
                },
                {
                    "op": "within_last",
                    "bars": CONFIRMING_BARS,
                    "of": {"any": [_retest(length) for length in AVERAGES]},
                },
                {"any": [_bullish(name) for name in PATTERNS]},
            ]
        },
        exit={
            "take_profit": {"r": 2.0},
            "stop_loss": {
                "level": {"ind": "retracement", **SWING, "level": DEEPEST, "output": "up"},
                "offset_atr": STOP_OFFSET_ATR,
            },
            "max_bars": 48,
        },
    ),
)
