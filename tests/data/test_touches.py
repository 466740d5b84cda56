"""Touches, bounces and retests of an average."""

import numpy as np
import pytest

from ml_training.data.indicators import compute_use, make_use
from ml_training.data.indicators.touches import TouchLimits, find_retests, latest
from tests.data.builders import candles_from_closes, random_candles
from tests.data.indicator_builders import upside_down

LIMITS = TouchLimits(
    tolerance_atr=0.2, bounce_atr=0.5, break_atr=0.5, min_gap_bars=4, max_gap_bars=10
)


def follow(distances, limits=LIMITS):
    """Run bars without range at these distances from a flat average, in ATR."""
    close = np.asarray(distances, float)
    touched, retested = find_retests(close, close, close, np.ones(len(close)), limits)
    return np.flatnonzero(touched).tolist(), np.flatnonzero(retested).tolist()


def test_touch_is_seen_when_price_comes_down_to_the_average_and_holds():
    assert follow([2, 1, 0.1, 1]) == ([2], [])


def test_touch_is_not_seen_when_price_comes_from_below():
    assert follow([-2, -1, 0.1, 1]) == ([], [])


def test_touch_is_not_seen_when_the_close_falls_through():
    assert follow([2, 1, -0.3, 1]) == ([], [])


def test_retest_is_seen_when_price_bounces_and_comes_back():
    touches, retests = follow([2, 0.1, 1, 1, 1, 0.1])
    assert touches == [1, 5]
    assert retests == [5]


def test_retest_is_not_seen_when_price_never_bounced():
    assert follow([2, 0.1, 0.3, 0.3, 0.3, 0.1]) == ([1, 5], [])


def test_retest_is_not_seen_when_it_comes_too_early():
    assert follow([2, 0.1, 1, 0.1]) == ([1, 3], [])


def test_retest_is_not_seen_when_it_comes_too_late():
    assert follow([2, 0.1, *[1] * 10, 0.1]) == ([1, 12], [])


def test_retest_is_not_seen_when_a_close_broke_through():
    assert follow([2, 0.1, 1, -0.6, 1, 1, 0.1]) == ([1, 6], [])


def test_retest_is_still_seen_when_the_touch_lasts_two_bars():
    touches, retests = follow([2, 0.1, 1, 1, 1, 0.1, 0.1])
    assert touches == [1, 5, 6]
    assert retests == [5, 6]


def test_retest_is_seen_when_an_older_touch_lies_far_enough_back():
    _, retests = follow([2, 0.1, 1, 1, 0.1, 1, 0.1])
    assert retests == [6]  # 2 bars after the touch at 4, but 5 after the one at 1


def test_retest_is_not_seen_when_the_only_bounce_came_before_the_touch():
    assert follow([2, 1, 0.1, 0.3, 0.3, 0.3, 0.1]) == ([2, 6], [])


def test_wick_touches_when_the_close_stays_away():
    close = np.array([2.0, 1.0, 1.0])
    near, far = np.array([1.5, 0.1, 0.8]), close + 0.2
    touched, _ = find_retests(close, near, far, np.ones(3), LIMITS)
    assert np.flatnonzero(touched).tolist() == [1]


def test_latest_event_is_minus_one_when_none_has_come():
    assert latest(np.array([], int), np.array([0, 5])).tolist() == [-1, -1]


def brute_force(market, limits, average, atr):
    """Tell retests bar by bar, remembering what a trader would."""
    close = market.close - average
    found = np.zeros(len(close))
    touches, bounces = [], []
    for at in range(1, len(close)):
        reach = limits.tolerance_atr * atr[at]
        is_near = (
            market.low[at] - average[at] <= reach <= market.high[at] - average[at] + 2 * reach
        )
        if close[at] < -limits.break_atr * atr[at]:
            touches.clear()
        is_touch = close[at - 1] > 0 and is_near and close[at] >= -reach
        if is_touch:
            early, late = at - limits.max_gap_bars, at - limits.min_gap_bars
            tested = [t for t in touches if early <= t <= late]
            found[at] = any(t <= bounce for t in tested for bounce in bounces)
            touches.append(at)
        if close[at] >= limits.bounce_atr * atr[at]:
            bounces.append(at)
    return found


@pytest.mark.parametrize("seed", range(5))
def test_retests_agree_with_a_loop_when_the_market_is_random(seed):
    market = random_candles(3000, seed=seed)
    use = make_use("retest", length=18, output="retest", max_gap_bars=10)
    average = compute_use(make_use("sma", length=18), market)["value"]
    atr = compute_use(make_use("atr"), market)["value"]
    start = 17
    wanted = brute_force(market.slice(start, 3000), LIMITS, average[start:], atr[start:])
    found = compute_use(use, market)["retest"][start:]
    np.testing.assert_array_equal(found == 1, wanted == 1)
    assert wanted.sum() > 10


def test_resistance_is_negative_when_price_comes_from_below():
    market = random_candles(3000)
    down = compute_use(make_use("retest", length=18), market)
    assert {-1.0, 0.0, 1.0} == set(np.unique(down["retest"][18:]))
    mirrored = compute_use(make_use("retest", length=18), upside_down(market))
    assert (mirrored["touch"][18:] == -down["touch"][18:]).mean() > 0.999


def test_bars_count_from_the_last_touch_when_there_was_one():
    found = compute_use(make_use("retest", length=18), random_candles(300))
    touched = np.flatnonzero(found["touch"][18:]) + 18
    assert (found["bars"][touched] == 0).all()
    assert np.isnan(found["bars"][18 : touched[0]]).all()
    assert found["bars"][touched[0] + 1] in {0, 1}


def test_slope_is_one_tenth_of_an_atr_when_price_rises_by_that():
    market = candles_from_closes(100 + np.arange(100) * 0.1, wick=0.45)  # true range 1
    values = compute_use(make_use("slope", length=10, over=3), market)["value"]
    assert values[-1] == pytest.approx(0.1)


def test_distance_is_in_atr_when_price_rises_steadily():
    market = candles_from_closes(100 + np.arange(100) * 0.1, wick=0.45)
    values = compute_use(make_use("distance", length=11), market)["value"]
    assert values[-1] == pytest.approx(0.5)  # the mean of 11 closes lies 5 bars back


def test_standard_score_is_nothing_when_nothing_moves():
    values = compute_use(make_use("zscore"), candles_from_closes([1.0] * 40))["value"]
    assert (values[19:] == 0.0).all()
