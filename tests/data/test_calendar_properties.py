"""Calendars and sessions against the clock of the standard library."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml_training.data.calendars import CALENDARS, SESSIONS, in_session, local_seconds

DAY = 86_400
NEW_YORK = ZoneInfo("America/New_York")
moments = st.lists(st.integers(0, 2_000_000_000), min_size=1, max_size=20)


def seconds_of_week(moment):
    local = datetime.fromtimestamp(moment, tz=UTC).astimezone(NEW_YORK)
    return local.weekday() * DAY + local.hour * 3600 + local.minute * 60 + local.second


def is_fixed_holiday(moment):
    """Return whether the trading day, from 17:00 to 17:00, is Christmas or New Year."""
    local = datetime.fromtimestamp(moment + 7 * 3600, tz=UTC)
    candidates = {(1, 1), (12, 25), (12, 31), (12, 24), (1, 2), (12, 26)}
    return (local.month, local.day) in candidates


@given(moments)
def test_currencies_open_on_sunday_and_close_on_friday_at_five_in_new_york(times):
    times = [time for time in times if not is_fixed_holiday(time)] or [1_704_800_000]
    expected = [
        second < 4 * DAY + 17 * 3600 or second >= 6 * DAY + 17 * 3600
        for second in map(seconds_of_week, times)
    ]
    assert CALENDARS["fx_24x5"].is_open(np.array(times)).tolist() == expected


@given(moments, st.sampled_from(sorted(SESSIONS)))
def test_sessions_equal_asking_a_clock_on_the_wall(times, name):
    session = SESSIONS[name]
    expected = []
    for time in times:
        local = datetime.fromtimestamp(time, tz=UTC).astimezone(ZoneInfo(session.tz))
        second = local.hour * 3600 + local.minute * 60 + local.second
        expected.append(local.weekday() < 5 and session.start_s <= second < session.end_s)
    assert in_session(np.array(times), name).tolist() == expected


@given(moments, st.sampled_from(["Europe/Athens", "Asia/Kolkata", "America/New_York", "UTC"]))
def test_wall_clocks_equal_those_of_the_standard_library(times, tz):
    expected = [
        int(datetime.fromtimestamp(time, tz=ZoneInfo(tz)).replace(tzinfo=UTC).timestamp())
        for time in times
    ]
    assert local_seconds(np.array(times), tz).tolist() == expected


@settings(max_examples=30)
@given(st.integers(0, 2_000_000_000), st.sampled_from(sorted(CALENDARS)))
def test_bars_within_the_day_are_expected_only_while_the_market_is_open(start, name):
    calendar = CALENDARS[name]
    times = start // 3600 * 3600 + 3600 * np.arange(400)
    expected = calendar.expects(times, 3600)
    assert np.all(calendar.is_open(times)[expected])
    assert np.all(calendar.is_open(times + 3599)[expected])


@pytest.mark.parametrize(("name", "hours"), [("fx_24x5", 120), ("metals", 115), ("index", 115),
                                             ("us_equity", 32.5), ("weekdays", 120),
                                             ("crypto_24x7", 168)])  # fmt: skip
def test_a_week_has_as_many_hours_as_the_market_says(name, hours):
    monday = int(np.datetime64("2024-02-05", "s").astype(int))
    minutes = monday + 60 * np.arange(7 * 24 * 60)
    assert CALENDARS[name].is_open(minutes).sum() == hours * 60


@pytest.mark.parametrize("name", sorted(CALENDARS))
def test_days_of_a_year_are_expected_as_the_weekdays_say(name):
    start = int(np.datetime64("2024-02-05", "s").astype(int))
    days = start + DAY * np.arange(7)
    assert CALENDARS[name].expects(days, DAY).sum() == len(CALENDARS[name].weekdays)


@pytest.mark.parametrize("name", sorted(CALENDARS))
def test_nothing_is_expected_when_there_are_no_moments(name):
    none = np.array([], dtype=np.int64)
    for bar_s in (60, 3600, DAY, 7 * DAY):
        assert len(CALENDARS[name].expects(none, bar_s)) == 0
