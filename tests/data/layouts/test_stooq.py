import pytest

from ml_training.errors import DataError
from tests.data.layouts.builders import read, times

DAILY = """Date,Open,High,Low,Close,Volume
2024-01-08,468.43,474.75,468.3,474.6,74879100
2024-01-09,471.87,474.93,471.35,473.88,65931400
"""
POLISH = DAILY.replace(
    "Date,Open,High,Low,Close,Volume", "Data,Otwarcie,Najwyzszy,Najnizszy,Zamkniecie,Wolumen"
)
BULK = """<TICKER>,<PER>,<DATE>,<TIME>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>,<OPENINT>
SPY.US,D,20240108,000000,468.43,474.75,468.3,474.6,74879100,0
SPY.US,D,20240109,000000,471.87,474.93,471.35,473.88,65931400,0
"""


@pytest.mark.parametrize("text", [DAILY, POLISH, BULK], ids=["english", "polish", "bulk"])
def test_days_are_read_in_every_form(text):
    parsed = read(text)
    assert (parsed.layout, parsed.notes) == ("stooq", ())
    assert times(parsed) == ["2024-01-08T00:00:00Z", "2024-01-09T00:00:00Z"]
    assert parsed.candles.digest() == read(DAILY).candles.digest()


def test_volume_may_be_missing():
    text = "\n".join(line.rsplit(",", 1)[0] for line in DAILY.splitlines())
    assert read(text).layout == "stooq"


def test_bars_within_the_day_are_read_when_the_clock_is_named():
    text = BULK.replace(",D,", ",5,").replace("0109,000000", "0108,093500")
    parsed = read(text.replace("0108,000000", "0108,093000"), tz="America/New_York")
    assert times(parsed) == ["2024-01-08T14:30:00Z", "2024-01-08T14:35:00Z"]


def test_clock_is_asked_for_when_bars_lie_within_the_day():
    with pytest.raises(DataError, match="a Stooq download keeps the broker's clock"):
        read(BULK.replace("0109,000000", "0108,093500"))


def test_row_is_named_when_another_ticker_follows():
    with pytest.raises(DataError, match=r"row 3, column <TICKER>: 'QQQ\.US' follows"):
        read(BULK.replace("SPY.US,D,20240109", "QQQ.US,D,20240109"))


def test_answer_is_shown_when_stooq_refused_to_answer():
    with pytest.raises(
        DataError, match="the line has no columns, got 'Exceeded the daily hits limit'"
    ):
        read("Exceeded the daily hits limit")


@pytest.mark.parametrize(
    ("day", "moment"),
    [("2024-01-08", "2024-01-08 09:30:00"), ("2024-01-08", "1704706200"),
     ("2024-01-08", "2024-01-08T09:30:00+00:00")],
)  # fmt: skip
def test_table_is_another_when_its_times_are_no_days(day, moment):
    """pandas writes the same header over an index called Date."""
    parsed = read(DAILY.splitlines()[0] + "\n" + DAILY.splitlines()[1].replace(day, moment))
    assert parsed.layout == "generic"
    assert times(parsed)[0] == "2024-01-08T09:30:00Z"
