"""Pivots, swings and retracements say what a chart shows, and only once it shows it."""

import numpy as np
import pytest

from ml_training.data.indicators import Bars, compute_use, make_use
from ml_training.data.indicators.legs import find_legs, find_pivots
from ml_training.data.indicators.swings import running_min
from tests.data.builders import candles_from_closes, random_candles
from tests.data.indicator_builders import rough_market

# A leg up of 12, half of it back, and on: pivots at bar 20 (low), 32 (high), 38 (low).
CLOSES = [
    *(100.0 - 0.5 * np.arange(20)),
    *(90.0 + np.arange(12)),
    *(102.0 - np.arange(6)),
    *(96.0 + np.arange(10)),
]
MARKET = candles_from_closes(CLOSES, wick=0.1)
SWING = {"strength": 2, "min_atr": 3.0, "atr_length": 5}


def line(key, output, market=MARKET, **params):
    return compute_use(make_use(key, output=output, **params), market)[output]


def pivots_by_hand(market, strength):
    """Look at every bar with its neighbours, as a person would."""
    highs, lows = [], []
    for at in range(strength, len(market) - strength):
        left, right = slice(at - strength, at), slice(at + 1, at + strength + 1)
        high, low = market.high[at], market.low[at]
        if (market.high[left] < high).all() and (market.high[right] <= high).all():
            highs.append(at + strength)
        if (market.low[left] > low).all() and (market.low[right] >= low).all():
            lows.append(at + strength)
    return highs, lows


@pytest.mark.parametrize("strength", [1, 2, 5])
def test_pivots_are_those_a_person_finds_when_the_market_is_rough(strength):
    market = rough_market(400, 7)
    highs, lows = find_pivots(Bars(market), strength)
    assert (np.flatnonzero(highs).tolist(), np.flatnonzero(lows).tolist()) == pivots_by_hand(
        market, strength
    )


def test_pivot_is_unknown_when_its_right_side_is_not_complete():
    high = line("pivot", "high")
    at = int(np.argmax(MARKET.high[:40]))
    assert high[at + 1] != MARKET.high[at]
    assert high[at + 2] == MARKET.high[at]


def test_bars_are_counted_from_where_the_pivot_stands_when_it_is_confirmed():
    bars, at = line("pivot", "high_bars"), int(np.argmax(MARKET.high[:40]))
    assert bars[at + 2] == 2
    assert bars[at + 3] == 3


def test_first_of_two_equal_highs_counts_when_both_could():
    market = candles_from_closes([1, 2, 3, 3, 2, 1, 1, 1], wick=0.0)
    highs, _ = find_pivots(Bars(market), 2)
    assert np.flatnonzero(highs).tolist() == [4]  # stands at bar 2, known at bar 4


def test_no_pivot_is_found_when_there_are_too_few_bars():
    highs, lows = find_pivots(Bars(MARKET.slice(0, 4)), 2)
    assert not highs.any()
    assert not lows.any()


def test_swing_runs_from_low_to_high_when_the_leg_is_large_enough():
    top = int(np.argmax(MARKET.high[:40]))
    known = top + 2
    assert line("swing", "up_low", **SWING)[known] == MARKET.low[20:32].min()
    assert line("swing", "up_high", **SWING)[known] == MARKET.high[top]
    assert line("swing", "direction", **SWING)[known] == 1
    assert np.isnan(line("swing", "up_high", **SWING)[known - 1])


def test_last_swing_up_stays_known_when_the_market_turns_down():
    end = len(MARKET) - 1
    assert line("swing", "up_high", **SWING)[end] == MARKET.high[20:38].max()
    assert line("swing", "down_low", **SWING)[end] == MARKET.low[36:40].min()


def test_small_swings_are_passed_over_when_they_must_be_larger():
    few = find_legs(Bars(random_candles(2000)), 2, 8.0, 14)
    many = find_legs(Bars(random_candles(2000)), 2, 1.0, 14)
    assert 0 < len(few.known_at) < len(many.known_at)
    sizes = line("swing_size", "up", random_candles(2000), min_atr=8.0)
    assert np.nanmin(sizes) >= 8.0


