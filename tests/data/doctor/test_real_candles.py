"""What the doctor says about real files, and what a session found in them by hand."""

import pytest

from ml_training.data.candles import format_time
from ml_training.data.doctor import examine
from ml_training.data.instruments import guess_instrument
from ml_training.data.layouts import read_candles
from ml_training.data.timeframes import infer_timeframe
from tests.data.builders import REAL_DATA

pytestmark = pytest.mark.skipif(
    not REAL_DATA.exists(), reason=f"the shared candles are not at {REAL_DATA}"
)


def examine_file(folder, name):
    path = REAL_DATA / folder / name
    candles = read_candles(path, name=name).candles
    calendar = guess_instrument(name.split("_")[0], candles).calendar
    return {d.code: d for d in examine(candles, infer_timeframe(candles.time), calendar)}


def files():
    return sorted(path.name for path in (REAL_DATA / "candles").glob("*.csv"))


@pytest.mark.parametrize("name", files())
def test_nothing_is_critical_when_candles_are_clean(name):
    found = examine_file("candles", name)
    assert all(diagnosis.severity != "critical" for diagnosis in found.values())
    assert found.keys() <= {"gaps", "jumps", "flat_bars"}
    assert "gaps" not in found or found["gaps"].severity == "info"


def test_the_day_of_the_franc_is_a_jump_and_no_split():
    diagnosis = examine_file("candles", "USDCHF_1h.csv")["jumps"]
    assert "-0.18 at 2015-01-15T09:00:00Z" in diagnosis.message


def test_gaps_and_flat_bars_of_a_thin_market_are_counted():
    found = examine_file("dirty", "UNITTESTBTC_1m.csv")
    assert found["gaps"].count == 538
    assert found["flat_bars"].count == 1935
    assert found["frozen_prices"].count == 1


def test_two_bars_with_loose_prices_are_found_by_their_day():
    diagnosis = examine_file("dirty", "SPY_1d_bad_ohlc.csv")["prices_outside_range"]
    assert (diagnosis.count, diagnosis.severity) == (2, "warning")
    assert format_time(diagnosis.first_time).startswith("2015-03-05")
    assert "2015-03-05, 2015-03-30" in diagnosis.message


def test_two_companies_under_one_ticker_are_found():
    found = examine_file("dirty", "WM_1d_ticker_reuse.csv")
    assert found["long_gap"].severity == found["ticker_reuse"].severity == "critical"
    assert "313 days" in found["long_gap"].message
    assert "+5.23 at 2009-08-05" in found["ticker_reuse"].message
    assert format_time(found["long_gap"].first_time).startswith("2008-09-26")
