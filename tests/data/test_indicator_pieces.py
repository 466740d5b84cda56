"""The pieces indicators are built of: zigzag, ranges, lags, sources, sharing."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml_training.data.indicators import Bars
from ml_training.data.indicators.base import Param, choice, did_you_mean, real, whole
from ml_training.data.indicators.legs import DOWN, UNKNOWN, UP, Zigzag, find_legs
from ml_training.data.indicators.oscillators import share_of
from ml_training.data.indicators.ranges import (
    divide,
    lag,
    last_index,
    position_in_range,
    rolling_max,
    rolling_min,
)
from ml_training.data.indicators.sources import SOURCES, mirror_source, read_source
from tests.data.builders import candles_from_closes, random_candles

STEP = 3.0  # threshold of the zigzags below


def follow(*pivots):
    """Feed pivots, ("high" or "low", price), and return the zigzag."""
    zigzag = Zigzag()
    for at, (kind, price) in enumerate(pivots):
        see = zigzag.see_high if kind == "high" else zigzag.see_low
        see(price, at, STEP)
    return zigzag


def test_direction_is_unknown_when_nothing_was_large_enough():
    assert follow(("low", 10.0), ("high", 12.0)).direction == UNKNOWN


def test_first_swing_goes_up_when_a_high_is_far_above_the_lowest_low():
    zigzag = follow(("low", 10.0), ("low", 9.0), ("low", 9.5), ("high", 12.0))
    assert (zigzag.direction, zigzag.low, zigzag.low_at) == (UP, 9.0, 1)
    assert (zigzag.high, zigzag.high_at) == (12.0, 3)


def test_first_swing_goes_down_when_a_low_is_far_below_the_highest_high():
    zigzag = follow(("high", 10.0), ("high", 11.0), ("low", 8.0))
    assert (zigzag.direction, zigzag.high, zigzag.low) == (DOWN, 11.0, 8.0)


def test_swing_is_extended_when_a_higher_high_comes():
    zigzag = follow(("low", 9.0), ("high", 12.0), ("high", 13.0))
    assert (zigzag.direction, zigzag.high, zigzag.high_at, zigzag.low) == (UP, 13.0, 2, 9.0)


def test_swing_stays_when_a_lower_high_comes():
    assert follow(("low", 9.0), ("high", 12.0), ("high", 11.0)).high == 12.0


def test_swing_stays_when_the_pull_back_is_too_small():
    zigzag = follow(("low", 9.0), ("high", 12.0), ("low", 9.5))
    assert (zigzag.direction, zigzag.low) == (UP, 9.0)


def test_swing_turns_when_the_pull_back_is_large_enough():
    zigzag = follow(("low", 9.0), ("high", 12.0), ("low", 8.9), ("low", 8.5))
    assert (zigzag.direction, zigzag.high, zigzag.low, zigzag.low_at) == (DOWN, 12.0, 8.5, 3)


def test_swing_never_turns_when_the_threshold_is_unknown():
    zigzag = Zigzag()
    zigzag.see_low(9.0, 0, np.nan)
    assert not zigzag.see_high(99.0, 1, np.nan)
    assert zigzag.direction == UNKNOWN


def test_bar_extends_and_then_turns_when_it_is_both_pivots():
    zigzag = follow(("low", 9.0), ("high", 12.0))
    assert zigzag.see_both(14.0, 10.0, 2, STEP)
    assert (zigzag.direction, zigzag.high, zigzag.low) == (DOWN, 14.0, 10.0)
    assert zigzag.see_both(13.5, 9.0, 3, STEP)
    assert (zigzag.direction, zigzag.low, zigzag.high) == (UP, 9.0, 13.5)


def test_bar_decides_nothing_when_it_is_both_pivots_and_the_first():
    zigzag = Zigzag()
    assert not zigzag.see_both(20.0, 5.0, 0, STEP)
    assert (zigzag.direction, zigzag.high, zigzag.low) == (UNKNOWN, 20.0, 5.0)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10**6), min_atr=st.floats(0.5, 6.0))
def test_swings_are_large_enough_when_they_are_known(seed, min_atr):
    market = random_candles(400, seed)
    legs = find_legs(Bars(market), 2, min_atr, 14)
    is_up = legs.direction > 0
    assert (np.diff(legs.known_at) > 0).all()
    assert (legs.up_high[is_up] > legs.up_low[is_up]).all()
    assert (legs.down_high[~is_up] > legs.down_low[~is_up]).all()
    assert (legs.up_end[is_up] < legs.known_at[is_up]).all()
    high, low = market.high, market.low
    np.testing.assert_array_equal(high[legs.up_end[is_up].astype(int)], legs.up_high[is_up])
    np.testing.assert_array_equal(low[legs.down_end[~is_up].astype(int)], legs.down_low[~is_up])


@given(st.lists(st.floats(-100, 100), min_size=1, max_size=40), st.integers(1, 12))
def test_extremes_agree_with_a_loop_when_windows_roll(numbers, length):
    values = np.array(numbers)
    highest, lowest = rolling_max(values, length), rolling_min(values, length)
    for t in range(len(values)):
        window = values[max(t - length + 1, 0) : t + 1]
        if t < length - 1:
            assert np.isnan([highest[t], lowest[t]]).all()
        else:
            assert (highest[t], lowest[t]) == (window.max(), window.min())


def test_extreme_of_one_bar_is_a_copy_when_taken():
    values = np.ones(3)
    assert not np.shares_memory(rolling_max(values, 1), values)


def test_quotient_is_the_stand_in_when_the_divisor_is_zero():
    found = divide(np.array([1.0, 1.0, np.nan]), np.array([2.0, 0.0, 1.0]), otherwise=7.0)
    np.testing.assert_array_equal(found, [0.5, 7.0, np.nan])


def test_position_is_the_middle_when_the_range_is_empty():
    flat = np.ones(5)
    assert position_in_range(flat, flat, flat, 3)[2:].tolist() == [0.5, 0.5, 0.5]


def test_share_is_a_half_when_running_sums_keep_crumbs():
    whole = np.r_[np.full(50, 0.1), np.zeros(50)] * 1e7
    part = whole * 0.3
    found = share_of(part, whole, 7)
    assert found[40] == pytest.approx(0.3)
    assert (found[60:] == 0.5).all()
    assert share_of(part, whole, 1)[40] == pytest.approx(0.3)


def test_lag_is_unknown_when_it_reaches_before_the_start():
    np.testing.assert_array_equal(lag(np.arange(3.0), 1), [np.nan, 0, 1])
    np.testing.assert_array_equal(lag(np.arange(3.0), 0), [0, 1, 2])
    assert np.isnan(lag(np.arange(3.0), 9)).all()


def test_last_index_is_carried_on_when_nothing_new_happens():
    happened = np.array([False, True, False, True, False])
    assert last_index(happened).tolist() == [-1, 1, 1, 3, 3]


@pytest.mark.parametrize("name", SOURCES)
def test_source_lies_within_the_bar_when_read(name):
    market = random_candles(50)
    values = read_source(Bars(market), name)
    assert (values <= market.high + 1e-12).all()
    assert (values >= market.low - 1e-12).all()


def test_source_keeps_other_parameters_when_mirrored():
    assert mirror_source({"source": "low", "length": 5}) == {"source": "high", "length": 5}
    assert mirror_source({"source": "close"}) == {"source": "close"}


def test_shared_work_is_done_once_when_the_key_is_the_same():
    bars, done = Bars(candles_from_closes([1.0, 2.0])), []
    for _ in range(3):
        assert bars.share("key", lambda: done.append(1) or "made") == "made"
    assert len(done) == 1
    assert len(bars) == 2


def test_parameters_describe_themselves_when_built():
    assert whole(5, 1, 9) == Param(5, 1, 9, "int")
    assert real(0.5, 0, 1).check("x", 1) == 1.0
    assert choice("a", "b").default == "a"


@pytest.mark.parametrize(
    ("word", "wanted"),
    [("emma", 'Did you mean "ema"?'), ("zzz", "Known: ema, sma"), ("", "Known: ema, sma")],
)
def test_hint_names_the_nearest_or_all_when_a_word_is_unknown(word, wanted):
    assert did_you_mean(word, ["ema", "sma"]) == wanted
