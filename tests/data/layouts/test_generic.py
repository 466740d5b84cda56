import numpy as np
import pytest

from ml_training.errors import DataError
from tests.data.layouts.builders import codes, read, times

ROWS = "1.1,1.2,1.0,1.15,7"
PLAIN = f"""timestamp,open,high,low,close,volume
2024-01-08T00:00:00Z,{ROWS}
2024-01-08T01:00:00Z,{ROWS}
"""


def test_columns_are_read_when_the_header_names_them():
    parsed = read(PLAIN)
    candles = parsed.candles
    assert (parsed.layout, parsed.notes) == ("generic", ())
    assert times(parsed) == ["2024-01-08T00:00:00Z", "2024-01-08T01:00:00Z"]
    assert [column[0] for column in candles.columns[1:]] == [1.1, 1.2, 1.0, 1.15, 7.0]


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_delimiter_is_seen_when_it_is_no_comma(delimiter):
    assert read(PLAIN.replace(",", delimiter)).candles.digest() == read(PLAIN).candles.digest()


def test_decimal_commas_are_read_when_semicolons_separate():
    text = PLAIN.replace(",", ";").replace(".", ",")
    assert read(text).candles.digest() == read(PLAIN).candles.digest()


@pytest.mark.parametrize("newline", ["\r\n", "\n\n"])
def test_lines_may_end_as_on_windows_or_be_blank(newline):
    assert read(PLAIN.replace("\n", newline)).candles.digest() == read(PLAIN).candles.digest()


def test_columns_may_stand_in_any_order_and_have_company():
    text = (
        "Close,Trades,Volume,Low,High,Open,DateTime\n1.15,3,7,1.0,1.2,1.1,2024-01-08T00:00:00Z\n"
    )
    parsed = read(text)
    assert [column[0] for column in parsed.candles.columns[1:]] == [1.1, 1.2, 1.0, 1.15, 7.0]
    assert set(parsed.columns) == {"Close", "Volume", "Low", "High", "Open", "DateTime"}


def test_cells_may_be_quoted():
    text = '"Date","Open","High","Low","Close"\n"2024-01-08","1.1","1.2","1.0","1.1"\n'
    assert read(text).candles.close.tolist() == [1.1]


def test_rows_may_all_end_in_a_comma():
    text = PLAIN.replace("7\n", "7,\n")
    assert read(text).candles.digest() == read(PLAIN).candles.digest()
    assert read(text.replace("volume", "volume,")).candles.digest() == read(PLAIN).candles.digest()


def test_volume_is_zero_when_the_file_has_none():
    text = "date,open,high,low,close\n2024-01-08,1.1,1.2,1.0,1.1\n"
    assert read(text).candles.volume.tolist() == [0.0]


@pytest.mark.parametrize(
    "cell",
    ["1704672000", "1704672000000", "1704672000000000", "1704672000000000000", "1704672000.0",
     "2024-01-08T00:00:00Z", "2024-01-08T00:00:00+00:00", "2024-01-08T02:00:00+02:00",
     "2024-01-08 00:00:00", "2024-01-08 00:00", "2024-01-08T00:00:00.000Z", "2024-01-08",
     "2024.01.08 00:00", "2024/01/08 00:00:00", "20240108", "20240108 000000",
     "2024-01-07T19:00:00-05:00"],
)  # fmt: skip
def test_time_is_read_when_written_this_way(cell):
    parsed = read(f"timestamp,open,high,low,close\n{cell},1.1,1.2,1.0,1.1\n")
    assert times(parsed) == ["2024-01-08T00:00:00Z"]


def test_epochs_are_told_apart_bar_by_bar_when_a_file_has_two_units():
    rows = f"1735603200000,{ROWS}\n1735689600000000,{ROWS}\n"
    parsed = read(f"timestamp,open,high,low,close,volume\n{rows}")
    assert times(parsed) == ["2024-12-31T00:00:00Z", "2025-01-01T00:00:00Z"]


def test_epochs_before_1970_are_read():
    parsed = read(f"timestamp,open,high,low,close,volume\n-631152000,{ROWS}\n")
    assert times(parsed) == ["1950-01-01T00:00:00Z"]


