"""Counts, shares and bounds of every diagnosis, worked out one by one."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml_training.data.doctor import examine
from ml_training.data.doctor.jumps import QUIET_BARS
from ml_training.data.doctor.prices import LONG_STRETCH
from ml_training.data.doctor.times import FEW_BARS, HARDLY_ANY_BARS, LONG_GAP_S
from tests.data.builders import MONDAY, candles_from_closes, candles_from_rows
from tests.data.doctor.builders import altered, find, healthy, scaled, without

HOUR, DAY = 3600, 86_400


def crypto(n=1000):
    """Make hours without a gap in a market that never closes."""
    return healthy(n, calendar="crypto_24x7")


def find_always(candles, code):
    return find(candles, code, calendar="crypto_24x7")


def flattened(candles, bars):
    """Give bars one price only, that of their close."""
    columns = {name: getattr(candles, name).copy() for name in ("open", "high", "low")}
    for column in columns.values():
        column[bars] = candles.close[bars]
    return altered(candles, **columns)


@pytest.mark.parametrize(
    ("n", "severity"),
    [
        (FEW_BARS, None),
        (FEW_BARS - 1, "warning"),
        (HARDLY_ANY_BARS, "warning"),
        (HARDLY_ANY_BARS - 1, "critical"),
        (1, "critical"),
    ],
)
def test_bars_are_few_below_the_bounds_and_not_at_them(n, severity):
    found = find_always(crypto(n), "too_few_bars")
    assert (found and found.severity) == severity
    if found:
        assert found.count == n
        assert f"leaves {max(0, n - 200)} of them" in found.message


@pytest.mark.parametrize(("n_outside", "severity"), [(10, "warning"), (11, "critical")])
def test_loose_prices_are_grave_above_one_in_a_hundred(n_outside, severity):
    candles = crypto(1000)
    high = candles.high.copy()
    high[:n_outside] = np.minimum(candles.open, candles.close)[:n_outside] * 0.999
    low = np.minimum(candles.low, high)
    found = find_always(altered(candles, high=high, low=low), "prices_outside_range")
    assert (found.count, found.severity) == (n_outside, severity)
    assert ", ..." in found.message


@pytest.mark.parametrize(("n_empty", "severity"), [(1, "info"), (10, "info"), (11, "warning")])
def test_empty_volume_is_grave_above_one_in_a_hundred(n_empty, severity):
    candles = crypto(1000)
    volume = candles.volume.copy()
    volume[5 : 5 + n_empty] = 0.0
    found = find_always(altered(candles, volume=volume), "zero_volume")
    assert (found.count, found.severity) == (n_empty, severity)
    assert f"({n_empty / 1000:.2%})" in found.message
    assert found.first_time == candles.time[5]


@pytest.mark.parametrize(
    ("n_flat", "severity"),
    [(1, "info"), (10, "info"), (11, "warning"), (500, "warning"), (501, "critical")],
)
def test_flat_bars_are_graver_above_each_share(n_flat, severity):
    candles = crypto(1000)
    bars = np.arange(0, 1000)[:n_flat] if n_flat > 500 else np.arange(0, 2 * n_flat, 2)
    found = find_always(flattened(candles, bars), "flat_bars")
    assert (found.count, found.severity) == (n_flat, severity)
    assert f"({n_flat / 1000:.2%})" in found.message


@pytest.mark.parametrize("n_frozen", [LONG_STRETCH - 1, LONG_STRETCH, LONG_STRETCH + 7])
@pytest.mark.parametrize("start", [0, 300, None])
def test_stretch_of_one_price_is_counted_wherever_it_lies(n_frozen, start):
    close = np.round(1.1 + 0.001 * np.cos(np.arange(1000)), 6)
    start = 1000 - n_frozen if start is None else start
    close[start : start + n_frozen] = 1.25
    rows = [(c, c + 0.0001, c - 0.0001, c) for c in close]
    rows[start : start + n_frozen] = [(1.25,) * 4] * n_frozen
    candles = candles_from_rows(rows)
    found = find_always(candles, "frozen_prices")
    if n_frozen < LONG_STRETCH:
        assert found is None
        return
    assert f"stands still for {n_frozen} bars" in found.message
    assert found.first_time == candles.time[start]


def test_longest_of_two_stretches_is_told():
    rows = [(1.1 + i / 1e4, 1.2, 1.0, 1.1 + i / 1e4) for i in range(200)]
    rows[20:32] = [(1.5,) * 4] * 12
    rows[90:110] = [(1.6,) * 4] * 20
    candles = candles_from_rows(rows)
    found = find_always(candles, "frozen_prices")
    assert "for 20 bars" in found.message
    assert found.first_time == candles.time[90]


@pytest.mark.parametrize(
    ("missing", "n_places", "longest"),
    [([100], 1, 1), ([100, 101], 1, 2), ([100, 200, 201, 202], 2, 3)],
)
def test_gaps_are_counted_by_bars_and_places(missing, n_places, longest):
    candles = crypto(1000)
    found = find_always(without(candles, missing), "gaps")
    assert found.count == n_places
    assert found.first_time == candles.time[99]
    assert f"at most {longest} in a row" in found.message
    assert f"{len(missing) / 1000:.2%} of what the calendar expects" in found.message


@pytest.mark.parametrize(
    ("n_missing", "severity"),
    [(19, "info"), (20, "warning"), (99, "warning"), (100, "critical")],
)
def test_gaps_are_graver_from_each_share_on(n_missing, severity):
    found = find_always(without(crypto(1000), np.arange(500, 500 + n_missing)), "gaps")
    assert found.severity == severity


@pytest.mark.parametrize(("extra_s", "is_long"), [(0, False), (HOUR, True)])
def test_gap_is_long_beyond_thirty_days_and_not_at_them(extra_s, is_long):
    candles = crypto(1000)
    pushed = LONG_GAP_S - HOUR + extra_s
    time = np.where(np.arange(1000) >= 400, candles.time + pushed, candles.time)
    late = altered(candles, time=time)
    assert (find_always(late, "long_gap") is not None) == is_long
    assert (find_always(late, "gaps") is not None) != is_long


@pytest.mark.parametrize(("n_early", "severity"), [(9, "warning"), (10, "critical")])
def test_overlaps_are_grave_from_one_in_a_hundred_on(n_early, severity):
    candles = crypto(1000)
    time = candles.time.copy()
    time[10 : 10 + 2 * n_early : 2] -= 1
    found = find_always(altered(candles, time=time), "overlapping_bars")
    assert (found.count, found.severity) == (n_early, severity)
    assert found.first_time == time[10]


def daily_leap(at, log_return, *, n=400, by_day=0.0):
    """Make quiet days, one of which opens elsewhere and closes somewhat further."""
    close = 100.0 * (1 + 1e-4 * np.cos(np.arange(n)))
    rows = [(c, c * 1.001, c * 0.999, c) for c in close]
    candles = candles_from_rows(rows, step_s=DAY)
    moved = scaled(candles, at, np.exp(log_return + by_day))
    open_ = moved.open.copy()
    open_[at] = candles.open[at] * np.exp(log_return)
    high = np.maximum(moved.high, open_)
    return altered(moved, open=open_, high=high, low=np.minimum(moved.low, open_))


def kind_of(candles):
    codes = ("ticker_reuse", "split", "leap", "jumps")
    found = [d for d in examine(candles, "1d", "crypto_24x7") if d.code in codes]
    assert len(found) <= 1
    return found[0].code if found else None


@pytest.mark.parametrize("factor", [1.5, 2, 3, 4, 5, 7, 8, 10, 15, 20, 25, 30, 50, 100])
@pytest.mark.parametrize("sign", [1, -1])
def test_every_usual_factor_is_a_split_in_both_directions(factor, sign):
    found = kind_of(daily_leap(200, sign * np.log(factor)))
    assert found == "split"


@pytest.mark.parametrize(
    ("log_return", "kind"),
    [
        (np.log(2) + 0.025, "split"),
        (np.log(2) - 0.025, "split"),
        (np.log(2) + 0.04, "leap"),
        (np.log(2) - 0.04, "jumps"),
        (np.log(1.38), "jumps"),
        (0.03, "jumps"),
        (0.019, None),
    ],
)
def test_leap_is_named_by_its_size_and_its_distance_from_a_factor(log_return, kind):
    assert kind_of(daily_leap(200, log_return)) == kind
    assert kind_of(daily_leap(200, -log_return)) == kind


@pytest.mark.parametrize(("share", "kind"), [(0.2, "split"), (0.3, "leap")])
def test_leap_is_a_split_only_when_its_own_day_is_quiet(share, kind):
    assert kind_of(daily_leap(200, np.log(3), by_day=share * np.log(3))) == kind


@pytest.mark.parametrize(("n_days", "is_split"), [(QUIET_BARS, False), (QUIET_BARS + 1, True)])
def test_leap_is_a_split_only_when_the_days_before_were_quiet(n_days, is_split):
    """A day that moved by more than a quarter of the leap came so many days before."""
    close = 100.0 * (1 + 1e-4 * np.cos(np.arange(400)))
    close[200 - n_days :] *= np.exp(0.3 * np.log(3))
    close[200:] *= 3
    candles = candles_from_closes(close, step_s=DAY, wick=0.01)
    open_ = candles.open.copy()
    open_[200] = close[200]
    gapped = altered(candles, open=open_, low=np.minimum(open_, candles.close) - 0.01)
    found = {d.code: d.first_time for d in examine(gapped, "1d", "crypto_24x7")}
    assert ("split" in found) == is_split
    assert found["split" if is_split else "leap"] == gapped.time[200]


@pytest.mark.parametrize(("at", "kind"), [(QUIET_BARS, "leap"), (QUIET_BARS + 1, "split")])
def test_first_days_are_never_called_a_split_when_nobody_knows_what_came_before(at, kind):
    assert kind_of(daily_leap(at, np.log(3))) == kind


BARS = st.lists(st.integers(0, 3), min_size=20, max_size=60)


@settings(max_examples=100, deadline=None)
@given(BARS)
def test_stretches_equal_those_of_a_loop_on_any_prices(prices):
    candles = candles_from_rows([(100.0 + p,) * 4 for p in prices])
    longest, run = 1, 1
    for before, after in itertools.pairwise(prices):
        run = run + 1 if after == before else 1
        longest = max(longest, run)
    found = find_always(candles, "frozen_prices")
    assert (found is not None) == (longest >= LONG_STRETCH)
    assert find_always(candles, "flat_bars").count == len(prices)


@settings(max_examples=100, deadline=None)
@given(st.sets(st.integers(1, 998), max_size=40))
def test_gaps_equal_those_of_a_loop_whichever_bars_are_missing(missing):
    candles = crypto(1000)
    kept = without(candles, sorted(missing))
    places = sum(1 for bar in missing if bar - 1 not in missing)
    found = find_always(kept, "gaps")
    assert (found.count if found else 0) == places
    if found:
        noun = "bar" if len(missing) == 1 else "bars"
        assert found.message.startswith(f"{len(missing)} {noun} missing in")


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 60), st.sampled_from(["1h", "4h"]))
def test_diagnoses_keep_their_order_of_gravity_whatever_is_cut(n_cut, timeframe):
    candles = without(crypto(1000), np.arange(100, 100 + n_cut))
    found = examine(candles, timeframe, "crypto_24x7")
    ranks = [("critical", "warning", "info").index(d.severity) for d in found]
    assert ranks == sorted(ranks)
    assert all(d.count > 0 for d in found)
    assert all(MONDAY <= d.first_time <= candles.time[-1] for d in found)
