"""Indicators as features: without unit, and the same for longs and shorts."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from ml_training.data.features.moments import ATR_MEMORY, Moments
from ml_training.data.indicators import (
    FloatArray,
    IndicatorUse,
    Mirror,
    Reflect,
    Same,
    find_indicator,
    look_back,
    make_use,
    mirror_use,
)
from ml_training.data.indicators.ranges import divide

PERCENT = 100.0
USUAL_VOLUME = make_use("volume_sma", length=100)
FLOW_BARS = 20  # chosen: a level that only ever adds up is read as its change over these


def normalise(use: IndicatorUse, moments: Moments) -> FloatArray:
    """Read an indicator at the signal bars, free of unit and of direction.

    Parameters
    ----------
    use : IndicatorUse
        What to read for longs; shorts read its mirror image.
    moments : Moments
        Where to read.

    Returns
    -------
    ndarray of shape (n_setups,)
        Price levels become the distance from the close in ATR, price differences ATRs,
        bounded oscillators -1..1, percents of the price ATRs, volumes multiples of the
        usual volume, counts their logarithm. What has a direction is multiplied by the
        side, so that a positive value speaks for the trade, long or short.

    Notes
    -----
    Uses bars up to and including the signal bar. NaN where the indicator is NaN.
    """
    mirrored = mirror_use(use)
    other, mirror = mirrored or (use, None)
    scale = find_indicator(use.key).scale[use.output]
    values = SCALES[scale](moments.sample(use, other), moments, use, mirror)
    points_somewhere = mirror is not None and not isinstance(mirror, Same)
    return values * moments.side if points_somewhere else values


def feature_look_back(use: IndicatorUse) -> int:
    """Return the bars that reading a use as a feature needs, on its own timeframe."""
    mirrored = mirror_use(use)
    longest = max(look_back(use), look_back(mirrored[0] if mirrored else use))
    scale = find_indicator(use.key).scale[use.output]
    return max(longest, ALSO_READ.get(scale, 0))


Scaling = Callable[[FloatArray, Moments, IndicatorUse, Mirror | None], FloatArray]


ALSO_READ = {
    "price": ATR_MEMORY,
    "price_delta": ATR_MEMORY,
    "price_percent": ATR_MEMORY,
    "volume": look_back(USUAL_VOLUME),
    "price_volume": ATR_MEMORY,
}


def from_level(
    values: FloatArray, moments: Moments, use: IndicatorUse, _mirror: Mirror | None
) -> FloatArray:
    """Turn a price level into the distance of the close from it, as ATRs."""
    return moments.in_atr(moments.price("close") - values, use.timeframe)


def from_distance(
    values: FloatArray, moments: Moments, use: IndicatorUse, _mirror: Mirror | None
) -> FloatArray:
    """Turn a price difference into ATRs of its own timeframe."""
    return moments.in_atr(values, use.timeframe)


def from_price_percent(
    values: FloatArray, moments: Moments, use: IndicatorUse, _mirror: Mirror | None
) -> FloatArray:
    """Turn percents of the price into ATRs of the indicator's own timeframe."""
    return moments.in_atr(values * moments.price("close") / PERCENT, use.timeframe)


def from_percent(
    values: FloatArray, _moments: Moments, _use: IndicatorUse, mirror: Mirror | None
) -> FloatArray:
    """Turn percents into -1..1 around the centre, or 0..1 where there is none."""
    return around_centre(values, mirror) if isinstance(mirror, Reflect) else values / PERCENT


def from_ratio(
    values: FloatArray, _moments: Moments, _use: IndicatorUse, mirror: Mirror | None
) -> FloatArray:
    """Leave a ratio, or centre it."""
    return around_centre(values, mirror) if isinstance(mirror, Reflect) else values


def from_volume(
    values: FloatArray, moments: Moments, use: IndicatorUse, _mirror: Mirror | None
) -> FloatArray:
    """Turn a volume into multiples of the usual one; 0 where nothing is traded."""
    usual = moments.frame.sample(replace(USUAL_VOLUME, timeframe=use.timeframe), moments.index)
    if find_indicator(use.key).memory is not None:
        return divide(values, usual, otherwise=0.0)
    before = replace(use, shift=use.shift + FLOW_BARS)
    change = values - moments.sample(before, before)
    return divide(change / FLOW_BARS, usual, otherwise=0.0)


def from_price_volume(
    values: FloatArray, moments: Moments, use: IndicatorUse, mirror: Mirror | None
) -> FloatArray:
    """Turn price times volume into multiples of an ATR times the usual volume."""
    return moments.in_atr(from_volume(values, moments, use, mirror), use.timeframe)


def from_count(
    values: FloatArray, _moments: Moments, _use: IndicatorUse, _mirror: Mirror | None
) -> FloatArray:
    """Turn a count of bars into its logarithm."""
    return np.log1p(values)


def around_centre(values: FloatArray, mirror: Reflect) -> FloatArray:
    """Return the distance from the centre over the distance of the centre from 0."""
    return (values - mirror.centre) / abs(mirror.centre)


SCALES: dict[str, Scaling] = {
    "price": from_level,
    "price_delta": from_distance,
    "percent": from_percent,
    "signed_percent": from_percent,
    "price_percent": from_price_percent,
    "ratio": from_ratio,
    "volume": from_volume,
    "price_volume": from_price_volume,
    "count": from_count,
    "flag": from_ratio,
    "direction": from_ratio,
    "pattern": from_percent,
}
