"""Prices an indicator can be built on, and their mirror images."""

from collections.abc import Callable

from ml_training.data.indicators.base import Bars, FloatArray, Value, choice

HALF = 0.5
SOURCES: dict[str, Callable[[Bars], FloatArray]] = {
    "close": lambda bars: bars.close,
    "open": lambda bars: bars.open,
    "high": lambda bars: bars.high,
    "low": lambda bars: bars.low,
    "hl2": lambda bars: (bars.high + bars.low) * HALF,
    "hlc3": lambda bars: (bars.high + bars.low + bars.close) / 3.0,
    "ohlc4": lambda bars: (bars.open + bars.high + bars.low + bars.close) * 0.25,
}
SOURCE = choice(*SOURCES)
UPSIDE_DOWN = {"high": "low", "low": "high"}


def read_source(bars: Bars, name: str) -> FloatArray:
    """Return the price series of that name, shape (n_bars,)."""
    return SOURCES[name](bars)


def mirror_source(params: dict[str, Value]) -> dict[str, Value]:
    """Swap high and low in the parameter `source`."""
    source = str(params["source"])
    return {**params, "source": UPSIDE_DOWN.get(source, source)}
