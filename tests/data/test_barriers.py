"""The walk itself: where it stops, what it has seen, and that shorts mirror longs."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml_training.data.barriers import Exits, Orders, walk_orders
from ml_training.data.candles import Candles
from tests.data.builders import candles_from_rows

ROWS = [(100, 101, 99, 100), (100, 103, 98.5, 102), (102, 105, 101, 104), (104, 104, 96, 97)]


def order(sign=1, *, first=0, end=4, stop=97.0, target=110.0, entry=100.0) -> Orders:
    return Orders(
        sign=sign,
        first=np.array([first]),
        end=np.array([end]),
        stop=np.array([sign * stop]),
        target=np.array([sign * target]),
        worst=np.array([sign * entry]),
        best=np.array([sign * entry]),
    )


def only(exits: Exits) -> dict[str, float]:
    return {name: getattr(exits, name)[0] for name in exits.__dataclass_fields__}


def test_walk_ends_in_the_last_bar_when_nothing_is_touched():
    exits, before = walk_orders(candles_from_rows(ROWS), order(end=3))
    found = only(exits)
    assert (found["at"], found["price"]) == (2, 104.0)
    assert (found["worst"], found["best"]) == (98.5, 105.0)
    assert not found["by_stop"]
    assert not found["by_target"]
    assert (before.first[0], before.end[0]) == (2, 3)


def test_extremes_before_the_exit_bar_are_kept_when_another_walk_goes_on():
    _, before = walk_orders(candles_from_rows(ROWS), order())
    assert before.first[0] == 3
    assert (before.worst[0], before.best[0]) == (98.5, 105.0)


def test_walk_sees_one_bar_only_when_it_ends_at_once():
    exits, before = walk_orders(candles_from_rows(ROWS), order(end=1))
    assert exits.at[0] == 0
    assert (before.worst[0], before.best[0]) == (100.0, 100.0)


def test_orders_do_not_change_when_they_are_walked():
    orders = order()
    copies = [np.copy(getattr(orders, name)) for name in ("first", "end", "worst", "best")]
    walk_orders(candles_from_rows(ROWS), orders)
    for name, copy in zip(("first", "end", "worst", "best"), copies, strict=True):
        np.testing.assert_array_equal(getattr(orders, name), copy)


def test_rows_are_replaced_but_their_bars_stay_when_finer_exits_take_over():
    coarse, _ = walk_orders(candles_from_rows(ROWS), order())
    finer, _ = walk_orders(candles_from_rows(ROWS), order(end=2))
    coarse.take_over(np.array([0]), finer)
    assert coarse.at[0] == 3
    assert coarse.price[0] == 102.0


def mirror(candles: Candles, around: float) -> Candles:
    """Turn the market upside down."""
    flip = 2 * around
    return Candles.from_columns(
        candles.time,
        flip - candles.open,
        flip - candles.low,
        flip - candles.high,
        flip - candles.close,
    )


@st.composite
def markets(draw):
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n = draw(st.integers(1, 30))
    close = 1000.0 + np.cumsum(rng.integers(-3, 4, n))
    opened = close - rng.integers(-3, 4, n)
    high = np.maximum(opened, close) + rng.integers(0, 4, n)
    low = np.minimum(opened, close) - rng.integers(0, 4, n)
    return candles_from_rows(np.column_stack((opened, high, low, close)))


@settings(max_examples=200, deadline=None)
@given(market=markets(), risk=st.integers(1, 12), reward=st.integers(1, 12))
def test_short_is_the_long_of_the_mirrored_market_when_both_are_walked(market, risk, reward):
    entry, n = float(market.open[0]), len(market)
    long = order(1, end=n, stop=entry - risk, target=entry + reward, entry=entry)
    short = order(-1, end=n, stop=entry + risk, target=entry - reward, entry=entry)
    here, _ = walk_orders(market, long)
    there, _ = walk_orders(mirror(market, entry), short)
    for name in ("at", "by_stop", "by_target", "ambiguous", "gapped"):
        assert only(here)[name] == only(there)[name]
    for name in ("price", "worst", "best"):
        assert only(here)[name] - entry == only(there)[name] + entry


@settings(max_examples=100, deadline=None)
@given(market=markets(), risk=st.integers(1, 12), reward=st.integers(1, 12))
def test_extremes_hold_the_fill_when_a_walk_has_ended(market, risk, reward):
    entry = float(market.open[0])
    orders = order(1, end=len(market), stop=entry - risk, target=entry + reward, entry=entry)
    found = only(walk_orders(market, orders)[0])
    assert found["worst"] <= found["price"] <= found["best"]
    assert found["worst"] <= entry <= found["best"] <= entry + reward
    assert not (found["by_stop"] and found["by_target"])


@pytest.mark.parametrize("sign", [1, -1])
def test_nothing_happens_when_there_are_no_orders(sign):
    none = np.array([])
    orders = Orders(sign, none.astype(int), none.astype(int), none, none, none, none)
    exits, _ = walk_orders(candles_from_rows(ROWS), orders)
    assert len(exits.at) == 0
