"""A candle file becomes rows with everything a person should know about it."""

import io

import pytest

from ml_training.errors import DataError
from ml_training.models import CandleChunk, Instrument
from ml_training.selectors import load_candles
from ml_training.services.market import check_symbol, guess_labels, import_file
from tests.commands.builders import HEADER, daily_rows
from tests.data.builders import REAL_DATA

DIRTY = REAL_DATA / "dirty" / "SPY_1d_bad_ohlc.csv"


def as_file(*rows: str, header: str = HEADER) -> io.BytesIO:
    return io.BytesIO("\n".join([header, *rows, ""]).encode())


@pytest.mark.django_db
def test_result_describes_the_file_when_imported():
    result = import_file(as_file(*daily_rows(40)), symbol="eurusd")
    assert (result.symbol, result.timeframe, result.n_bars) == ("EURUSD", "1d", 40)
    assert result.layout == "generic"
    assert result.first_at.isoformat() == "2024-01-01T00:00:00+00:00"
    assert result.last_at.isoformat() == "2024-02-12T00:00:00+00:00"
    assert len(load_candles(Instrument.objects.get(), "1d")) == 40


@pytest.mark.django_db
def test_instrument_is_guessed_from_symbol_and_prices_when_new():
    import_file(as_file(*daily_rows(5, price=150.25)), symbol="USDJPY")
    instrument = Instrument.objects.get()
    assert (instrument.pip, instrument.digits, instrument.asset_class) == (0.01, 3, "fx")
    assert not instrument.is_synthetic


@pytest.mark.django_db
def test_doctor_is_heard_when_bars_are_odd():
    rows = daily_rows(40)
    rows[20] = rows[20].replace(",100", ",0")
    del rows[30:33]
    flat = [",".join([row.split(",")[0], "1.1", "1.1", "1.1", "1.1", "0"]) for row in rows[:9]]
    result = import_file(as_file(*flat, *rows[9:]), symbol="EURUSD")
    assert {finding.code for finding in result.findings} >= {"gaps", "flat_bars"}


@pytest.mark.django_db
@pytest.mark.skipif(not DIRTY.exists(), reason=f"real dirty candles are not at {DIRTY}")
def test_loose_prices_are_reported_when_the_file_is_dirty():
    result = import_file(DIRTY, symbol="SPY")
    assert any("high" in finding.message for finding in result.findings)


@pytest.mark.django_db
def test_unordered_and_repeated_bars_are_set_right_and_reported():
    rows = daily_rows(10)
    rows = [*rows[:3], rows[5], rows[4], rows[3], *rows[5:]]
    result = import_file(as_file(*rows), symbol="EURUSD")
    assert result.n_bars == 10
    assert {finding.code for finding in result.findings} >= {"unordered_bars", "duplicate_bars"}


@pytest.mark.django_db
def test_timeframe_of_the_name_counts_only_when_one_bar_cannot_tell():
    one = import_file(as_file(*daily_rows(1)), symbol="EURUSD", fallback_timeframe="4h")
    many = import_file(as_file(*daily_rows(5)), symbol="GBPUSD", fallback_timeframe="4h")
    assert (one.timeframe, many.timeframe) == ("4h", "1d")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"symbol": ""}, "1 to 32 printable characters"),
        ({"symbol": "X" * 33}, "1 to 32 printable characters"),
        ({"symbol": "EUR\x00USD"}, "1 to 32 printable characters"),
        ({"symbol": "EURUSD", "timeframe": "1h"}, "finer than these data"),
        ({"symbol": "EURUSD", "timeframe": "1w"}, "most bars are 1d apart"),
        ({"symbol": "EURUSD", "timeframe": "7x"}, "no timeframe is called"),
        ({"symbol": "EURUSD", "tz": "Mars/Base"}, "Mars/Base"),
        ({"symbol": "EURUSD", "tz": "\x00"}, "no time zone is called"),
    ],
)
def test_nothing_is_stored_when_an_option_is_wrong(options, words):
    rows = [row.replace("T00:00:00Z", " 10:00:00") for row in daily_rows(10)]
    with pytest.raises(DataError, match=words):
        import_file(as_file(*rows), **options)
    assert not Instrument.objects.exists()


@pytest.mark.django_db
def test_broken_file_leaves_what_was_there_when_imported_over_it():
    import_file(as_file(*daily_rows(20)), symbol="EURUSD")
    before = list(CandleChunk.objects.values())
    rows = [*daily_rows(40, price=2.0), "2024-05-01T00:00:00Z,1,2,oops,1,1"]
    with pytest.raises(DataError, match=r"EURUSD.*oops|oops.*EURUSD"):
        import_file(as_file(*rows), symbol="EURUSD")
    assert list(CandleChunk.objects.values()) == before


@pytest.mark.parametrize(
    ("name", "labels"),
    [
        ("AUDUSD_1h.csv", ("AUDUSD", "1h")),
        ("eurusd.csv", ("EURUSD", None)),
        ("BTCUSDT-1m-2024-01.csv.gz", ("BTCUSDT", "1m")),
        ("EURUSD_M15_202001020000_202312292345.csv", ("EURUSD", "15m")),
        ("DAT_ASCII_EURUSD_M1_2020.csv", ("EURUSD", "1m")),
        ("FX_GBPUSD, 1D.csv", ("GBPUSD", "1d")),
        ("candles.parquet", ("CANDLES", None)),
        (".csv", ("", None)),
    ],
)
def test_labels_are_guessed_from_the_name_when_none_are_given(name, labels):
    assert guess_labels(name) == labels


def test_symbol_is_upper_case_when_checked():
    assert check_symbol(" eurusd.m ") == "EURUSD.M"
