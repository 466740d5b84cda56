"""Strategies that go with a trend when it begins or goes on."""

from ml_training.data.presets.preset import Preset, both_ways

EMA_CROSS = Preset(
    key="ema_cross",
    title="EMA cross",
    summary="Buys when EMA 20 crosses above EMA 50.",
    document=both_ways(
        {
            "left": {"ind": "ema", "length": 20},
            "op": "crosses_above",
            "right": {"ind": "ema", "length": 50},
        }
    ),
)

MACD_CROSS = Preset(
    key="macd_cross",
    title="MACD cross",
    summary="Buys when the MACD crosses above its signal line while both are below zero.",
    document=both_ways(
        {
            "all": [
                {
                    "left": {"ind": "macd", "output": "macd"},
                    "op": "crosses_above",
                    "right": {"ind": "macd", "output": "signal"},
                },
                {"left": {"ind": "macd", "output": "macd"}, "op": "<", "right": 0},
            ]
        }
    ),
)

SUPERTREND_FLIP = Preset(
    key="supertrend_flip",
    title="Supertrend flip",
    summary="Buys when the Supertrend turns from down to up.",
    document=both_ways(
        {
            "left": {"ind": "supertrend", "length": 10, "width": 3.0, "output": "direction"},
            "op": "crosses_above",
            "right": 0,
        }
    ),
)

ADX_TREND = Preset(
    key="adx_trend",
    title="ADX trend",
    summary="Buys in a strong upward trend (ADX 14 above 25, +DI above -DI) when price "
    "crosses back above EMA 20.",
    document=both_ways(
        {
            "all": [
                {"left": {"ind": "adx", "length": 14}, "op": ">", "right": 25},
                {
                    "left": {"ind": "dmi", "length": 14, "output": "plus_di"},
                    "op": ">",
                    "right": {"ind": "dmi", "length": 14, "output": "minus_di"},
                },
                {"left": "close", "op": "crosses_above", "right": {"ind": "ema", "length": 20}},
            ]
        }
    ),
)

TREND = (EMA_CROSS, MACD_CROSS, SUPERTREND_FLIP, ADX_TREND)
