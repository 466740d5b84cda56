"""Moving averages: price levels that follow the market."""

from collections.abc import Callable

import talib

from ml_training.data.indicators.base import Bars, FloatArray, Indicator, Line, Price, whole
from ml_training.data.indicators.sources import SOURCE, mirror_source, read_source

LONGEST = 2000  # chosen: a 1-minute average over more than a day; TA-Lib allows 100,000
Talib = Callable[..., FloatArray]


def average(
    key: str, title: str, function: Talib, *, warmup: Callable[..., int], memory: float
) -> Indicator:
    """Describe a moving average of TA-Lib.

    Parameters
    ----------
    key, title : str
        Names in rules and for people.
    function : callable
        TA-Lib function of (series, timeperiod).
    warmup : callable
        Bars before the first value, of `length`.
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
        lines=(Line("value", "price", Price("value")),),
        compute=compute,
        warmup=lambda length, **_: warmup(length),
        memory=lambda length, **_: warmup(length) + round(memory * length),
        mirror_params=mirror_source,
    )


AVERAGES = (
    average("sma", "Simple moving average", talib.SMA, warmup=lambda n: n - 1, memory=0),
    average("ema", "Exponential moving average", talib.EMA, warmup=lambda n: n - 1, memory=8),
    average("wma", "Weighted moving average", talib.WMA, warmup=lambda n: n - 1, memory=0),
)
