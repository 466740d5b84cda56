"""Strategies that act on the shape of the last candles at an average."""

from typing import Any

from ml_training.data.presets.preset import Preset, both_ways

RISING: dict[str, Any] = {
    "left": {"ind": "slope", "average": "ema", "length": 50},
    "op": ">",
    "right": 0,
}

INSIDE_BAR = Preset(
    key="inside_bar",
    title="Inside bar at an EMA",
    summary="Buys in an upward trend when price breaks above an inside bar that formed "
    "within one ATR of EMA 20.",
    document=both_ways(
        {
            "all": [
                RISING,
                {"left": {"ind": "inside_bar", "shift": 1}, "op": ">", "right": 0},
                {
                    "left": {"ind": "distance", "average": "ema", "length": 20, "shift": 1},
                    "op": "between",
                    "right": [-1, 1],
                },
                {"left": "close", "op": ">", "right": {"price": "high", "shift": 1}},
            ]
        }
    ),
)

ENGULFING = Preset(
    key="engulfing",
    title="Engulfing at an EMA",
    summary="Buys in an upward trend when a bullish engulfing candle reaches down to EMA 20 "
    "and closes above it.",
    document=both_ways(
        {
            "all": [
                RISING,
                {"left": {"ind": "pattern", "name": "engulfing"}, "op": ">", "right": 0},
                {"left": "low", "op": "<=", "right": {"ind": "ema", "length": 20}},
                {"left": "close", "op": ">", "right": {"ind": "ema", "length": 20}},
            ]
        }
    ),
)

CANDLE_SHAPES = (INSIDE_BAR, ENGULFING)
