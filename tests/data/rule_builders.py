"""Rules documents for tests: small fixed ones, random ones, and hostile JSON."""

from typing import Any

import numpy as np
from hypothesis import strategies as st

from ml_training.data.candles import Candles

Json = dict[str, Any]

EXIT: Json = {"take_profit": {"atr": 2}, "stop_loss": {"atr": 1}, "max_bars": 48}
ABOVE: Json = {"left": "close", "op": ">", "right": {"ind": "sma", "length": 4}}
COLUMNS = ("open", "high", "low", "close")


def document(long: object = None, **others: Any) -> Json:
    """Make a rules document with the usual exit."""
    return {"long": ABOVE if long is None else long, "exit": EXIT, **others}


def whole_candles(n: int, seed: int, *, step_s: int = 3600) -> Candles:
    """Make candles of whole prices near 1,000: sums and reflections are exact."""
    rng = np.random.default_rng(seed)
    steps = rng.choice([-6, -5, -3, -2, -1, 1, 2, 3, 5, 6], n)
    close = 1000.0 + np.cumsum(steps)
    open_ = np.r_[close[:1], close[:-1]] + rng.integers(-1, 2, n)
    high = np.maximum(open_, close) + rng.integers(0, 4, n)
    low = np.minimum(open_, close) - rng.integers(0, 4, n)
    volume = rng.integers(1, 100, n).astype(float)
    return Candles.from_columns(step_s * np.arange(n), open_, high, low, close, volume)


def reflected(candles: Candles, centre: float = 2000.0) -> Candles:
    """Turn candles upside down: every price p becomes centre - p."""
    return Candles.from_columns(
        candles.time,
        centre - candles.open,
        centre - candles.low,
        centre - candles.high,
        centre - candles.close,
        candles.volume,
    )


SHIFTS = st.integers(0, 3)
LENGTHS = st.sampled_from([2, 3, 4, 8])


def places(operands: st.SearchStrategy[Json], *, higher: bool) -> st.SearchStrategy[Json]:
    """Add shifts and, where asked for, a higher timeframe to operands."""
    timeframes = st.sampled_from([None, "4h"]) if higher else st.none()
    return st.builds(
        lambda operand, shift, tf: {**operand, "shift": shift, "tf": tf},
        operands,
        SHIFTS,
        timeframes,
    )


def prices(*, higher: bool = True) -> st.SearchStrategy[Json]:
    """Draw operands on the price scale."""
    columns = st.builds(lambda name: {"price": name}, st.sampled_from(COLUMNS))
    averages = st.builds(
        lambda length, source: {"ind": "sma", "length": length, "source": source},
        st.sampled_from([2, 4, 8]),
        st.sampled_from(COLUMNS),
    )
    return places(columns | averages, higher=higher)


def ranges(*, higher: bool = True) -> st.SearchStrategy[Json]:
    """Draw operands that no mirror changes."""
    return places(st.builds(lambda n: {"ind": "atr", "length": n}, LENGTHS), higher=higher)


def differences(*, higher: bool = True) -> st.SearchStrategy[Json]:
    """Draw operands that change their sign in the mirror."""
    pairs = st.lists(prices(higher=higher), min_size=2, max_size=2)
    return st.builds(lambda of: {"expr": "-", "of": of}, pairs)


def percentages(*, higher: bool = True) -> st.SearchStrategy[Json]:
    """Draw operands from 0 to 100 that turn around 50."""
    return places(st.builds(lambda n: {"ind": "rsi", "length": n}, LENGTHS), higher=higher)


def leaves(*, higher: bool = True) -> st.SearchStrategy[Json]:
    """Draw plain conditions of items that all have an exact mirror."""
    price, delta = prices(higher=higher), differences(higher=higher)
    percent, spread = percentages(higher=higher), ranges(higher=higher)
    comparison = st.sampled_from(
        [">", ">=", "<", "<=", "crosses_above", "crosses_below", "crosses"]
    )
    between = st.sampled_from(["between", "outside"])
    moving = st.sampled_from(["rising", "falling"])
    extreme = st.sampled_from(["is_highest", "is_lowest"])
    numbers = st.integers(-8, 8)
    levels = st.sampled_from([20.5, 30.5, 45.5, 61.5])
    anything = price | delta | spread  # of an RSI two equal values differ by rounding

    def compare(left: st.SearchStrategy[Any], right: st.SearchStrategy[Any]) -> Any:
        return st.fixed_dictionaries({"left": left, "op": comparison, "right": right})

    def enclose(left: st.SearchStrategy[Any], ends: st.SearchStrategy[Any]) -> Any:
        return st.fixed_dictionaries({"left": left, "op": between, "right": ends})

    def watch(op: st.SearchStrategy[str], bars: st.SearchStrategy[int]) -> Any:
        return st.fixed_dictionaries({"left": anything, "op": op, "bars": bars})

    change = st.fixed_dictionaries(
        {
            "left": spread | delta,
            "op": st.just("changed_by_pct"),
            "right": st.sampled_from([-30.5, -5.5, 5.5, 30.5]),
            "bars": st.integers(1, 4),
        }
    )
    drawn = st.one_of(
        compare(price, price),
        compare(delta, numbers | delta | spread),
        compare(spread, numbers),
        compare(percent, levels),
        enclose(price, st.lists(price, min_size=2, max_size=2)),
        enclose(percent, st.just([30.5, 70.5])),
        enclose(delta, st.just([-2, 3])),
        watch(moving, st.integers(1, 3)),
        watch(extreme, st.integers(2, 6)),
        change,
    )
    return drawn.filter(lambda leaf: leaf.get("right") != leaf["left"])


def entries(*, higher: bool = True) -> st.SearchStrategy[Json]:
    """Draw trees of conditions, at most four groups deep."""

    def grow(inner: st.SearchStrategy[Json]) -> st.SearchStrategy[Json]:
        members = st.lists(inner, min_size=1, max_size=3)
        return st.one_of(
            members.map(lambda of: {"all": of}),
            members.map(lambda of: {"any": of}),
            inner.map(lambda of: {"not": of}),
            members.flatmap(
                lambda of: st.integers(1, len(of)).map(lambda n: {"at_least": n, "of": of})
            ),
            st.builds(
                lambda bars, of: {"op": "within_last", "bars": bars, "of": of},
                st.integers(2, 4),
                inner,
            ),
        )

    leaf = leaves(higher=higher)
    level_1 = leaf | grow(leaf)
    return level_1 | grow(level_1)


TEXT = """version long short exit filters costs all any not at_least of left op right bars ind
price expr shift tf output length take_profit stop_loss max_bars atr percent pips r level
offset_atr sessions weekdays cooldown_bars one_open_per_symbol spread_pips commission_bps mirror
from_instrument > < crosses_above between rising is_highest changed_by_pct within_last ema rsi
close high 4h london + - abs"""
WORDS = st.sampled_from(TEXT.split())  # random JSON of these words gets deep into the parser

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from([10**400, -(10**400), 2**63, -1, 0]),
    st.floats(),
    st.text(max_size=5),
    WORDS,
)


def any_json() -> st.SearchStrategy[Any]:
    """Draw any JSON value, often made of the words of the grammar."""
    return st.recursive(
        SCALARS,
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(WORDS | st.text(max_size=3), inner, max_size=5)
        ),
        max_leaves=25,
    )
