import numpy as np
import pytest

from ml_training.data.candles import Candles
from ml_training.data.doctor import examine
from ml_training.errors import DataError
from tests.data.builders import MONDAY, random_candles
from tests.data.doctor.builders import altered, find, healthy, without

HOUR = 3600
DAY = 24 * HOUR


@pytest.mark.parametrize(
    ("timeframe", "calendar"),
    [("1h", "fx_24x5"), ("15m", "metals"), ("1d", "us_equity"), ("5m", "us_equity"),
     ("1m", "crypto_24x7"), ("4h", "fx_24x5"), ("1d", "fx_24x5"), ("1w", "crypto_24x7")],
)  # fmt: skip
def test_nothing_is_found_when_candles_are_well(timeframe, calendar):
    candles = healthy(1500, timeframe=timeframe, calendar=calendar)
    assert examine(candles, timeframe, calendar) == []


def test_bars_are_too_few_when_averages_eat_them_up():
    diagnosis = find(healthy(300), "too_few_bars")
    assert (diagnosis.severity, diagnosis.count) == ("warning", 300)
    assert "leaves 100 of them" in diagnosis.message
    assert find(healthy(200), "too_few_bars").severity == "critical"
    assert find(healthy(1000), "too_few_bars") is None


def test_few_bars_are_the_only_ill_when_there_are_none():
    (diagnosis,) = examine(Candles.empty(), "1h", "fx_24x5")
    assert (diagnosis.code, diagnosis.count, diagnosis.first_time) == ("too_few_bars", 0, None)


def test_gaps_are_counted_when_bars_are_missing():
    candles = healthy()
    diagnosis = find(without(candles, [10, 11, 12, 50]), "gaps")
    assert (diagnosis.severity, diagnosis.count) == ("info", 2)
    assert diagnosis.first_time == candles.time[9]
    assert "4 bars missing in 2 places, at most 3 in a row; 0.20%" in diagnosis.message


@pytest.mark.parametrize(
    ("n_missing", "severity"), [(10, "info"), (100, "warning"), (400, "critical")]
)
def test_gaps_are_graver_when_more_is_missing(n_missing, severity):
    bars = np.random.default_rng(0).choice(np.arange(1, 1999), n_missing, replace=False)
    assert find(without(healthy(), bars), "gaps").severity == severity


def test_weekends_are_gaps_when_the_market_never_closes():
    diagnosis = find(healthy(), "gaps", calendar="crypto_24x7")
    assert diagnosis.severity == "critical"
    assert "at most 48 in a row" in diagnosis.message


def test_gap_is_grave_when_it_lasts_for_months():
    candles = healthy()
    time = np.where(np.arange(2000) < 1000, candles.time, candles.time + 91 * DAY)
    diagnosis = find(altered(candles, time=time), "long_gap")
    assert diagnosis.severity == "critical"
    assert diagnosis.first_time == candles.time[999]
    assert "days" in diagnosis.message


def test_gap_of_a_century_costs_no_memory():
    candles = random_candles(2000, step_s=60)
    time = np.where(np.arange(2000) < 1000, candles.time - 4_000_000_000, candles.time)
    assert find(altered(candles, time=time), "long_gap", timeframe="1m").count == 1


def test_overlaps_are_counted_when_bars_are_too_close():
    candles = healthy()
    time = candles.time.copy()
    time[100] -= 1800
    diagnosis = find(altered(candles, time=time), "overlapping_bars")
    assert (diagnosis.severity, diagnosis.count) == ("warning", 1)
    assert diagnosis.first_time == time[100]


def test_overlaps_are_grave_when_the_timeframe_is_another():
    assert find(healthy(), "overlapping_bars", timeframe="4h").severity == "critical"


def test_days_of_23_hours_do_not_overlap():
    candles = random_candles(2000, step_s=DAY, start=MONDAY - 2 * HOUR)
    time = np.where(np.arange(2000) < 90, candles.time, candles.time - HOUR)
    assert find(altered(candles, time=time), "overlapping_bars", timeframe="1d") is None


def test_examination_is_refused_when_calendar_or_timeframe_is_not_known():
    with pytest.raises(DataError, match="no calendar"):
        examine(healthy(10), "1h", "mars")
    with pytest.raises(DataError, match="no timeframe"):
        examine(healthy(10), "7h", "fx_24x5")
