"""Sessions, pivots, zigzags and touches on bars drawn by hand."""

import numpy as np
import pytest

from ml_training.data.candles import Candles
from ml_training.data.indicators import Bars, compute_use, make_use
from ml_training.data.indicators.legs import DOWN, UNKNOWN, UP, Zigzag, find_pivots
from ml_training.data.indicators.session import find_opens, sum_within
from ml_training.data.indicators.touches import TouchLimits, bars_since, find_retests
from tests.data.builders import MONDAY, candles_from_rows

HOUR = 3600
NAN = np.nan
# (open, high, low, close): typical prices 10, 20, 30 and, on the next day, 40 and 70.
ROWS = [(9, 12, 8, 10), (20, 22, 18, 20), (30, 33, 27, 30), (40, 41, 39, 40), (70, 75, 65, 70)]
EVENING = MONDAY + 21 * HOUR  # three hours of one day, then the next


def drawn(volume):
    table = np.asarray(ROWS, float)
    time = EVENING + HOUR * np.arange(len(ROWS))
    return Candles.from_columns(time, *table.T, np.asarray(volume, float))


@pytest.mark.parametrize(
    ("volume", "expected"),
    [
        ([1, 1, 1, 1, 1], [10, 15, 20, 40, 55]),
        ([1, 3, 0, 1, 2], [10, 17.5, 17.5, 40, 60]),
        ([0, 0, 1, 0, 0], [10, 15, 30, 40, 55]),  # weighs alike until something trades
    ],
)
def test_average_price_is_that_of_paper_and_pencil_when_a_day_ends(volume, expected):
    values = compute_use(make_use("vwap"), drawn(volume))["value"]
    np.testing.assert_allclose(values, expected, rtol=1e-12)


@pytest.mark.parametrize(
    ("n_bars", "high", "low"),
    [
        (1, [NAN, NAN, NAN, 41, 41], [NAN, NAN, NAN, 39, 39]),
        (2, [NAN, NAN, NAN, NAN, 75], [NAN, NAN, NAN, NAN, 39]),
        (3, [NAN] * 5, [NAN] * 5),
    ],
)
def test_opening_range_spans_its_bars_when_they_have_closed(n_bars, high, low):
    lines = compute_use(make_use("opening_range", bars_in_range=n_bars), drawn([1] * 5))
    np.testing.assert_array_equal(lines["high"], high)
    np.testing.assert_array_equal(lines["low"], low)


def test_ages_and_sums_start_anew_when_a_day_does():
    opens = find_opens(Bars(drawn([1] * 5)), "day")
    assert opens.first.tolist() == [0, 3]
    assert opens.age().tolist() == [0, 1, 2, 0, 1]
    assert opens.spread(np.array([7.0, 9.0])).tolist() == [7, 7, 7, 9, 9]
    assert sum_within(np.array([1.0, 2, 3, 4, 5]), opens).tolist() == [1, 3, 6, 4, 9]


def hill(highs, lows=None):
    """Make bars with these highs; lows lie 5 below unless given."""
    lows = [high - 5.0 for high in highs] if lows is None else lows
    return Bars(candles_from_rows([(h, h, low, low) for h, low in zip(highs, lows, strict=True)]))


@pytest.mark.parametrize(
    ("highs", "strength", "confirmed"),
    [
        ([10, 11, 12, 11, 10], 2, [4]),
        ([10, 11, 12, 11, 10], 1, [3]),
        ([10, 12, 12, 11, 10], 1, [2]),  # the first of equals, once its neighbour closed
        ([12, 12, 12, 12, 12], 1, []),
        ([10, 11, 12, 13, 14], 1, []),
        ([14, 13, 12, 11, 10], 1, []),
        ([10, 12, 10, 12, 10], 1, [2, 4]),
        ([10, 12, 10, 13, 10, 9, 8], 2, [5]),  # 12 has a higher bar two to its right
    ],
)
def test_high_is_confirmed_by_its_last_neighbour_when_it_is_a_pivot(highs, strength, confirmed):
    found, _ = find_pivots(hill(highs), strength)
    assert np.flatnonzero(found).tolist() == confirmed
    upside = [30.0 - high for high in highs]
    _, lows = find_pivots(hill([low + 5.0 for low in upside], upside), strength)
    assert np.flatnonzero(lows).tolist() == confirmed


def zigzag(*pivots, threshold=5.0):
    """Show pivots ("h" or "l", price) one bar apart; return it and which changed it."""
    walk = Zigzag()
    see = {"h": walk.see_high, "l": walk.see_low}
    return walk, [see[kind](price, at, threshold) for at, (kind, price) in enumerate(pivots)]


