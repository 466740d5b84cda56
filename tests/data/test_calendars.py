import numpy as np
import pytest

from ml_training.data.calendars import (
    CALENDARS,
    SESSIONS,
    find_calendar,
    in_session,
    local_seconds,
)
from ml_training.errors import DataError

HOUR = 3600


def at(*texts):
    return np.array(texts, dtype="datetime64[s]").astype(np.int64)


def is_open(name, text):
    return bool(CALENDARS[name].is_open(at(text))[0])


@pytest.mark.parametrize(
    ("text", "expected"),
    [("2024-01-12T21:59:59", True), ("2024-01-12T22:00:00", False),  # Friday, winter
     ("2024-01-14T21:59:59", False), ("2024-01-14T22:00:00", True),  # Sunday
     ("2024-07-12T20:59:59", True), ("2024-07-12T21:00:00", False),  # Friday, summer
     ("2024-07-14T21:00:00", True), ("2024-07-13T12:00:00", False),  # Sunday, Saturday
     ("2024-12-25T12:00:00", False), ("2024-12-25T22:00:00", True), ("2024-12-24T22:00:00", False),
     ("2024-01-01T12:00:00", False), ("2024-01-01T22:00:00", True)],
)  # fmt: skip
def test_currencies_follow_the_close_of_new_york(text, expected):
    assert is_open("fx_24x5", text) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("2024-01-10T21:59:59", True), ("2024-01-10T22:00:00", False),
     ("2024-01-10T22:59:59", False), ("2024-01-10T23:00:00", True),
     ("2024-07-10T21:30:00", False), ("2024-01-14T22:30:00", False),
     ("2024-01-14T23:00:00", True), ("2024-03-29T12:00:00", False)],
)  # fmt: skip
def test_metals_pause_for_an_hour_every_day(text, expected):
    assert is_open("metals", text) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("2024-01-10T14:29:59", False), ("2024-01-10T14:30:00", True),
     ("2024-01-10T20:59:59", True), ("2024-01-10T21:00:00", False),
     ("2024-07-10T13:30:00", True), ("2024-07-10T20:00:00", False),
     ("2024-01-13T15:00:00", False)],
)  # fmt: skip
def test_equities_trade_in_the_hours_of_new_york(text, expected):
    assert is_open("us_equity", text) is expected


@pytest.mark.parametrize(
    "holiday",
    ["2024-01-01", "2024-01-15", "2024-02-19", "2024-03-29", "2024-05-27", "2024-06-19",
     "2024-07-04", "2024-09-02", "2024-11-28", "2024-12-25", "2021-12-24", "2023-01-02"],
)  # fmt: skip
def test_no_daily_bar_is_expected_when_the_exchange_keeps_a_holiday(holiday):
    assert not CALENDARS["us_equity"].expects(at(holiday), 24 * HOUR)[0]


@pytest.mark.parametrize("day", ["2021-12-31", "2021-06-18", "2024-01-02", "1997-01-20"])
def test_a_daily_bar_is_expected_when_the_exchange_keeps_no_holiday(day):
    """New Year of 2022 fell on a Saturday; Juneteenth and King's day are younger."""
    assert CALENDARS["us_equity"].expects(at(day), 24 * HOUR)[0]


def test_trading_days_of_a_year_are_those_the_exchange_published():
    days = np.arange(at("2023-01-01")[0], at("2024-01-01")[0], 24 * HOUR)
    assert CALENDARS["us_equity"].expects(days, 24 * HOUR).sum() == 250


def test_daily_bars_count_when_labelled_by_the_brokers_midnight():
    fx = CALENDARS["fx_24x5"]
    assert fx.expects(at("2024-01-14T22:00:00", "2024-01-15"), 24 * HOUR).all()
    assert not fx.expects(at("2024-01-12T22:00:00", "2024-01-13", "2024-01-14"), 24 * HOUR).any()


def test_a_bar_is_not_expected_when_it_holds_a_closing_hour():
    metals = CALENDARS["metals"]
    assert metals.expects(at("2024-01-10T16:00:00"), 4 * HOUR)[0]
    assert not metals.expects(at("2024-01-10T19:00:00"), 4 * HOUR)[0]


def test_weekly_bars_are_always_expected():
    assert CALENDARS["us_equity"].expects(at("2024-01-01"), 7 * 24 * HOUR).all()


def test_crypto_is_always_open():
    week = at("2024-01-01")[0] + HOUR * np.arange(7 * 24)
    assert CALENDARS["crypto_24x7"].is_open(week).all()


@pytest.mark.parametrize("name", CALENDARS)
def test_hours_are_ordered_and_within_a_week(name):
    edges = np.array(CALENDARS[name].hours).ravel()
    assert np.all(np.diff(edges) > 0)
    assert edges[0] >= 0
    assert edges[-1] <= 7 * 24 * HOUR


def test_calendar_is_refused_when_not_known():
    with pytest.raises(DataError, match=r"no calendar is called 'nyse'\. Known: fx_24x5"):
        find_calendar("nyse")


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [("london", "2024-01-10T08:00:00", True), ("london", "2024-01-10T07:59:59", False),
     ("london", "2024-07-10T07:00:00", True), ("london", "2024-07-10T16:00:00", False),
     ("newyork", "2024-01-10T13:00:00", True), ("newyork", "2024-07-10T12:00:00", True),
     ("tokyo", "2024-01-10T00:00:00", True), ("tokyo", "2024-01-10T09:00:00", False),
     ("sydney", "2024-01-09T20:00:00", True), ("london", "2024-01-13T12:00:00", False),
     ("sydney", "2024-01-14T20:00:00", True)],
)  # fmt: skip
def test_sessions_keep_local_hours_and_summer_time(name, text, expected):
    assert bool(in_session(at(text), name)[0]) is expected


@pytest.mark.parametrize("name", SESSIONS)
def test_sessions_hold_nine_hours_of_five_days(name):
    week = at("2024-01-08")[0] + HOUR * np.arange(7 * 24)
    assert in_session(week, name).sum() == 45


def test_session_is_refused_when_not_known():
    with pytest.raises(DataError, match="no session is called 'paris'"):
        in_session(at("2024-01-01"), "paris")


def test_wall_clock_jumps_when_summer_time_begins():
    local = local_seconds(at("2024-03-31T00:59:59", "2024-03-31T01:00:00"), "Europe/London")
    assert np.diff(local)[0] == HOUR + 1
