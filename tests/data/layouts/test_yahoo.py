import pytest

from ml_training.errors import DataError
from tests.data.layouts.builders import codes, read, times

DAILY = """Date,Open,High,Low,Close,Adj Close,Volume
2024-01-08,468.43,474.75,468.30,474.60,466.45,74879100
2024-01-09,471.87,474.93,471.35,473.88,465.74,65931400
"""


def test_prices_are_read_as_quoted_and_not_as_adjusted():
    parsed = read(DAILY)
    assert (parsed.layout, parsed.notes) == ("yahoo", ())
    assert times(parsed) == ["2024-01-08T00:00:00Z", "2024-01-09T00:00:00Z"]
    assert parsed.candles.close.tolist() == [474.60, 473.88]
    assert parsed.candles.volume.tolist() == [74879100.0, 65931400.0]


def test_adjusted_column_may_stand_elsewhere():
    text = "Date,Adj Close,Close,High,Low,Open,Volume\n2024-01-08,9,1.1,1.2,1.0,1.1,7\n"
    assert read(text).candles.close.tolist() == [1.1]


def test_headers_with_footnotes_are_understood():
    assert read(DAILY.replace("Adj Close", "Adj Close**").replace(",Close", ",Close*")).candles


def test_days_without_prices_are_left_out_and_noted():
    text = DAILY + "2024-01-10,null,null,null,null,null,null\n"
    parsed = read(text)
    assert len(parsed.candles) == 2
    assert codes(parsed) == ["blank_bars"]


def test_row_stays_that_of_the_file_when_days_were_left_out():
    text = DAILY + "2024-01-10,,,,,,\n2024-01-11,-1,474.75,468.30,474.60,466.45,7\n"
    with pytest.raises(DataError, match="row 5, column Open: a price must be above 0"):
        read(text)


def test_file_is_refused_when_no_day_has_a_price():
    with pytest.raises(DataError, match="has no bar with a price"):
        read(
            "Date,Open,High,Low,Close,Adj Close,Volume\n2024-01-10,null,null,null,null,null,null\n"
        )


def test_row_is_named_when_only_one_price_is_missing():
    with pytest.raises(DataError, match="row 3, column High: the cell is empty"):
        read(DAILY.replace("474.93", "null"))


def test_column_is_named_when_missing():
    with pytest.raises(DataError, match="row 1: no column is called low"):
        read(DAILY.replace("Low", "Lowest"))
