"""Where stop and target stand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml_training.data.frame import Frame
from ml_training.data.indicators import make_use
from ml_training.data.instruments import guess_instrument
from ml_training.data.rules import exit_prices, parse_rules
from tests.data.builders import candles_from_closes, random_candles
from tests.data.rule_builders import EXIT, document, whole_candles

EURUSD, USDJPY = guess_instrument("EURUSD"), guess_instrument("USDJPY")


def place(exit_, index, side, entry, *, candles=None, instrument=EURUSD, short="mirror"):
    """Return stops and targets for setups on the given candles."""
    rules = parse_rules(
        document(
            {"left": {"ind": "mom"}, "op": ">", "right": 0}, short=short, exit={**EXIT, **exit_}
        )
    )
    frame = Frame(random_candles(100) if candles is None else candles, "1h")
    return exit_prices(
        rules,
        frame,
        instrument,
        np.asarray(index),
        np.asarray(side, np.int8),
        np.asarray(entry, float),
    )


def test_atr_distance_uses_the_atr_of_the_signal_bar():
    candles = random_candles(100)
    atr = Frame(candles, "1h").indicator(make_use("atr", length=7))
    exit_ = {"stop_loss": {"atr": 1.5, "length": 7}, "take_profit": {"atr": 3, "length": 7}}
    stop, target = place(exit_, [50, 60], [1, -1], [1.1, 1.2], candles=candles)
    np.testing.assert_allclose(stop, [1.1 - 1.5 * atr[50], 1.2 + 1.5 * atr[60]])
    np.testing.assert_allclose(target, [1.1 + 3 * atr[50], 1.2 - 3 * atr[60]])


def test_percent_distance_is_of_the_entry_price():
    exit_ = {"stop_loss": {"percent": 2}, "take_profit": {"percent": 5}}
    stop, target = place(exit_, [50, 50], [1, -1], [200, 200])
    np.testing.assert_allclose(stop, [196, 204])
    np.testing.assert_allclose(target, [210, 190])


@pytest.mark.parametrize(("instrument", "pip"), [(EURUSD, 0.0001), (USDJPY, 0.01)])
def test_pip_distance_is_in_the_instruments_own_pip(instrument, pip):
    exit_ = {"stop_loss": {"pips": 20}, "take_profit": {"pips": 30}}
    stop, target = place(exit_, [50], [1], [100], instrument=instrument)
    np.testing.assert_allclose(stop, 100 - 20 * pip)
    np.testing.assert_allclose(target, 100 + 30 * pip)


def test_r_target_is_a_multiple_of_the_stop_distance():
    exit_ = {"stop_loss": {"percent": 1}, "take_profit": {"r": 2.5}}
    stop, target = place(exit_, [50, 50], [1, -1], [100, 100])
    np.testing.assert_allclose(stop, [99, 101])
    np.testing.assert_allclose(target, [102.5, 97.5])


def test_level_stop_stands_at_the_level_and_at_its_mirror():
    candles = candles_from_closes([10, 12, 11], wick=1)
    exit_ = {"stop_loss": {"level": "low"}, "take_profit": {"r": 1}}
    stop, target = place(exit_, [2, 2], [1, -1], [11.5, 11.5], candles=candles)
    np.testing.assert_allclose(stop, [10, 13])
    np.testing.assert_allclose(target, [13, 10])


def test_level_offset_stands_beyond_the_level_in_atr():
    candles = random_candles(100)
    atr = Frame(candles, "1h").indicator(make_use("atr", length=5))[50]
    level = {"level": "close", "offset_atr": 0.5, "length": 5}
    exit_ = {"stop_loss": level, "take_profit": {"r": 1}}
    close = candles.close[50]
    stop, _ = place(exit_, [50, 50], [1, -1], [close, close], candles=candles)
    np.testing.assert_allclose(stop, [close - 0.5 * atr, close + 0.5 * atr])


def test_level_may_be_an_expression_of_prices():
    candles = candles_from_closes([10, 12, 11], wick=1)
    lowest = {"expr": "min", "of": ["low", {"price": "low", "shift": 1}]}
    exit_ = {"stop_loss": {"level": lowest}, "take_profit": {"r": 1}}
    stop, _ = place(exit_, [2, 2], [1, -1], [11.5, 11.5], candles=candles)
    np.testing.assert_allclose(stop, [9, 13])


def test_setup_has_no_prices_when_the_atr_has_none_yet():
    stop, target = place({}, [3, 50], [1, 1], [1.1, 1.1])
    assert np.isnan(stop).tolist() == np.isnan(target).tolist() == [True, False]


def test_setup_has_no_prices_when_the_level_has_none():
    level = {"level": {"ind": "pivot", "output": "low"}}
    candles = candles_from_closes(range(10, 40))
    stop, target = place({"stop_loss": level}, [25], [1], [36], candles=candles)
    assert np.isnan(stop).all()
    assert np.isnan(target).all()


@pytest.mark.parametrize(("side", "entry"), [(1, 9.5), (1, 10.0), (-1, 13.5), (-1, 13.0)])
def test_setup_has_no_prices_when_the_stop_would_not_lie_behind_the_entry(side, entry):
    candles = candles_from_closes([10, 12, 11], wick=1)
    exit_ = {"stop_loss": {"level": "low"}, "take_profit": {"r": 1}}
    stop, target = place(exit_, [2], [side], [entry], candles=candles)
    assert np.isnan(stop).all()
    assert np.isnan(target).all()


def test_prices_are_empty_when_there_are_no_setups():
    stop, target = place({}, np.array([], int), [], [])
    assert len(stop) == len(target) == 0


def test_short_setups_of_an_own_tree_have_a_mirrored_stop_level():
    candles = candles_from_closes([10, 12, 11], wick=1)
    exit_ = {"stop_loss": {"level": "low"}, "take_profit": {"r": 1}}
    own = {"left": "close", "op": "falling"}
    stop, _ = place(exit_, [2], [-1], [11.5], candles=candles, short=own)
    np.testing.assert_allclose(stop, [13])


stops = st.sampled_from(
    [
        {"atr": 1},
        {"percent": 0.5},
        {"pips": 30},
        {"level": {"ind": "pivot", "output": "low"}, "offset_atr": 0.2},
        {"level": {"ind": "bbands", "output": "lower"}},
    ]
)
targets = st.sampled_from([{"atr": 2}, {"percent": 1}, {"pips": 60}, {"r": 1.5}])


@given(stops, targets, st.integers(0, 1000))
@settings(max_examples=100, deadline=None)
def test_entry_lies_between_stop_and_target_whenever_both_exist(stop_loss, take_profit, seed):
    candles = whole_candles(120, seed)
    index = np.repeat(np.arange(119), 2)
    side = np.tile([1, -1], 119)
    entry = candles.open[index + 1]
    exit_ = {"stop_loss": stop_loss, "take_profit": take_profit}
    stop, target = place(exit_, index, side, entry, candles=candles)
    known = np.isfinite(stop)
    assert np.array_equal(known, np.isfinite(target))
    assert known.any()
    assert ((entry - stop) * side > 0)[known].all()
    assert ((target - entry) * side > 0)[known].all()
