"""Session averages and opening ranges follow the clock of the trading centre."""

import numpy as np
import pytest

from ml_training.data.indicators import Bars, compute_use, make_use
from ml_training.data.indicators.session import find_opens
from tests.data.builders import MONDAY, candles_from_closes, random_candles

HOUR = 3600


def hourly(n, start=MONDAY, seed=1):
    return random_candles(n, seed, start=start)


def test_day_opens_at_midnight_utc_when_no_centre_is_named():
    opens = find_opens(Bars(hourly(72, MONDAY + 5 * HOUR)), "day")
    assert opens.first.tolist() == [0, 19, 43, 67]


@pytest.mark.parametrize(
    ("session", "winter", "summer"),
    [("london", 8, 7), ("newyork", 13, 12), ("tokyo", 0, 0), ("sydney", 20, 21)],
)
def test_session_opens_by_its_own_clock_when_the_season_changes(session, winter, summer):
    january, july = MONDAY, MONDAY + 182 * 24 * HOUR
    for start, hour in ((january, winter), (july, summer)):
        opens = find_opens(Bars(hourly(96, start)), session)
        assert set((hourly(96, start).time[opens.first[1:]] // HOUR) % 24) == {hour}


def test_opens_are_found_once_when_asked_twice():
    bars = Bars(hourly(50))
    assert find_opens(bars, "day") is find_opens(bars, "day")


def test_average_starts_anew_when_the_session_opens():
    market = hourly(72)
    values = compute_use(make_use("vwap"), market)["value"]
    typical = (market.high + market.low + market.close) / 3
    np.testing.assert_allclose(values[[0, 24, 48]], typical[[0, 24, 48]], rtol=1e-14)


def test_bars_weigh_the_same_when_nothing_is_traded():
    market = candles_from_closes([1.0, 2.0, 6.0])
    silent = type(market).from_columns(*market.columns[:5])
    values = compute_use(make_use("vwap"), silent)["value"]
    typical = (silent.high + silent.low + silent.close) / 3
    np.testing.assert_allclose(values, np.cumsum(typical) / [1, 2, 3])


def test_average_keeps_its_digits_when_history_is_long():
    market = random_candles(50_000, step_s=60, price=50_000.0, digits=2)
    values = compute_use(make_use("vwap"), market)["value"]
    last_day = slice(np.flatnonzero(np.diff(market.time // 86_400))[-1] + 1, None)
    alone = compute_use(make_use("vwap"), market.slice(last_day.start, len(market)))["value"]
    np.testing.assert_allclose(values[last_day], alone, rtol=1e-12)


def test_opening_range_is_unknown_when_its_bars_are_not_closed():
    market = hourly(72)
    high = compute_use(make_use("opening_range", bars_in_range=3), market)["high"]
    assert np.isnan(high[24:26]).all()
    assert (high[26:48] == market.high[24:27].max()).all()
    assert np.isnan(high[48:50]).all()


def test_opening_range_is_unknown_when_the_data_may_begin_after_the_open():
    low = compute_use(make_use("opening_range", output="low"), hourly(24))["low"]
    assert np.isnan(low).all()


def test_opening_range_reads_the_centres_morning_when_one_is_named():
    market = hourly(72)
    use = make_use("opening_range", session="london", bars_in_range=2, output="low")
    low = compute_use(use, market)["low"]
    assert low[8 + 24 + 5] == market.low[32:34].min()  # London opens at 8 UTC in January


def test_opening_range_is_unknown_when_the_session_is_shorter_than_it():
    market = hourly(60)
    use = make_use("opening_range", bars_in_range=30)
    assert np.isnan(compute_use(use, market)["high"]).all()


def test_opening_range_is_complete_when_the_data_end_with_it():
    market = hourly(28)
    high = compute_use(make_use("opening_range", bars_in_range=4), market)["high"]
    assert high[27] == market.high[24:28].max()