def test_half_is_retraced_when_half_of_the_leg_is_given_back():
    up, top = line("retraced", "up", **SWING), int(np.argmax(MARKET.high[:40]))
    low, high = MARKET.low[20:32].min(), MARKET.high[top]
    at = top + 5
    assert up[at] == pytest.approx((high - MARKET.close[at]) / (high - low))
    assert 0.4 < up[at] < 0.6


def test_deepest_retracement_remembers_when_price_has_come_back():
    deepest = line("retraced", "up_deepest", **SWING)
    closing = line("retraced", "up", **SWING)
    assert closing[-1] < deepest[-1]
    top = int(np.argmax(MARKET.high[:40]))
    lowest = MARKET.low[top + 1 :].min()
    low, high = MARKET.low[20:32].min(), MARKET.high[top]
    assert deepest[-1] == pytest.approx((high - lowest) / (high - low))


@pytest.mark.parametrize("strength", [1, 2, 4])
def test_deepest_retracement_agrees_with_a_loop_when_the_market_is_rough(strength):
    market = rough_market(400, 11)
    params = {"strength": strength, "min_atr": 2.0, "atr_length": 5}
    legs = find_legs(Bars(market), strength, 2.0, 5)
    deepest = line("retraced", "up_deepest", market, **params)
    end, high, low = (legs.spread(x) for x in (legs.up_end, legs.up_high, legs.up_low))
    for at in np.flatnonzero(np.isfinite(deepest)):
        lowest = market.low[int(end[at]) + 1 : at + 1].min()
        assert deepest[at] == pytest.approx((high[at] - lowest) / (high[at] - low[at]))


def test_retracement_levels_are_prices_within_the_swing_when_between_0_and_1():
    high, low = (line("swing", name, **SWING) for name in ("up_high", "up_low"))
    for level in (0.0, 0.382, 0.618, 1.0):
        found = line("retracement", "up", level=level, **SWING)
        np.testing.assert_allclose(found, high - level * (high - low))


def test_age_counts_from_the_end_of_the_swing_when_it_is_known():
    age, top = line("swing_age", "up", **SWING), int(np.argmax(MARKET.high[:40]))
    assert age[top + 2] == 2
    assert age[-1] == len(MARKET) - 1 - top


def test_size_stays_when_only_the_other_side_moves():
    size = line("swing_size", "up", **SWING)
    known = np.flatnonzero(np.isfinite(size))
    assert len(np.unique(size[known])) == 1


def test_nothing_is_known_when_the_market_never_moves():
    market = candles_from_closes([1.0] * 100)
    for key in ("pivot", "swing", "retraced", "retracement", "swing_age", "swing_size"):
        for values in compute_use(make_use(key), market).values():
            assert np.isnan(values).all()


def test_legs_are_found_once_when_several_indicators_read_them():
    bars = Bars(MARKET)
    legs = find_legs(bars, 2, 2.0, 14)
    assert find_legs(bars, 2, 2.0, 14) is legs
    assert find_legs(bars, 2, 3.0, 14) is not legs


def test_swings_alternate_when_a_zigzag_is_followed():
    legs = find_legs(Bars(random_candles(3000, seed=2)), 2, 3.0, 14)
    is_up = legs.direction > 0
    turned = np.flatnonzero(is_up[1:] & ~is_up[:-1]) + 1
    # a new swing up begins where the swing down ended
    np.testing.assert_array_equal(legs.up_low[turned], legs.down_low[turned])
    assert (legs.up_high[is_up] > legs.up_low[is_up]).all()


def test_running_minimum_starts_anew_when_a_segment_does():
    values = np.array([3.0, 2.0, 5.0, 4.0, 6.0, 1.0])
    age = np.array([0, 1, 0, 1, 2, 3])
    assert running_min(values, age).tolist() == [3, 2, 5, 4, 4, 1]
