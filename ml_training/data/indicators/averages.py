"""Moving averages: price levels that follow the market."""

from collections.abc import Callable
from math import isqrt

import numpy as np
import talib

from ml_training.data.indicators.base import Bars, FloatArray, Indicator, Line, Price, whole
from ml_training.data.indicators.ranges import LONGEST
from ml_training.data.indicators.sources import SOURCE, mirror_source, read_source

KEPT_BY_T3 = 0.7  # the volume factor Tillson proposed, Stocks & Commodities 16:1, 1998
LEVEL = (Line("value", "price", Price("value")),)
Talib = Callable[..., FloatArray]


def average(
    key: str, title: str, function: Talib, *, warmup: Callable[[int], int], memory: float = 0
) -> Indicator:
    """Describe a moving average of TA-Lib.

    Parameters
    ----------
    key, title : str
        Names in rules and for people.
    function : callable
        TA-Lib function of (series, timeperiod).
    warmup : callable
        Bars before the first value, of the length.
    memory : float
        Lengths after which the start of the history no longer shows; 0 for a window.

    Returns
    -------
    Indicator
    """

    def compute(bars: Bars, *, length: int, source: str) -> tuple[FloatArray, ...]:
        return (function(read_source(bars, source), length),)

    return Indicator(
        key=key,
        title=title,
        params={"length": whole(20, 2, LONGEST), "source": SOURCE},
        lines=LEVEL,
        compute=compute,
        warmup=lambda length, **_: warmup(length),
        memory=lambda length, **_: warmup(length) + round(memory * length),
        mirror_params=mirror_source,
    )


def smooth_tillson(series: FloatArray, length: int) -> FloatArray:
    """Compute Tillson's T3 with the volume factor he proposed."""
    smoothed: FloatArray = talib.T3(series, length, KEPT_BY_T3)
    return smoothed


def volume_weighted(bars: Bars, *, length: int) -> tuple[FloatArray, ...]:
    """Compute the volume-weighted average; the plain one where nothing was traded."""
    weighted = talib.VWMA(bars.close, bars.volume, length)
    n_traded = talib.SUM((bars.volume > 0).astype(np.float64), length)
    return (np.where(n_traded > 0, weighted, talib.SMA(bars.close, length)),)


AVERAGES = (
    average("sma", "Simple moving average", talib.SMA, warmup=lambda n: n - 1),
    average("ema", "Exponential moving average", talib.EMA, warmup=lambda n: n - 1, memory=8),
    average("wma", "Weighted moving average", talib.WMA, warmup=lambda n: n - 1),
    average(
        "dema", "Double exponential average", talib.DEMA, warmup=lambda n: 2 * n - 2, memory=12
    ),
    average(
        "tema", "Triple exponential average", talib.TEMA, warmup=lambda n: 3 * n - 3, memory=14
    ),
    average("t3", "Tillson's T3", smooth_tillson, warmup=lambda n: 6 * n - 6, memory=18),
    average("trima", "Triangular moving average", talib.TRIMA, warmup=lambda n: n - 1),
    average("rma", "Wilder's average", talib.RMA, warmup=lambda n: n - 1, memory=16),
    average(
        "zlema",
        "Zero-lag exponential average",
        talib.ZLEMA,
        warmup=lambda n: n - 1 + (n - 1) // 2,
        memory=8,
    ),
    average(
        "hma", "Hull moving average", talib.HMA, warmup=lambda n: n - 1 + max(isqrt(n), 1) - 1
    ),
    average("linreg", "Linear regression line", talib.LINEARREG, warmup=lambda n: n - 1),
    # Its fastest and slowest constants are fixed at 2 and 30 bars: the slow one rules.
    average("kama", "Kaufman's adaptive average", talib.KAMA, warmup=lambda n: n, memory=200),
    Indicator(
        key="vwma",
        title="Volume-weighted moving average",
        params={"length": whole(20, 2, LONGEST)},
        lines=LEVEL,
        compute=volume_weighted,
        warmup=lambda length: length - 1,
        memory=lambda length: length - 1,
    ),
)
