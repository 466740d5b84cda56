import numpy as np
import pytest

from ml_training.data.candles import Candles
from tests.data.doctor.builders import altered, find, healthy, scaled

DAY = 86_400
KINDS = ("ticker_reuse", "split", "leap", "jumps")


def daily(**options):
    return healthy(timeframe="1d", calendar="us_equity", **options)


def kinds(candles):
    options = {"timeframe": "1d", "calendar": "us_equity"}
    return {kind: found for kind in KINDS if (found := find(candles, kind, **options))}


@pytest.mark.parametrize("factor", [2, 3, 1.5, 10, 1 / 4, 1 / 20])
def test_split_is_found_when_prices_change_by_its_factor(factor):
    candles = daily()
    found = kinds(scaled(candles, 700, 1 / factor))
    assert found.keys() == {"split"}
    assert (found["split"].severity, found["split"].count) == ("critical", 1)
    assert found["split"].first_time == candles.time[700]


def test_every_split_is_counted_and_the_largest_shown():
    candles = scaled(scaled(daily(), 700, 0.5), 1200, 0.25)
    diagnosis = kinds(candles)["split"]
    assert diagnosis.count == 2
    assert "2 times a leap" in diagnosis.message
    assert "-1.39" in diagnosis.message


def test_leap_is_no_split_when_the_market_is_in_turmoil():
    """In a crash a fall by a third is one of many large moves."""
    rng = np.random.default_rng(0)
    candles = daily()
    wild = np.exp(np.cumsum(rng.normal(0, 0.15, len(candles))))
    wild[700:] *= 2 / 3 / (wild[700] / wild[699])
    columns = [column * wild for column in candles.columns[1:5]]
    turmoil = Candles.from_columns(candles.time, *columns, candles.volume)
    assert "split" not in kinds(turmoil)


def test_leap_is_found_when_quotes_change_their_unit():
    found = kinds(scaled(daily(), 700, 7.7))
    assert found.keys() == {"leap"}
    assert found["leap"].severity == "critical"


def test_ticker_is_reused_when_prices_leap_over_a_long_gap():
    candles = daily()
    is_later = np.arange(len(candles)) >= 700
    moved = altered(candles, time=np.where(is_later, candles.time + 400 * DAY, candles.time))
    found = kinds(scaled(moved, 700, 30.0))
    assert found["ticker_reuse"].severity == "critical"
    assert "split" not in found
    assert kinds(moved).keys() == set()


def test_jump_is_a_warning_when_it_may_be_news():
    candles = scaled(daily(), 700, np.exp(-0.18))
    found = kinds(candles)
    assert found.keys() == {"jumps"}
    assert (found["jumps"].severity, found["jumps"].count) == ("warning", 1)
    assert "-0.18 at" in found["jumps"].message


def test_bars_after_the_jump_are_not_blamed_when_the_spike_returns():
    close = daily().close.copy()
    candles = daily()
    close[700] *= 1.3
    spiked = altered(candles, close=close, high=np.maximum(candles.high, close))
    assert kinds(spiked)["jumps"].count == 2  # there, and back again


def test_nothing_jumps_when_there_are_hardly_any_bars():
    assert kinds(scaled(daily(n=8), 4, 2.0)) == {}
