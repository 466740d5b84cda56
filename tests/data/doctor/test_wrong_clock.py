import numpy as np
import pytest

from ml_training.data.calendars import local_seconds
from ml_training.data.candles import Candles
from tests.data.doctor.builders import altered, find, healthy

HOUR = 3600


def on_clock(candles, tz, ahead_h=0):
    """Return candles whose times are a wall clock's, kept for UTC."""
    wall = local_seconds(candles.time, tz) + ahead_h * HOUR
    forward = np.flatnonzero(np.diff(wall, prepend=wall[0] - 1) > 0)
    return Candles(wall[forward], *(column[forward] for column in candles.columns[1:]))


def test_clock_is_right_when_bars_stand_in_the_hours():
    assert find(healthy(8000), "wrong_clock") is None


def test_brokers_clock_is_recognised_by_winter_and_summer():
    candles = on_clock(healthy(8000), "America/New_York", 7)
    diagnosis = find(candles, "wrong_clock")
    assert diagnosis.severity == "warning"
    assert "+2 h in winter and +3 h in summer" in diagnosis.message
    assert "--tz" in diagnosis.advice


@pytest.mark.parametrize("shift_h", [-5, 3, 9])
def test_fixed_shift_is_recognised(shift_h):
    candles = healthy(8000)
    moved = altered(candles, time=candles.time + shift_h * HOUR)
    assert (
        f"{shift_h:+d} h in winter and {shift_h:+d} h in summer"
        in find(moved, "wrong_clock").message
    )


def test_local_clock_of_an_exchange_is_recognised():
    candles = healthy(20_000, timeframe="15m", calendar="us_equity")
    local = on_clock(candles, "America/New_York")
    diagnosis = find(local, "wrong_clock", timeframe="15m", calendar="us_equity")
    assert "-5 h in winter and -4 h in summer" in diagnosis.message


def test_one_season_is_named_when_there_is_no_other():
    start = int(np.datetime64("2024-06-03", "s").astype(int))
    candles = healthy(1500, start=start)
    moved = altered(candles, time=candles.time + 3 * HOUR)
    assert "is +3 h in summer from UTC" in find(moved, "wrong_clock").message


def test_hours_are_others_when_no_shift_explains_them():
    candles = healthy(8000, calendar="crypto_24x7", timeframe="1h")
    kept = np.flatnonzero((candles.time // HOUR) % 24 < 18)
    pausing = Candles(*(column[kept] for column in candles.columns))
    diagnosis = find(pausing, "outside_hours", calendar="us_equity")
    assert diagnosis.severity == "info"
    assert diagnosis.count > 1000


@pytest.mark.parametrize(("timeframe", "calendar"), [("1d", "fx_24x5"), ("1h", "crypto_24x7")])
def test_clock_is_not_judged_when_bars_are_days_or_the_market_never_closes(timeframe, calendar):
    candles = healthy(2000, timeframe=timeframe, calendar=calendar)
    moved = altered(candles, time=candles.time + 5 * HOUR)
    assert find(moved, "wrong_clock", timeframe=timeframe, calendar=calendar) is None


def test_clock_is_not_judged_when_weeks_are_few():
    candles = healthy(500)
    assert find(altered(candles, time=candles.time + 5 * HOUR), "wrong_clock") is None
