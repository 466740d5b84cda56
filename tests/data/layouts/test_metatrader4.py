import pytest

from ml_training.errors import DataError
from tests.data.layouts.builders import read, times

BARS = """2012.11.16,08:00,1.03428,1.03430,1.03176,1.03259,4912
2012.11.16,09:00,1.03256,1.03293,1.03146,1.03162,4388
"""


def test_bars_are_read_when_the_clock_is_named():
    parsed = read(BARS, tz="+02:00")
    assert (parsed.layout, parsed.notes) == ("metatrader4", ())
    assert times(parsed) == ["2012-11-16T06:00:00Z", "2012-11-16T07:00:00Z"]
    assert [column[1] for column in parsed.candles.columns[1:]] == [
        1.03256, 1.03293, 1.03146, 1.03162, 4388.0,
    ]  # fmt: skip


def test_clock_is_asked_for_when_not_named():
    with pytest.raises(DataError, match="a MetaTrader 4 export keeps the broker's clock"):
        read(BARS)


def test_days_need_no_clock():
    assert times(read(BARS.replace("08:00", "00:00").replace("16,09:00", "17,00:00"))) == [
        "2012-11-16T00:00:00Z",
        "2012-11-17T00:00:00Z",
    ]


def test_volume_may_be_missing():
    text = BARS.replace(",4912", "").replace(",4388", "")
    assert read(text, tz="UTC").candles.volume.tolist() == [0.0, 0.0]


def test_histdata_in_metatrader_form_is_read_with_its_own_clock():
    """HistData.com keeps New York winter time all year: five hours behind UTC."""
    parsed = read(
        "2012.07.02,00:00,1.2664,1.2665,1.2664,1.2664,0\n2012.07.02,00:01,1,1,1,1,0\n", tz="-5"
    )
    assert times(parsed)[0] == "2012-07-02T05:00:00Z"


@pytest.mark.parametrize("first", ["16.11.2012,08:00", "2012.11.16,8am", "2012-11-16,08:00"])
def test_file_is_refused_when_dates_are_written_otherwise(first):
    with pytest.raises(DataError, match="no known layout begins like this"):
        read(BARS.replace("2012.11.16,08:00", first), tz="UTC")


def test_row_is_named_when_a_later_date_is_bad():
    with pytest.raises(
        DataError, match=r"row 2, column date: '2012\.11\.16 29:00' is not the time"
    ):
        read(BARS.replace("09:00", "29:00"), tz="UTC")
