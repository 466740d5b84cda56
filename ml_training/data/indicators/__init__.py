"""Indicators by key: TA-Lib for the core, a few of our own for what it lacks.

Every value at bar t uses bars up to and including t; no value changes when later bars
come, go or are altered (a contract test walks all of them).
"""

from ml_training.data.indicators.base import (
    Bars,
    Columns,
    FloatArray,
    Indicator,
    IndicatorUse,
    Line,
    Mirror,
    Negate,
    Param,
    ParamError,
    Price,
    Reflect,
    Same,
    Scale,
    Value,
)
from ml_training.data.indicators.catalogue import (
    INDICATORS,
    compute_use,
    find_indicator,
    look_back,
    make_use,
    mirror_use,
)

__all__ = [
    "INDICATORS",
    "Bars",
    "Columns",
    "FloatArray",
    "Indicator",
    "IndicatorUse",
    "Line",
    "Mirror",
    "Negate",
    "Param",
    "ParamError",
    "Price",
    "Reflect",
    "Same",
    "Scale",
    "Value",
    "compute_use",
    "find_indicator",
    "look_back",
    "make_use",
    "mirror_use",
]
