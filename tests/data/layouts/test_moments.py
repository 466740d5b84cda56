import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml_training.data.layouts.moments import UNREADABLE, read_dates_and_times, read_moments

SECOND = 1_704_706_205  # 2024-01-08T09:30:05Z
MIDNIGHT = 1_704_672_000


def read(*cells, **options):
    return read_moments(pd.Series(list(cells), **options))


@pytest.mark.parametrize("scale", [1, 1_000, 1_000_000, 1_000_000_000])
@pytest.mark.parametrize("dtype", ["int64", "str"])
def test_epochs_are_read_in_every_unit(scale, dtype):
    moments = read(SECOND * scale, (SECOND + 60) * scale, dtype=dtype)
    assert moments.seconds.tolist() == [SECOND, SECOND + 60]
    assert moments.is_utc


@settings(max_examples=200)
@given(st.integers(100_000_000, 4_000_000_000), st.sampled_from([1, 10**3, 10**6, 10**9]))
def test_epochs_are_never_taken_for_another_unit_from_1973_on(second, scale):
    assert read(second * scale).seconds.tolist() == [second]


def test_epochs_are_read_when_written_with_a_decimal_point():
    assert read(float(SECOND)).seconds.tolist() == [SECOND]


@pytest.mark.parametrize("cell", [SECOND + 0.5, np.nan, np.inf, -np.inf, 1e300, 0.0, 45299.4, 1.0])
def test_number_is_no_time_when_it_is_no_whole_second_of_our_days(cell):
    assert read(float(SECOND), cell).seconds.tolist() == [SECOND, UNREADABLE]


def test_milliseconds_are_no_bar_time_when_they_are_not_whole_seconds():
    assert read(SECOND * 1000 + 1).seconds.tolist() == [UNREADABLE]


def test_numbers_are_dates_when_all_of_them_can_be():
    moments = read(20240108, 20240109)
    assert moments.seconds.tolist() == [MIDNIGHT, MIDNIGHT + 86_400]
    assert moments.is_daily
    assert not moments.is_utc


def test_number_is_no_date_when_there_is_no_such_day():
    assert read(20240108, 20240231).seconds.tolist() == [MIDNIGHT, UNREADABLE]


@pytest.mark.parametrize(
    "cell",
    ["2024-01-08T09:30:05", "2024-01-08 09:30:05", "2024.01.08 09:30:05", "2024/01/08 09:30:05",
     "20240108 093005", "2024-01-08T09:30:05.000", " 2024-01-08T09:30:05 "],
)  # fmt: skip
def test_bare_text_is_a_wall_clocks_time(cell):
    moments = read(cell)
    assert moments.seconds.tolist() == [SECOND]
    assert (moments.is_utc, moments.n_zones, moments.bare) == (False, 0, None)


@pytest.mark.parametrize(
    "cell", ["2024-01-08T09:30:05Z", "2024-01-08T11:30:05+02:00", "2024-01-08 04:30:05-0500"]
)
def test_text_with_an_offset_says_its_moment(cell):
    moments = read(cell)
    assert moments.seconds.tolist() == [SECOND]
    assert (moments.is_utc, moments.n_zones) == (True, 1)


def test_offsets_are_counted_when_they_differ():
    moments = read(
        "2024-01-08T11:30:05+02:00", "2024-01-08T12:30:05+03:00", "2024-01-08T09:30:05Z"
    )
    assert moments.seconds.tolist() == [SECOND] * 3
    assert (moments.n_zones, moments.bare) == (3, None)


def test_first_bare_time_is_named_when_others_have_offsets():
    moments = read("2024-01-08T09:30:05Z", "2024-01-08T09:30:05", "2024-01-08T09:30:05")
    assert moments.bare == 1


@pytest.mark.parametrize("cell", ["", "soon", "2024-02-30T00:00:00", "24:00", "08.01.2024", None])
def test_text_is_no_time_when_it_names_none(cell):
    moments = read("2024-01-08T09:30:05", cell)
    assert moments.seconds.tolist() == [SECOND, UNREADABLE]


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("zone", [None, "UTC", "Europe/Athens"])
def test_typed_times_are_read_in_every_unit(unit, zone):
    cells = pd.Series(pd.to_datetime([SECOND, SECOND + 60], unit="s").as_unit(unit))
    typed = cells if zone is None else cells.dt.tz_localize("UTC").dt.tz_convert(zone)
    moments = read_moments(typed)
    assert moments.seconds.tolist() == [SECOND, SECOND + 60]
    assert moments.is_utc is (zone is not None)


def test_typed_time_is_none_when_missing_or_between_seconds():
    times = pd.Series(pd.to_datetime(["2024-01-08T09:30:05.0", None, "2024-01-08T09:30:05.5"]))
    assert read_moments(times).seconds.tolist() == [SECOND, UNREADABLE, UNREADABLE]


@pytest.mark.parametrize("as_category", [False, True])
@pytest.mark.parametrize(
    ("date", "time"),
    [("2024.01.08", "09:30:05"), ("2024-01-08", "9:30:05"), ("20240108", "093005"),
     ("20240108", "93005"), ("2024/01/08", "09:30:05.000")],
)  # fmt: skip
def test_two_columns_are_read_together(date, time, as_category):
    dates, times = pd.Series([date, date]), pd.Series([time, "10:00"])
    if as_category:
        dates, times = dates.astype("category"), times.astype("category")
    assert read_dates_and_times(dates, times).seconds.tolist() == [SECOND, SECOND + 1795]


@pytest.mark.parametrize(
    ("date", "time"),
    [("2024.01.08", "24:00"), ("2024.01.08", "09:60"), ("2024.01.08", "noon"),
     ("2024.13.08", "09:30"), ("08.01.2024", "09:30"), (None, "09:30"), ("2024.01.08", None)],
)  # fmt: skip
def test_two_columns_are_no_time_when_one_of_them_is_not(date, time):
    dates, times = pd.Series(["2024.01.08", date]), pd.Series(["00:00", time])
    assert read_dates_and_times(dates, times).seconds.tolist() == [MIDNIGHT, UNREADABLE]


def test_dates_alone_are_days():
    moments = read_dates_and_times(pd.Series(["1969-12-31", "1970-01-02"]), None)
    assert moments.seconds.tolist() == [-86_400, 86_400]
    assert moments.is_daily


@pytest.mark.parametrize(
    ("cells", "expected"),
    [(["2024-01-08"], True), (["2024-01-08", "2024-01-09"], True),
     (["2024-01-08T00:00:00"], False), (["2024-01-08T00:00:00", "2024-01-09T00:00:00"], True),
     (["2024-01-08T00:00:00", "2024-01-09T01:00:00"], False), ([20240108], True),
     (["20240108 000000"], False), (["20240108 000000", "20240109 000000"], True)],
)  # fmt: skip
def test_one_midnight_is_a_moment_and_several_are_days(cells, expected):
    assert read(*cells).is_daily is expected
