import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml_training.data.calendars import local_seconds
from ml_training.data.layouts.clock import find_clock, to_utc
from ml_training.errors import DataError

ZONES = ["Europe/Athens", "America/New_York", "Australia/Lord_Howe", "Asia/Tokyo", "UTC"]


def seconds(*texts):
    return np.array(texts, dtype="datetime64[s]").astype(np.int64)


@pytest.mark.parametrize(
    ("name", "offset_h"),
    [("UTC", 0), ("+02:00", 2), ("+2", 2), ("-05:00", -5), ("UTC+3", 3), ("GMT-4", -4),
     ("+0530", 5.5), ("Etc/GMT-2", 2), ("Asia/Tokyo", 9), (" Asia/Tokyo ", 9),
     ("America/New_York", -5), ("America/New_York+7", 2), ("Europe/London-1", -1)],
)  # fmt: skip
def test_clock_is_found_when_named_this_way(name, offset_h):
    reading = to_utc(seconds("2024-01-10T12:00:00"), find_clock(name))
    assert reading.time[0] == seconds("2024-01-10T12:00:00")[0] - offset_h * 3600


@pytest.mark.parametrize("name", ["Athens", "Europe/Athen", "+15:00", "EET+EET", "/etc/passwd"])
def test_clock_is_refused_when_there_is_none(name):
    with pytest.raises(DataError, match=r"Zones look like Europe/Athens"):
        find_clock(name)


def test_near_zones_are_offered_when_one_is_misspelled():
    with pytest.raises(DataError, match="Did you mean Europe/Athens"):
        find_clock("Europe/Athen")


@settings(max_examples=60)
@given(
    st.sampled_from(ZONES),
    st.integers(0, 2_000_000_000),
    st.sampled_from([60, 900, 1800, 3600]),
    st.integers(1, 400),
)
def test_every_moment_comes_back_when_bars_have_no_gaps(zone, start, step_s, n):
    """Through the hours that a clock skips and shows twice, whatever the zone."""
    utc = (start // step_s + np.arange(n)) * step_s
    reading = to_utc(local_seconds(utc, zone), find_clock(zone))
    assert not reading.is_skipped.any()
    certain = ~reading.is_ambiguous
    assert np.array_equal(reading.time[certain], utc[certain])
    # Only a series that begins or ends within the doubled hour can stay unclear.
    if n * step_s > 3 * 3600:
        assert reading.is_ambiguous.sum() <= 2 * 3600 // step_s


@pytest.mark.parametrize(
    ("zone", "skipped"),
    [("Europe/Athens", "2024-03-31T03:30:00"), ("America/New_York", "2024-03-10T02:00:00"),
     ("America/New_York+7", "2024-03-10T09:59:00")],
)  # fmt: skip
def test_time_is_skipped_when_clocks_go_forward(zone, skipped):
    hour_before = seconds(skipped) - 3600
    assert to_utc(seconds(skipped), find_clock(zone)).is_skipped.tolist() == [True]
    assert to_utc(hour_before, find_clock(zone)).is_skipped.tolist() == [False]


def test_each_night_is_split_on_its_own_when_years_go_by():
    nights = [seconds(f"{day}T02:00:00")[0] for day in ("2023-10-29", "2024-10-27")]
    hours = np.concatenate([night + 3600 * np.array([0, 1, 1, 2]) for night in nights])
    reading = to_utc(hours, find_clock("Europe/Athens"))
    assert not reading.is_ambiguous.any()
    assert np.diff(reading.time)[:3].tolist() == [3600] * 3
    assert np.diff(reading.time)[4:].tolist() == [3600] * 3
