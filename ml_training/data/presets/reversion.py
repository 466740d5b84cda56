"""Strategies that buy weakness and sell strength."""

from ml_training.data.presets.preset import Preset

RSI_RETURN = Preset(
    key="rsi_return",
    title="RSI return",
    summary="Buys when the RSI comes back above 30 after a sell-off, sells when it falls "
    "back below 70.",
    document={
        "version": 1,
        "long": {"left": {"ind": "rsi", "length": 14}, "op": "crosses_above", "right": 30},
        "short": "mirror",
        "exit": {"take_profit": {"atr": 2.0}, "stop_loss": {"atr": 1.0}, "max_bars": 48},
    },
)