def test_date_and_time_may_be_two_columns():
    text = (
        f"Date,Time,Open,High,Low,Close,Volume\n2024.01.08,09:30,{ROWS}\n20240108,093100,{ROWS}\n"
    )
    assert times(read(text)) == ["2024-01-08T09:30:00Z", "2024-01-08T09:31:00Z"]


def test_seconds_in_a_column_of_times_may_have_lost_their_zeros():
    text = f"Date,Time,Open,High,Low,Close,Volume\n20240108,0,{ROWS}\n20240108,93000,{ROWS}\n"
    assert times(read(text)) == ["2024-01-08T00:00:00Z", "2024-01-08T09:30:00Z"]


def test_bare_times_are_utc_and_noted_when_no_clock_is_named():
    parsed = read(PLAIN.replace("Z", ""))
    assert times(parsed) == times(read(PLAIN))
    assert codes(parsed) == ["zone_assumed"]


def test_bare_times_are_converted_when_a_clock_is_named():
    parsed = read(PLAIN.replace("Z", ""), tz="Europe/Athens")
    assert times(parsed) == ["2024-01-07T22:00:00Z", "2024-01-07T23:00:00Z"]
    assert codes(parsed) == []


def test_dates_name_days_when_a_clock_is_named():
    text = f"date,open,high,low,close,volume\n2024-01-08,{ROWS}\n2024-01-09,{ROWS}\n"
    assert times(read(text, tz="Europe/Athens"))[0] == "2024-01-08T00:00:00Z"


def test_several_offsets_are_converted_and_noted_when_summer_time_begins():
    text = f"""timestamp,open,high,low,close,volume
2024-03-29T09:30:00-05:00,{ROWS}
2024-04-01T09:30:00-04:00,{ROWS}
"""
    parsed = read(text)
    assert times(parsed) == ["2024-03-29T14:30:00Z", "2024-04-01T13:30:00Z"]
    assert codes(parsed) == ["several_offsets"]


def test_file_is_refused_when_only_some_times_name_an_offset():
    text = PLAIN + f"2024-01-08T02:00:00,{ROWS}\n"
    with pytest.raises(DataError, match=r"a\.csv, row 4, column timestamp: .*no UTC offset"):
        read(text)


@pytest.mark.parametrize(
    "text", [PLAIN, f"timestamp,open,high,low,close,volume\n1704672000,{ROWS}\n"]
)
def test_clock_is_refused_when_times_name_their_own(text):
    with pytest.raises(DataError, match=r"already say which moment.*Leave --tz out"):
        read(text, tz="Europe/Athens")


def test_prices_keep_every_bit_when_read():
    rng = np.random.default_rng(0)
    low = np.round(rng.uniform(1, 60_000, 300), 8)
    high = low + 1
    rows = [
        f"{1_700_000_000 + 60 * i},{a!r},{b!r},{a!r},{b!r},1"
        for i, (a, b) in enumerate(zip(low.tolist(), high.tolist(), strict=True))
    ]
    parsed = read("timestamp,open,high,low,close,volume\n" + "\n".join(rows))
    assert np.array_equal(parsed.candles.low, low)
    assert np.array_equal(parsed.candles.high, high)


@pytest.mark.parametrize("missing", ["open", "high", "low", "close"])
def test_file_is_refused_when_a_price_column_is_missing(missing):
    with pytest.raises(DataError, match=rf"a\.csv, row 1: no column is called {missing}"):
        read(PLAIN.replace(missing, "other"))


def test_file_is_refused_when_no_column_holds_the_time():
    with pytest.raises(DataError, match="no column is called time, got moment"):
        read(PLAIN.replace("timestamp", "moment"))


def test_file_is_refused_when_two_columns_have_one_name():
    with pytest.raises(DataError, match="'close' and 'Close' both hold the close"):
        read(PLAIN.replace("volume", "Close"))


def test_file_is_refused_when_it_holds_two_symbols():
    text = f"""symbol,timestamp,open,high,low,close,volume
EURUSD,2024-01-08T00:00:00Z,{ROWS}
GBPUSD,2024-01-08T01:00:00Z,{ROWS}
"""
    with pytest.raises(DataError, match=r"row 3, column symbol: 'GBPUSD' follows 'EURUSD'"):
        read(text)
