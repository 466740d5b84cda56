import pytest

from ml_training.errors import DataError
from tests.data.layouts.builders import codes, read, times

HEADER = "<DATE>\t<TIME>\t<OPEN>\t<HIGH>\t<LOW>\t<CLOSE>\t<TICKVOL>\t<VOL>\t<SPREAD>\n"
INTRADAY = HEADER + (
    "2024.01.08\t00:00:00\t1.09423\t1.09450\t1.09401\t1.09431\t812\t0\t7\n"
    "2024.01.08\t01:00:00\t1.09431\t1.09466\t1.09420\t1.09455\t1344\t0\t7\n"
)
DAILY = (
    "<DATE>\t<OPEN>\t<HIGH>\t<LOW>\t<CLOSE>\t<TICKVOL>\t<VOL>\t<SPREAD>\n"
    "2024.01.08\t1.09423\t1.09790\t1.09223\t1.09500\t51234\t0\t7\n"
    "2024.01.09\t1.09500\t1.09660\t1.09109\t1.09306\t50112\t0\t7\n"
)


def test_bars_are_read_when_the_clock_is_named():
    parsed = read(INTRADAY, tz="Europe/Athens")
    assert (parsed.layout, parsed.notes) == ("metatrader5", ())
    assert times(parsed) == ["2024-01-07T22:00:00Z", "2024-01-07T23:00:00Z"]
    assert parsed.candles.close.tolist() == [1.09431, 1.09455]


def test_clock_is_asked_for_when_not_named():
    with pytest.raises(
        DataError, match=r"a\.csv: a MetaTrader 5 export keeps the broker's clock.*--tz"
    ):
        read(INTRADAY)


def test_utc_can_be_named_too():
    assert times(read(INTRADAY, tz="UTC"))[0] == "2024-01-08T00:00:00Z"


def test_days_need_no_clock():
    parsed = read(DAILY)
    assert times(parsed) == ["2024-01-08T00:00:00Z", "2024-01-09T00:00:00Z"]
    assert read(DAILY, tz="Europe/Athens").candles.digest() == parsed.candles.digest()


def test_tick_volume_is_read_when_the_exchange_gives_none():
    parsed = read(INTRADAY, tz="UTC")
    assert parsed.candles.volume.tolist() == [812.0, 1344.0]
    assert "<TICKVOL>" in parsed.columns


def test_exchange_volume_is_read_when_it_is_used():
    parsed = read(INTRADAY.replace("\t0\t7", "\t99000\t7"), tz="UTC")
    assert parsed.candles.volume.tolist() == [99000.0, 99000.0]


def test_clock_of_most_brokers_is_new_york_and_seven_hours():
    """In the weeks when only America has summer time, Athens is an hour off."""
    text = INTRADAY.replace("2024.01.08", "2024.03.12")
    assert times(read(text, tz="America/New_York+7"))[0] == "2024-03-11T21:00:00Z"
    assert times(read(text, tz="Europe/Athens"))[0] == "2024-03-11T22:00:00Z"


def test_row_is_named_when_the_clock_never_showed_a_time():
    text = INTRADAY.replace("2024.01.08\t01", "2024.03.31\t03")
    with pytest.raises(
        DataError, match="row 3, column <DATE>: 2024-03-31 03:00:00 does not exist"
    ):
        read(text, tz="Europe/Athens")


def test_both_showings_of_an_hour_are_read_when_summer_time_ends():
    hours = ["02", "03", "03", "04"]
    rows = [f"2024.10.27\t{hour}:00:00\t1\t1\t1\t1\t{i}\t0\t7\n" for i, hour in enumerate(hours)]
    parsed = read(HEADER + "".join(rows), tz="Europe/Athens")
    assert [time[11:13] for time in times(parsed)] == ["23", "00", "01", "02"]
    assert codes(parsed) == []


def test_first_showing_is_taken_and_noted_when_the_file_has_the_hour_once():
    rows = [f"2024.10.27\t0{hour}:00:00\t1\t1\t1\t1\t1\t0\t7\n" for hour in (2, 3, 4)]
    parsed = read(HEADER + "".join(rows), tz="Europe/Athens")
    assert [time[11:13] for time in times(parsed)] == ["23", "00", "02"]
    assert codes(parsed) == ["ambiguous_times"]


@pytest.mark.parametrize("zone", ["Mars/Olympus", "", "+25:00", "../etc/passwd"])
def test_zones_are_shown_when_the_clock_is_not_known(zone):
    with pytest.raises(
        DataError, match=r"(no time zone|no clock|keeps the broker).*America/New_York\+7"
    ):
        read(INTRADAY, tz=zone)


def test_row_and_column_are_named_when_a_cell_is_bad():
    with pytest.raises(DataError, match="row 3, column <HIGH>: '1,09466' is not a number"):
        read(INTRADAY.replace("1.09466", "1,09466"), tz="UTC")


def test_row_is_named_when_a_date_is_none():
    with pytest.raises(
        DataError, match=r"row 2, column <DATE>: '2024\.02\.30 00:00:00' is not the time"
    ):
        read(INTRADAY.replace("2024.01.08\t00", "2024.02.30\t00"), tz="UTC")