def test_zigzag_turns_when_the_move_is_exactly_the_threshold():
    walk, changed = zigzag(("l", 10.0), ("h", 14.9), ("h", 15.0), ("l", 10.1), ("l", 10.0))
    assert changed == [False, False, True, False, True]
    assert (walk.direction, walk.high, walk.high_at, walk.low_at) == (DOWN, 15.0, 2, 4)


def test_zigzag_goes_on_when_a_pivot_beats_the_last_and_only_then():
    walk, changed = zigzag(("l", 10.0), ("h", 20.0), ("h", 20.0), ("h", 21.0), ("h", 20.5))
    assert changed == [False, True, False, True, False]
    assert (walk.direction, walk.high, walk.high_at, walk.low) == (UP, 21.0, 3, 10.0)


def test_zigzag_remembers_the_extremes_when_no_swing_is_large_enough():
    walk, changed = zigzag(("l", 10.0), ("h", 12.0), ("l", 9.0), ("h", 13.0), ("l", 11.0))
    assert not any(changed)
    assert walk == Zigzag(UNKNOWN, 13.0, 3, 9.0, 2)


@pytest.mark.parametrize(
    ("start", "direction", "high_at", "low_at"),
    [
        (Zigzag(UP, 20.0, 1, 10.0, 0), DOWN, 7, 7),  # on to 25, then down to 12
        (Zigzag(DOWN, 20.0, 0, 14.0, 1), UP, 7, 7),  # on to 12, then up to 25
        (Zigzag(UP, 30.0, 1, 10.0, 0), DOWN, 1, 7),
        (Zigzag(UP, 15.0, 1, 10.0, 0), DOWN, 7, 7),
    ],
)
def test_bar_that_is_both_continues_the_swing_before_it_turns_it(
    start, direction, high_at, low_at
):
    assert start.see_both(25.0, 12.0, 7, 5.0)
    assert (start.direction, start.high_at, start.low_at) == (direction, high_at, low_at)


LIMITS = {
    "tolerance_atr": 0.25,
    "bounce_atr": 1.0,
    "break_atr": 1.0,
    "min_gap_bars": 3,
    "max_gap_bars": 5,
}


def retests(close, *, near=None, far=None, atr=1.0, **limits):
    """Return bars of touches and of retests at these distances from an average."""
    close = np.asarray(close, float)
    near = close if near is None else np.asarray(near, float)
    far = close if far is None else np.asarray(far, float)
    asked = TouchLimits(**LIMITS | limits)
    found = find_retests(close, near, far, np.full(len(close), atr), asked)
    return tuple(np.flatnonzero(mask).tolist() for mask in found)


@pytest.mark.parametrize(
    ("distance", "touches"), [(0.25, [1]), (0.26, []), (-0.25, [1]), (-0.26, []), (0.0, [1])]
)
def test_touch_lies_within_the_tolerance_when_it_is_exactly_as_wide(distance, touches):
    assert retests([2, distance, 2])[0] == touches
    assert retests([4, 2 * distance, 4], atr=2.0)[0] == touches


def test_bar_before_must_close_above_when_a_touch_is_to_count():
    assert retests([0.0, 0.0, 0.1])[0] == []
    assert retests([0.1, 0.0])[0] == [1]


def test_wick_touches_when_only_it_reaches_the_average():
    assert retests([2, 1.5, 2], near=[2, 0.2, 2])[0] == [1]
    assert retests([2, -0.1, 2], near=[2, -3, 2], far=[2, -0.3, 2])[0] == []


@pytest.mark.parametrize(
    ("n_between", "again"),
    [(1, []), (2, [4]), (3, [5]), (4, [6]), (5, [])],
)
def test_retest_comes_three_to_five_bars_after_the_touch_when_so_asked(n_between, again):
    touches, retested = retests([2, 0, *[1.5] * n_between, 0])
    assert touches == [1, n_between + 2]
    assert retested == again


@pytest.mark.parametrize(("bounce", "again"), [(1.0, [4]), (0.99, [])])
def test_retest_needs_a_bounce_when_it_is_exactly_as_far_as_asked(bounce, again):
    assert retests([2, 0, 0.5, bounce, 0])[1] == again


@pytest.mark.parametrize(("depth", "again"), [(-1.0, [5]), (-1.01, [])])
def test_retest_is_void_when_a_close_fell_further_than_the_break(depth, again):
    assert retests([2, 0, 1.5, depth, 0.5, 0])[1] == again


def test_bars_are_counted_when_something_has_happened_and_not_before():
    counted = bars_since(np.array([False, False, True, False, False, True]))
    np.testing.assert_array_equal(counted, [NAN, NAN, 0, 1, 2, 0])
