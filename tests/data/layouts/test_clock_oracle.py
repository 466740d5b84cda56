"""Wall clocks of many zones against the standard library, through every change."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml_training.data.layouts.clock import find_clock, to_utc
from ml_training.errors import DataError

HOUR, DAY = 3600, 86_400
# North and south, half hours, changes at midnight, by thirty minutes and by two hours.
ZONES = [
    *("Europe/Athens", "Europe/London", "America/New_York", "Australia/Sydney"),
    *("Asia/Kolkata", "Australia/Adelaide", "Asia/Beirut", "America/Sao_Paulo"),
    *("Australia/Lord_Howe", "Antarctica/Troll", "Atlantic/Azores", "America/Nuuk"),
    *("Pacific/Auckland", "Africa/Casablanca", "UTC", "Asia/Tokyo"),
]
FIRST, LAST = 1_000_000_000, 1_900_000_000


def wall_of(moment: int, zone: str, ahead_h: int = 0) -> int:
    """Return what the clock shows, as seconds on its own dial."""
    local = datetime.fromtimestamp(moment, tz=UTC).astimezone(ZoneInfo(zone))
    shown = local.replace(tzinfo=UTC) + timedelta(hours=ahead_h)
    return int(shown.timestamp())


def shows_twice(moment: int, zone: str) -> bool:
    """Return whether the clock shows this time at another moment too."""
    wall = wall_of(moment, zone)
    around = (moment + minutes * 60 for minutes in (-120, -60, -30, 30, 60, 120))
    return any(wall_of(other, zone) == wall for other in around)


def changes_of(zone: str) -> list[int]:
    """Return the hours at which the offset of a zone changes, within some years."""
    hours = range(1_640_995_200, 1_640_995_200 + 2 * 366 * DAY, HOUR)
    offsets = [wall_of(hour, zone) - hour for hour in hours]
    pairs = zip(hours[1:], offsets[1:], offsets[:-1], strict=True)
    return [hour for hour, now, before in pairs if now != before]


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.integers(FIRST, LAST), min_size=1, max_size=8, unique=True),
    st.sampled_from(ZONES),
    st.sampled_from([0, 1, 7, -3]),
)
def test_single_times_come_back_unless_the_clock_shows_them_twice(moments, zone, ahead_h):
    name = f"{zone}{ahead_h:+d}" if ahead_h and "/" in zone else zone
    ahead_h = ahead_h if name != zone else 0
    moments = [moment for moment in moments if not shows_twice(moment, zone)]
    walls = np.array([wall_of(moment, zone, ahead_h) for moment in moments], dtype=np.int64)
    reading = to_utc(walls, find_clock(name))
    assert reading.time.tolist() == moments
    assert not reading.is_skipped.any()
    assert not reading.is_ambiguous.any()


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("step_s", [300, 900, 1800])
def test_every_bar_comes_back_through_each_change_when_none_is_missing(zone, step_s):
    for change in changes_of(zone):
        moments = np.arange(change - DAY, change + DAY, step_s)
        walls = np.array([wall_of(moment, zone) for moment in moments.tolist()])
        reading = to_utc(walls, find_clock(zone))
        np.testing.assert_array_equal(reading.time, moments)
        assert not reading.is_ambiguous.any()
        assert not reading.is_skipped.any()


@pytest.mark.parametrize("zone", [zone for zone in ZONES if zone not in ("UTC", "Asia/Tokyo")])
def test_hour_is_called_unclear_when_the_file_has_it_once(zone):
    """Of a time shown twice one bar is there: it counts as the first, as a guess."""
    for change in changes_of(zone):
        moments = [m for m in range(change - DAY, change + DAY, 900) if not shows_twice(m, zone)]
        twice = [m for m in range(change - DAY, change, 900) if shows_twice(m, zone)]
        if not twice:
            continue
        kept = sorted([*moments, twice[0]])
        walls = np.array([wall_of(moment, zone) for moment in kept])
        reading = to_utc(walls, find_clock(zone))
        at = kept.index(twice[0])
        assert np.flatnonzero(reading.is_ambiguous).tolist() == [at]
        assert reading.time.tolist() == kept


@pytest.mark.parametrize("zone", ["Europe/London", "America/New_York", "Australia/Sydney"])
def test_time_is_called_skipped_exactly_when_the_clock_never_shows_it(zone):
    for change in changes_of(zone):
        shown = {wall_of(moment, zone) for moment in range(change - DAY, change + DAY, 900)}
        dial = np.arange(min(shown), max(shown) + 1, 900)
        reading = to_utc(dial, find_clock(zone))
        expected = [int(wall) not in shown for wall in dial]
        assert reading.is_skipped.tolist() == expected


@pytest.mark.parametrize(
    ("name", "seconds"),
    [
        ("+02:00", 7200),
        ("-0530", -19_800),
        ("UTC+3", 10_800),
        ("GMT-03:30", -12_600),
        ("+14", 50_400),
        ("-14:00", -50_400),
        (" +02:00 ", 7200),
    ],
)
def test_offset_is_taken_off_in_every_spelling(name, seconds):
    wall = np.array([1_700_000_000])
    assert (wall - to_utc(wall, find_clock(name)).time).tolist() == [seconds]


@pytest.mark.parametrize(
    "name",
    [
        "",
        "+",
        "+15",
        "-14:01",
        "+14:30",
        "Mars/Olympus",
        "Europe/Athen",
        "Europe/Athens+",
        "2",
        "+2:0",
    ],
)
def test_clock_is_refused_with_an_example_when_nobody_keeps_it(name):
    with pytest.raises(DataError) as caught:
        find_clock(name)
    assert "Europe/Athens" in caught.value.hint


def test_minutes_of_an_offset_are_minutes_of_an_hour():
    with pytest.raises(DataError, match="no time zone is called"):
        find_clock("+02:75")


def test_shifted_clock_is_refused_when_its_zone_does_not_exist():
    with pytest.raises(DataError, match="no time zone is called 'America/New_Yorck'"):
        find_clock("America/New_Yorck+7")


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=12) | st.text("+-:0123456789UTCGM", max_size=8))
def test_any_name_is_a_clock_or_an_error_in_words(name):
    wall = np.array([1_700_000_000])
    try:
        reading = to_utc(wall, find_clock(name))
    except DataError:
        return
    assert abs(reading.time - wall).max() <= 14 * HOUR
