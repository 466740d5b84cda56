import pytest

from ml_training.data.layouts.binance import LABELS
from ml_training.errors import DataError
from tests.data.layouts.builders import read, times

KLINE = (
    "{open},42283.58,42554.57,42261.02,42475.23,1271.68,{close},53957248.97,47134,682.57,2896.1,0"
)
MILLISECONDS = "\n".join(
    KLINE.format(open=1_704_067_200_000 + 3_600_000 * i, close=1_704_070_799_999 + 3_600_000 * i)
    for i in range(3)
)
TIMES = ["2024-01-01T00:00:00Z", "2024-01-01T01:00:00Z", "2024-01-01T02:00:00Z"]


def test_klines_are_read_when_there_is_no_header():
    parsed = read(MILLISECONDS)
    assert (parsed.layout, parsed.notes) == ("binance", ())
    assert times(parsed) == TIMES
    assert [column[0] for column in parsed.candles.columns[1:]] == [
        42283.58, 42554.57, 42261.02, 42475.23, 1271.68,
    ]  # fmt: skip


def test_klines_are_read_when_they_have_a_header():
    parsed = read(",".join(LABELS) + "\n" + MILLISECONDS)
    assert parsed.layout == "binance"
    assert parsed.candles.digest() == read(MILLISECONDS).candles.digest()


def test_times_are_in_microseconds_when_they_have_sixteen_digits():
    first, last = 1_735_689_600_000_000, 1_735_693_199_999_999
    assert times(read(KLINE.format(open=first, close=last))) == ["2025-01-01T00:00:00Z"]


def test_two_years_are_read_when_joined_over_the_change_of_units():
    rows = [
        KLINE.format(open=1_735_686_000_000, close=1_735_689_599_999),
        KLINE.format(open=1_735_689_600_000_000, close=1_735_693_199_999_999),
    ]
    assert times(read("\n".join(rows))) == ["2024-12-31T23:00:00Z", "2025-01-01T00:00:00Z"]


def test_row_and_column_are_named_when_a_kline_is_bad():
    first, second = MILLISECONDS.split("\n")[:2]
    with pytest.raises(DataError, match="row 2, column low: 'x' is not a number"):
        read(first + "\n" + second.replace("42261.02", "x"))


def test_clock_is_refused_when_klines_are_in_utc():
    with pytest.raises(DataError, match="already say which moment"):
        read(MILLISECONDS, tz="Asia/Tokyo")


def test_file_is_no_kline_when_its_first_number_is_no_epoch():
    with pytest.raises(DataError, match="no known layout"):
        read(KLINE.format(open=17, close=18))
