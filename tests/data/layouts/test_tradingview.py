import pytest

from ml_training.errors import DataError
from tests.data.layouts.builders import codes, read, times

EPOCHS = """time,open,high,low,close
1704672000,1.1,1.2,1.0,1.15
1704675600,1.15,1.25,1.1,1.2
"""


def test_bars_are_read_when_times_are_epochs():
    parsed = read(EPOCHS)
    assert (parsed.layout, parsed.notes) == ("tradingview", ())
    assert times(parsed) == ["2024-01-08T00:00:00Z", "2024-01-08T01:00:00Z"]


def test_bars_are_read_when_times_name_the_offset_of_the_chart():
    text = EPOCHS.replace("1704672000", "2024-03-08T09:30:00-05:00")
    parsed = read(text.replace("1704675600", "2024-03-11T09:30:00-04:00"))
    assert times(parsed) == ["2024-03-08T14:30:00Z", "2024-03-11T13:30:00Z"]
    assert codes(parsed) == ["several_offsets"]


def test_days_are_read_when_times_are_dates():
    text = EPOCHS.replace("1704672000", "2024-01-08").replace("1704675600", "2024-01-09")
    assert times(read(text)) == ["2024-01-08T00:00:00Z", "2024-01-09T00:00:00Z"]


def test_indicators_of_the_chart_are_passed_over():
    text = """time,open,high,low,close,MA,MA,Volume,Volume MA,RSI,close
1704672000,1.1,1.2,1.0,1.15,NaN,,7,NaN,NaN,9
"""
    parsed = read(text)
    assert parsed.candles.close.tolist() == [1.15]
    assert parsed.candles.volume.tolist() == [7.0]
    assert parsed.layout == "tradingview"


def test_first_volume_is_read_when_the_chart_shows_two():
    text = "time,open,high,low,close,Volume,Volume\n1704672000,1.1,1.2,1.0,1.15,7,8\n"
    assert read(text).candles.volume.tolist() == [7.0]


def test_row_and_column_are_named_when_a_cell_is_bad():
    with pytest.raises(DataError, match="row 3, column low: 'n/k' is not a number"):
        read(EPOCHS.replace("1.25,1.1", "1.25,n/k"))
