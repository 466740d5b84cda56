import pytest

from ml_training.errors import DataError
from tests.data.layouts.builders import read, times

BARS = """20120201 000000;1.306600;1.306600;1.306560;1.306560;0
20120201 000100;1.306570;1.306570;1.306470;1.306560;0
"""


def test_bars_are_read_on_the_clock_that_histdata_states():
    parsed = read(BARS)
    assert (parsed.layout, parsed.notes) == ("histdata", ())
    assert times(parsed) == ["2012-02-01T05:00:00Z", "2012-02-01T05:01:00Z"]
    assert parsed.candles.low.tolist() == [1.30656, 1.30647]


def test_clock_does_not_change_in_summer():
    assert times(read(BARS.replace("201202", "201207")))[0] == "2012-07-01T05:00:00Z"


def test_another_clock_is_used_when_named():
    assert times(read(BARS, tz="UTC"))[0] == "2012-02-01T00:00:00Z"


def test_row_and_column_are_named_when_a_cell_is_bad():
    with pytest.raises(DataError, match="row 2, column high: 'x' is not a number"):
        read(BARS.replace("1.306570;1.306570", "1.306570;x"))


def test_row_is_named_when_a_time_is_bad():
    with pytest.raises(DataError, match="row 2, column date time: '20120201 006100' is not"):
        read(BARS.replace("000100", "006100"))
