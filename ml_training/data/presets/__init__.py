"""Presets: strategies to start from, all written in the grammar of the rules."""

from collections.abc import Mapping
from types import MappingProxyType

from ml_training.data.presets.breakout import BREAKOUT
from ml_training.data.presets.candle_shapes import CANDLE_SHAPES
from ml_training.data.presets.preset import Preset
from ml_training.data.presets.reversion import REVERSION
from ml_training.data.presets.tce import TCE
from ml_training.data.presets.trend import TREND

__all__ = ["PRESETS", "Preset"]

PRESETS: Mapping[str, Preset] = MappingProxyType(
    {each.key: each for each in (*REVERSION, *TREND, *BREAKOUT, *CANDLE_SHAPES, TCE)}
)
