"""Presets: strategies to start from, all written in the grammar of the rules."""

from collections.abc import Mapping
from types import MappingProxyType

from ml_training.data.presets.preset import Preset
from ml_training.data.presets.reversion import RSI_RETURN

__all__ = ["PRESETS", "Preset"]

PRESETS: Mapping[str, Preset] = MappingProxyType({each.key: each for each in (RSI_RETURN,)})
