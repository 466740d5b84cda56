"""Markets and indicator uses for property tests, and helpers to compare series."""

from dataclasses import replace

import numpy as np
from hypothesis import assume
from hypothesis import strategies as st

from ml_training.data.candles import Candles
from ml_training.data.indicators import INDICATORS, IndicatorUse, make_use
from tests.data.builders import MONDAY, random_candles

KEYS = sorted(INDICATORS)
GRID = 2.0**-20  # prices on this grid are turned upside down without rounding
MIDDLE = 4.0  # upside down, p becomes MIDDLE - p
RISING = ("fast", "middle", "slow", "span", "min_gap_bars", "max_gap_bars")
SHORT = 14  # longest length drawn, so that warm-ups fit into small markets


def rough_market(n: int, seed: int, *, flat: bool = False, traded: bool = True) -> Candles:
    """Make a jumpy market on the grid: ties, still bars, perhaps a flat start."""
    rng = np.random.default_rng(seed)
    step = rng.choice([1, 50, 400]) * GRID
    moves = rng.integers(-20, 21, n) * step
    moves[rng.random(n) < 0.1] = 0.0
    if flat:
        moves[: n // 3] = 0.0
    close = np.clip(2.0 + np.cumsum(moves), 1.0, 3.0)
    gap = np.where(rng.random(n) < 0.2, rng.integers(-5, 6, n), 0) * step
    open_ = np.clip(np.r_[close[0], close[:-1]] + gap, 1.0, 3.0)
    wicks = rng.integers(0, 12, (2, n)) * step * (moves != 0.0)
    high, low = np.maximum(open_, close) + wicks[0], np.minimum(open_, close) - wicks[1]
    volume = rng.integers(0, 50, n) * float(traded)
    time = MONDAY + 3600 * np.cumsum(rng.integers(1, 3, n))
    return Candles.from_columns(time, open_, high, low, close, volume.astype(float))


def smooth_market(n: int, seed: int) -> Candles:
    """Make a lively random walk on the grid, nearly without ties."""
    walk = random_candles(n, seed, volatility=0.01, price=2.0)
    prices = [np.round(column / GRID) * GRID for column in walk.columns[1:5]]
    return Candles.from_columns(walk.time, *prices, walk.volume)


@st.composite
def markets(draw: st.DrawFn, n: int = 160) -> Candles:
    """Draw a rough market."""
    return rough_market(
        n, draw(st.integers(0, 10**6)), flat=draw(st.booleans()), traded=draw(st.booleans())
    )


@st.composite
def uses_of(draw: st.DrawFn, key: str) -> IndicatorUse:
    """Draw parameters of an indicator, small enough for small markets."""
    given = {}
    for name, param in INDICATORS[key].params.items():
        if param.kind == "choice":
            given[name] = draw(st.sampled_from(param.choices))
        elif param.kind == "int":
            given[name] = draw(st.integers(int(param.low), int(min(param.high, SHORT))))
        else:
            given[name] = draw(st.floats(param.low, min(param.high, 4.0)))
    if INDICATORS[key].conflict(**given):
        given |= rising(given)
    assume(not INDICATORS[key].conflict(**given))
    return make_use(key, **given)


def rising(given: dict[str, int]) -> dict[str, int]:
    """Put lengths that must rise into rising order."""
    names = [name for name in RISING if name in given]
    numbers = sorted(given[name] for name in names)
    return {name: value + i for i, (name, value) in enumerate(zip(names, numbers, strict=True))}


def all_uses() -> list[IndicatorUse]:
    """Return every indicator with its defaults, and every candle pattern."""
    names = INDICATORS["pattern"].params["name"].choices
    patterns = [make_use("pattern", name=name) for name in names]
    return [*(make_use(key) for key in KEYS if key != "pattern"), *patterns]


def upside_down(candles: Candles) -> Candles:
    """Turn the market upside down: price p becomes MIDDLE - p."""
    return replace(
        candles,
        open=MIDDLE - candles.open,
        high=MIDDLE - candles.low,
        low=MIDDLE - candles.high,
        close=MIDDLE - candles.close,
    )


def splice(first: Candles, second: Candles, at: int) -> Candles:
    """Return the first market up to a bar and the second one from there on."""
    columns = zip(first.columns[1:], second.columns[1:], strict=True)
    return Candles.from_columns(first.time, *(np.r_[a[:at], b[at:]] for a, b in columns))
