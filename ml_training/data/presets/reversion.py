"""Strategies that buy weakness and sell strength."""

from ml_training.data.presets.preset import Preset, both_ways

RSI_RETURN = Preset(
    key="rsi_return",
    title="RSI return",
    summary="Buys when the RSI comes back above 30 after a sell-off; sells short when it "
    "falls back below 70.",
    document=both_ways({"left": {"ind": "rsi", "length": 14}, "op": "crosses_above", "right": 30}),
)

RSI_PULLBACK = Preset(
    key="rsi_pullback",
    title="RSI pull-back in a trend",
    summary="Buys in an upward trend (price above EMA 200) when the RSI recovers above 40.",
    document=both_ways(
        {
            "all": [
                {"left": "close", "op": ">", "right": {"ind": "ema", "length": 200}},
                {"left": {"ind": "rsi", "length": 14}, "op": "crosses_above", "right": 40},
            ]
        }
    ),
)

BOLLINGER_REVERSION = Preset(
    key="bollinger_reversion",
    title="Bollinger reversion",
    summary="Buys when price closes back inside the lower Bollinger band.",
    document=both_ways(
        {
            "left": "close",
            "op": "crosses_above",
            "right": {"ind": "bbands", "length": 20, "deviations": 2.0, "output": "lower"},
        }
    ),
)

REVERSION = (RSI_RETURN, RSI_PULLBACK, BOLLINGER_REVERSION)
