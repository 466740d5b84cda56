"""All indicators by key, and how to name, mirror and compute one of them."""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

import numpy as np

from ml_training.data.indicators.averages import AVERAGES
from ml_training.data.indicators.base import (
    Bars,
    Columns,
    FloatArray,
    Indicator,
    IndicatorUse,
    Mirror,
    ParamError,
    did_you_mean,
)
from ml_training.data.indicators.channels import CHANNELS
from ml_training.data.indicators.flow import FLOW
from ml_training.data.indicators.momentum import MOMENTUM
from ml_training.data.indicators.oscillators import OSCILLATORS
from ml_training.data.indicators.patterns import PATTERNS
from ml_training.data.indicators.session import SESSION_INDICATORS
from ml_training.data.indicators.swings import SWINGS
from ml_training.data.indicators.touches import TOUCHES
from ml_training.data.indicators.volatility import VOLATILITY

INDICATORS: Mapping[str, Indicator] = MappingProxyType(
    {
        each.key: each
        for each in (
            *AVERAGES,
            *CHANNELS,
            *OSCILLATORS,
            *MOMENTUM,
            *VOLATILITY,
            *FLOW,
            *SESSION_INDICATORS,
            *SWINGS,
            *TOUCHES,
            *PATTERNS,
        )
    }
)


def find_indicator(key: str) -> Indicator:
    """Return the indicator of that key.

    Raises
    ------
    ParamError
        For an unknown key, with the nearest known one.
    """
    if key not in INDICATORS:
        raise ParamError("ind", f'no indicator "{key}"', hint=did_you_mean(key, INDICATORS))
    return INDICATORS[key]


def make_use(
    key: str,
    *,
    output: str | None = None,
    timeframe: str | None = None,
    shift: int = 0,
    **params: object,
) -> IndicatorUse:
    """Check an indicator's parameters and output and return its use.

    Parameters
    ----------
    key : str
        Key into INDICATORS.
    output : str, optional
        Name of the output; the indicator's first one by default.
    timeframe : str, optional
        A higher timeframe.
    shift : int
        Bars back on the use's own timeframe.
    **params : object
        The indicator's own parameters.

    Returns
    -------
    IndicatorUse

    Raises
    ------
    ParamError
        For an unknown key, parameter or output, or a value out of bounds.

    Examples
    --------
    >>> make_use("rsi", length=7).params
    (('length', 7),)
    """
    indicator = find_indicator(key)
    chosen = indicator.outputs[0] if output is None else output
    if chosen not in indicator.outputs:
        raise ParamError(
            "output",
            f"`{key}` has no output `{chosen}`",
            hint=did_you_mean(chosen, indicator.outputs),
        )
    return IndicatorUse(key, indicator.complete(params), chosen, timeframe, shift)


def mirror_use(use: IndicatorUse) -> tuple[IndicatorUse, Mirror] | None:
    """Return what the use becomes in the mirrored market, and how its value transforms.

    Returns
    -------
    tuple of (IndicatorUse, Mirror) or None
        The use to read instead, and the mirror: comparisons flip unless it is `Same`.
        None when the indicator has no mirror image.
    """
    indicator = find_indicator(use.key)
    mirror = indicator.mirror[use.output]
    if mirror is None:
        return None
    params = tuple(sorted(indicator.mirror_params(use.arguments).items()))
    return replace(use, params=params, output=mirror.output), mirror


def look_back(use: IndicatorUse) -> int:
    """Return the bars before a bar, on the use's own timeframe, that settle its value.

    Returns
    -------
    int
        With so many bars in front the value no longer depends, to 1e-6 of its spread,
        on where the history starts. For sums that never forget, the shift alone: read
        them as differences.
    """
    memory = find_indicator(use.key).memory
    return use.shift + (0 if memory is None else memory(**use.arguments))


def compute_use(use: IndicatorUse, columns: Columns | Bars) -> dict[str, FloatArray]:
    """Compute all outputs of a use on its own bars, without shift or timeframe.

    Parameters
    ----------
    use : IndicatorUse
        Its timeframe and shift are ignored.
    columns : Columns or Bars
        Candles or anything with the same columns; Bars share work between uses.

    Returns
    -------
    dict of str to ndarray of shape (n_bars,)
        NaN until warmed up, then a number unless the output is sparse.
    """
    indicator = find_indicator(use.key)
    bars = columns if isinstance(columns, Bars) else Bars(columns)
    warmup = indicator.warmup(**use.arguments)
    if len(bars) <= warmup:
        return {name: np.full(len(bars), np.nan) for name in indicator.outputs}
    lines = indicator.compute(bars, **use.arguments)
    for line in lines:
        line[:warmup] = np.nan
    return dict(zip(indicator.outputs, lines, strict=True))
