"""Strategies that follow price out of a range."""

from ml_training.data.presets.preset import Preset, both_ways

DONCHIAN_BREAK = Preset(
    key="donchian_break",
    title="Donchian break",
    summary="Buys when price closes above the highest high of the 20 bars before.",
    document=both_ways(
        {
            "left": "close",
            "op": "crosses_above",
            "right": {"ind": "donchian", "length": 20, "output": "upper", "shift": 1},
        }
    ),
)

BOLLINGER_BREAK = Preset(
    key="bollinger_break",
    title="Bollinger break",
    summary="Buys when price closes above the upper Bollinger band after a quiet spell: "
    "within the last 10 bars the 10-bar ATR was below the 100-bar one.",
    document=both_ways(
        {
            "all": [
                {
                    "left": "close",
                    "op": "crosses_above",
                    "right": {"ind": "bbands", "length": 20, "deviations": 2.0},
                },
                {
                    "op": "within_last",
                    "bars": 10,
                    "of": {
                        "left": {"ind": "atr_ratio", "fast": 10, "slow": 100},
                        "op": "<",
                        "right": 1,
                    },
                },
            ]
        }
    ),
)

OPENING_RANGE_BREAK = Preset(
    key="opening_range_break",
    title="Opening-range break",
    summary="Buys when price closes above the range of the first four bars of the London "
    "session, during that session.",
    document=both_ways(
        {
            "left": "close",
            "op": "crosses_above",
            "right": {
                "ind": "opening_range",
                "session": "london",
                "bars_in_range": 4,
                "output": "high",
            },
        },
        filters={"sessions": ["london"]},
    ),
)

BREAKOUT = (DONCHIAN_BREAK, BOLLINGER_BREAK, OPENING_RANGE_BREAK)
