"""Volume: what stood behind the moves."""

import numpy as np
import talib

from ml_training.data.indicators.base import (
    Bars,
    FloatArray,
    Indicator,
    Line,
    Negate,
    Same,
    whole,
)
from ml_training.data.indicators.momentum import check_fast_below_slow
from ml_training.data.indicators.ranges import LONGEST, divide, lag

SIGNED_VOLUME = (Line("value", "volume", Negate("value")),)


def average_volume(bars: Bars, *, length: int) -> tuple[FloatArray, ...]:
    """Compute the mean volume of the last bars."""
    return (talib.SMA(bars.volume, length),)


def relative_volume(bars: Bars, *, length: int) -> tuple[FloatArray, ...]:
    """Compute the volume over the mean of the `length` bars before; 1 where unknown."""
    usual = lag(talib.SMA(bars.volume, length), 1)
    n_traded = lag(talib.SUM((bars.volume > 0).astype(np.float64), length), 1)
    return (divide(bars.volume, np.where(n_traded > 0, usual, 0.0), otherwise=1.0),)


def on_balance(bars: Bars) -> tuple[FloatArray, ...]:
    """Compute on-balance volume from 0 at the first bar."""
    direction = np.sign(np.diff(bars.close, prepend=bars.close[0]))
    return (np.cumsum(direction * bars.volume),)


def accumulation(bars: Bars) -> tuple[FloatArray, ...]:
    """Compute Chaikin's accumulation/distribution line."""
    return (talib.AD(bars.high, bars.low, bars.close, bars.volume),)


def chaikin_oscillator(bars: Bars, *, fast: int, slow: int) -> tuple[FloatArray, ...]:
    """Compute the fast less the slow average of accumulation/distribution."""
    return (talib.ADOSC(bars.high, bars.low, bars.close, bars.volume, fast, slow),)


def chaikin_flow(bars: Bars, *, length: int) -> tuple[FloatArray, ...]:
    """Compute Chaikin's money flow; 0 where nothing was traded."""
    flow = talib.CMF(bars.high, bars.low, bars.close, bars.volume, length)
    n_traded = talib.SUM((bars.volume > 0).astype(np.float64), length)
    return (np.where(n_traded == 0, 0.0, flow),)


def force(bars: Bars, *, length: int) -> tuple[FloatArray, ...]:
    """Compute Elder's force index: change times volume, smoothed."""
    change = np.diff(bars.close, prepend=np.nan) * bars.volume
    return (talib.EMA(change, length) if length > 1 else change,)


FLOW = (
    Indicator(
        key="volume_sma",
        title="Average volume",
        params={"length": whole(20, 2, LONGEST)},
        lines=(Line("value", "volume", Same("value")),),
        compute=average_volume,
        warmup=lambda length: length - 1,
        memory=lambda length: length - 1,
    ),
    Indicator(
        key="rvol",
        title="Relative volume",
        params={"length": whole(20, 2, LONGEST)},
        lines=(Line("value", "ratio", Same("value")),),
        compute=relative_volume,
        warmup=lambda length: length,
        memory=lambda length: length,
    ),
    Indicator(
        key="obv",
        title="On-balance volume",
        lines=SIGNED_VOLUME,
        compute=on_balance,
        warmup=lambda: 0,
        memory=None,
    ),
    Indicator(
        key="ad",
        title="Accumulation/distribution",
        lines=SIGNED_VOLUME,
        compute=accumulation,
        warmup=lambda: 0,
        memory=None,
    ),
    Indicator(
        key="adosc",
        title="Chaikin oscillator",
        params={"fast": whole(3, 2, LONGEST), "slow": whole(10, 3, LONGEST)},
        lines=SIGNED_VOLUME,
        compute=chaikin_oscillator,
        warmup=lambda slow, **_: slow - 1,
        memory=lambda slow, **_: 12 * slow,
        conflict=check_fast_below_slow,
    ),
    Indicator(
        key="cmf",
        title="Chaikin money flow",
        params={"length": whole(20, 2, LONGEST)},
        lines=(Line("value", "ratio", Negate("value")),),
        compute=chaikin_flow,
        warmup=lambda length: length - 1,
        memory=lambda length: length - 1,
    ),
    Indicator(
        key="force",
        title="Force index",
        params={"length": whole(13, 1, LONGEST)},
        lines=(Line("value", "price_volume", Negate("value")),),
        compute=force,
        warmup=lambda length: length,
        memory=lambda length: 10 * length,
    ),
)
