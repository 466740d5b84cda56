"""Session prices against a plain loop with the clock of the standard library."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml_training.data.calendars import CALENDARS, SESSIONS, find_calendar, in_session
from ml_training.data.candles import Candles
from ml_training.data.indicators import compute_use, make_use
from ml_training.errors import DataError
from tests.data.builders import MONDAY, candles_from_rows, random_candles

HOUR, DAY = 3600, 86_400
NAMES = ["day", *SESSIONS]
# Around the changes of the clocks in London, New York and Sydney, and a plain week.
STARTS = ["2024-01-08", "2024-03-08", "2024-03-29", "2024-10-04", "2024-10-25", "2024-11-01"]


def seconds_of(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


def session_day(moment: int, name: str):
    """Return the local day whose session a moment belongs to."""
    if name == "day":
        return datetime.fromtimestamp(moment, tz=UTC).date()
    session = SESSIONS[name]
    wall = datetime.fromtimestamp(moment, tz=UTC).astimezone(ZoneInfo(session.tz))
    return (wall.replace(tzinfo=None) - timedelta(seconds=session.start_s)).date()


def group_bars(candles: Candles, name: str) -> list[list[int]]:
    """Return the bars of each session, one after the other."""
    groups: list[list[int]] = []
    last = None
    for bar, moment in enumerate(candles.time.tolist()):
        day = session_day(moment, name)
        if day != last:
            groups.append([])
        groups[-1].append(bar)
        last = day
    return groups


def average_by_loop(candles: Candles, name: str) -> list[float]:
    values = []
    for bars in group_bars(candles, name):
        for n in range(1, len(bars) + 1):
            seen = bars[:n]
            typical = [(candles.high[i] + candles.low[i] + candles.close[i]) / 3 for i in seen]
            weights = candles.volume[seen]
            weights = weights if weights.sum() > 0 else np.ones(n)
            values.append(float(np.average(typical, weights=weights)))
    return values


def range_by_loop(candles: Candles, name: str, n_bars: int) -> list[tuple[float, float]]:
    values = []
    for number, bars in enumerate(group_bars(candles, name)):
        for age in range(len(bars)):
            first = bars[:n_bars]
            is_known = number > 0 and age >= n_bars - 1
            values.append(
                (candles.high[first].max(), candles.low[first].min())
                if is_known
                else (np.nan, np.nan)
            )
    return values


@st.composite
def markets(draw) -> Candles:
    """Draw some days around a change of the clocks; volume may be missing at times."""
    start = seconds_of(draw(st.sampled_from(STARTS))) + HOUR * draw(st.integers(0, 30))
    step_s = draw(st.sampled_from([900, HOUR, 4 * HOUR]))
    gap_rate = draw(st.sampled_from([0.0, 0.4]))
    seed = draw(st.integers(0, 9999))
    candles = random_candles(150, seed, step_s=step_s, start=start, gap_rate=gap_rate)
    silent = np.random.default_rng(seed).random(150) < draw(st.sampled_from([0.0, 0.7, 1.0]))
    volume = np.where(silent, 0.0, candles.volume)
    return Candles.from_columns(*candles.columns[:5], volume)


@settings(max_examples=40, deadline=None)
@given(markets(), st.sampled_from(NAMES))
def test_session_average_equals_that_of_a_loop_when_clocks_change(candles, name):
    found = compute_use(make_use("vwap", session=name), candles)["value"]
    np.testing.assert_allclose(found, average_by_loop(candles, name), rtol=1e-10)


@settings(max_examples=40, deadline=None)
@given(markets(), st.sampled_from(NAMES), st.integers(1, 12))
def test_opening_range_equals_that_of_a_loop_when_clocks_change(candles, name, n_bars):
    use = make_use("opening_range", session=name, bars_in_range=n_bars)
    found = compute_use(use, candles)
    expected = np.array(range_by_loop(candles, name, n_bars))
    np.testing.assert_array_equal(found["high"], expected[:, 0])
    np.testing.assert_array_equal(found["low"], expected[:, 1])


@settings(max_examples=40, deadline=None)
@given(markets(), st.sampled_from(NAMES), st.integers(20, 149))
def test_session_prices_stay_when_later_bars_are_cut_off(candles, name, cut):
    for use in (
        make_use("vwap", session=name),
        make_use("opening_range", session=name, bars_in_range=3),
    ):
        for output, values in compute_use(use, candles).items():
            part = compute_use(use, candles.slice(0, cut))[output]
            np.testing.assert_array_equal(values[:cut], part)


@settings(max_examples=40, deadline=None)
@given(markets(), st.sampled_from(NAMES))
def test_session_average_lies_within_the_bars_it_was_made_of(candles, name):
    found = compute_use(make_use("vwap", session=name), candles)["value"]
    for bars in group_bars(candles, name):
        low = np.minimum.accumulate(candles.low[bars])
        high = np.maximum.accumulate(candles.high[bars])
        assert (found[bars] >= low - 1e-9).all()
        assert (found[bars] <= high + 1e-9).all()


def test_volume_pulls_the_average_towards_its_bar():
    rows = [(1.0, 1.0, 1.0, 1.0), (4.0, 4.0, 4.0, 4.0)]
    quiet = candles_from_rows(rows)
    loud = Candles.from_columns(*quiet.columns[:5], np.array([1.0, 3.0]))
    use = make_use("vwap")
    assert compute_use(use, quiet)["value"].tolist() == [1.0, 2.5]
    assert compute_use(use, loud)["value"].tolist() == [1.0, 3.25]


@pytest.mark.parametrize("name", sorted(SESSIONS))
def test_session_is_shut_at_weekends_by_its_own_clock(name):
    zone = ZoneInfo(SESSIONS[name].tz)
    times = MONDAY + HOUR * np.arange(24 * 14)
    for moment, is_in in zip(times.tolist(), in_session(times, name), strict=True):
        wall = datetime.fromtimestamp(moment, tz=UTC).astimezone(zone)
        if wall.weekday() >= 5:
            assert not is_in


@pytest.mark.parametrize(
    ("name", "text", "is_open"),
    [
        ("fx_24x5", "2024-12-24T21:59:59", True),
        ("fx_24x5", "2024-12-24T22:00:00", False),
        ("fx_24x5", "2024-12-25T21:59:59", False),
        ("fx_24x5", "2024-12-25T22:00:00", True),
        ("metals", "2024-03-29T12:00:00", False),
        ("metals", "2024-03-28T20:59:59", True),
        ("metals", "2024-03-31T22:00:00", True),
        ("fx_24x5", "2024-03-29T12:00:00", True),
        ("us_equity", "2024-07-03T14:00:00", True),
        ("us_equity", "2024-07-04T14:00:00", False),
        ("us_equity", "2024-07-05T13:30:00", True),
        ("us_equity", "2024-07-05T13:29:59", False),
        ("us_equity", "2024-07-05T19:59:59", True),
        ("us_equity", "2024-07-05T20:00:00", False),
        ("weekdays", "2024-01-05T23:59:59", True),
        ("weekdays", "2024-01-06T00:00:00", False),
        ("weekdays", "2024-12-25T12:00:00", True),
        ("crypto_24x7", "2024-12-25T12:00:00", True),
    ],
)
def test_market_opens_and_shuts_to_the_second_on_and_around_holidays(name, text, is_open):
    assert CALENDARS[name].is_open(np.array([seconds_of(text)])).tolist() == [is_open]


@pytest.mark.parametrize("year", [1999, 2008, 2021, 2022, 2024, 2030])
def test_nyse_has_about_252_days_in_every_year(year):
    days = seconds_of(f"{year}-01-01") + DAY * np.arange(365)
    assert 250 <= CALENDARS["us_equity"].expects(days, DAY).sum() <= 253


@pytest.mark.parametrize("name", sorted(CALENDARS))
def test_bar_across_the_close_is_not_expected_and_the_one_before_is(name):
    """Whatever the market, a bar is expected exactly when both of its ends are open."""
    calendar = find_calendar(name)
    times = seconds_of("2024-02-05") + 900 * np.arange(7 * 96)
    for bar_s in (900, HOUR, 4 * HOUR):
        both = calendar.is_open(times) & calendar.is_open(times + bar_s - 1)
        np.testing.assert_array_equal(calendar.expects(times, bar_s), both)


@pytest.mark.parametrize("name", ["", "FX_24X5", "nyse", "crypto"])
def test_known_calendars_are_named_when_one_is_not(name):
    with pytest.raises(DataError, match=r"no calendar is called .*fx_24x5, metals"):
        find_calendar(name)
