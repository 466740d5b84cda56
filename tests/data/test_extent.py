"""A set of setups is found again after candles were added."""

from dataclasses import replace

import numpy as np

from ml_training.data.extent import cut_to_extent, describe_extent
from ml_training.data.labelled import LabelledSet, concat_sets
from tests.data.setup_builders import make_set


def take_first(rows: LabelledSet, n: int) -> LabelledSet:
    return rows.take(np.arange(n))


def test_set_is_the_same_to_the_bit_when_markets_went_on():
    euro, gold = make_set(50), make_set(40, symbol="XAUUSD")
    slow = replace(make_set(30), timeframe=np.full(30, "4h"))
    then = concat_sets([take_first(euro, 44), take_first(gold, 15), take_first(slow, 30)])
    now = concat_sets([euro, gold, slow])
    found = cut_to_extent(now, describe_extent(then))
    assert found.digest() == then.digest()
    assert found.digest() != now.digest()


def test_weights_are_those_of_then_when_later_setups_overlap():
    rows = make_set(30)
    long = replace(rows, t1=rows.t1 + 10 * 3_600)
    then, now = concat_sets([take_first(long, 20)]), concat_sets([long])
    assert now.weight[19] < then.weight[19]
    np.testing.assert_array_equal(cut_to_extent(now, describe_extent(then)).weight, then.weight)


def test_market_that_was_not_there_is_left_out():
    then = make_set(20)
    now = concat_sets([then, make_set(20, symbol="GBPUSD")])
    assert set(cut_to_extent(now, describe_extent(then)).symbol.tolist()) == {"EURUSD"}


def test_set_is_shorter_when_setups_have_gone():
    then = make_set(20)
    assert len(cut_to_extent(take_first(then, 12), describe_extent(then))) == 12


def test_extent_counts_every_market():
    rows = concat_sets([make_set(7), make_set(5, symbol="XAUUSD")])
    assert describe_extent(rows) == [
        {"symbol": "EURUSD", "timeframe": "1h", "n": 7},
        {"symbol": "XAUUSD", "timeframe": "1h", "n": 5},
    ]
    assert describe_extent(take_first(rows, 0)) == []
