import numpy as np
import pytest

from ml_training.data.candles import Candles
from ml_training.data.doctor import examine
from ml_training.data.instruments import price_digits
from ml_training.data.synthetic import BLOCK, make_market, planted_drift
from ml_training.errors import DataError

N_BARS = 20_000
START_FORGOTTEN = 5_000


@pytest.fixture(scope="module")
def market():
    return make_market(n_bars=N_BARS)


@pytest.fixture(scope="module")
def fair_market():
    return make_market(n_bars=N_BARS, edge=False)


def log_returns(candles):
    return np.diff(np.log(candles.close))


def test_symbols_are_named_and_marked_as_synthetic(market):
    assert [spec.symbol for spec, _ in market] == [f"SYN0{i}" for i in range(1, 6)]
    assert {spec.asset_class for spec, _ in market} == {"synthetic"}


def test_the_same_seed_makes_the_same_bytes(market):
    again = make_market(n_bars=N_BARS)
    assert [c.digest() for _, c in again] == [c.digest() for _, c in market]
    other = make_market(n_bars=N_BARS, seed=1)
    assert {c.digest() for _, c in other}.isdisjoint(c.digest() for _, c in market)


@pytest.mark.parametrize("timeframe", ["1m", "15m", "1h", "4h", "1d", "1w"])
def test_every_symbol_has_all_bars_whatever_the_timeframe(timeframe):
    market = make_market(n_bars=1500, n_symbols=7, timeframe=timeframe)
    assert [len(candles) for _, candles in market] == [1500] * 7
    for _, candles in market:
        Candles.from_columns(*candles.columns)  # keeps the rules of candles


@pytest.mark.parametrize("timeframe", ["15m", "1h", "1d"])
def test_the_doctor_finds_nothing_grave(timeframe):
    for spec, candles in make_market(n_bars=4000, timeframe=timeframe):
        found = examine(candles, timeframe, spec.calendar)
        assert {d.code for d in found} <= {"flat_bars", "jumps"}
        assert all(d.severity != "critical" for d in found)


def test_quotes_have_the_digits_of_their_instrument(market):
    for spec, candles in market:
        assert price_digits(candles) == spec.digits


def test_high_and_low_enclose_open_and_close(market):
    for _, candles in market:
        assert np.all(candles.high >= np.maximum(candles.open, candles.close))
        assert np.all(candles.low <= np.minimum(candles.open, candles.close))


def test_a_year_moves_as_much_as_the_kind_of_symbol_says(fair_market):
    for (_, candles), annual in zip(fair_market, (0.08, 0.09, 0.14, 0.10, 0.08), strict=True):
        measured = log_returns(candles).std() * np.sqrt(252 * 96)
        assert measured == pytest.approx(annual, rel=0.1)


def test_costs_are_a_small_part_of_what_a_bar_moves(market):
    for spec, candles in market:
        assert 0.01 < spec.spread / np.mean(candles.high - candles.low) < 0.2


def test_symbols_move_together_and_against_each_other(fair_market):
    correlation = np.corrcoef([log_returns(candles) for _, candles in fair_market])
    assert correlation[0, 3] > 0.15
    assert correlation[0, 1] < -0.15


def test_volatility_clusters(fair_market):
    for _, candles in fair_market:
        size = np.abs(log_returns(candles))
        assert np.corrcoef(size[1:], size[:-1])[0, 1] > 0.15
        assert np.corrcoef(size[96:], size[:-96])[0, 1] > 0.05


def test_volatility_follows_the_hours_of_the_day(market):
    for _, candles in market:
        hour = candles.time // 3600 % 24
        size = candles.high - candles.low
        assert np.mean(size[(hour > 12) & (hour < 16)]) > 1.5 * np.mean(size[hour < 4])


def test_weeks_open_with_a_gap(market):
    for _, candles in market:
        gap = np.abs(np.log(candles.open[1:] / candles.close[:-1]))
        is_monday = np.diff(candles.time) > 86_400
        assert is_monday.sum() > 30
        assert np.median(gap[is_monday]) > 5 * np.median(gap[~is_monday])


def test_moves_are_much_alike_with_and_without_the_edge(market, fair_market):
    for (_, one), (_, other) in zip(market, fair_market, strict=True):
        assert np.corrcoef(log_returns(one), log_returns(other))[0, 1] > 0.8
        assert np.array_equal(one.time, other.time)
        assert np.array_equal(one.volume, other.volume)


def score_returns(market):
    """Correlate the planted drift with the next bar's return, in volatilities."""
    return [
        np.corrcoef(planted_drift(c)[START_FORGOTTEN:-1], standardise(c)[START_FORGOTTEN:])[0, 1]
        for _, c in market
    ]


def standardise(candles):
    returns = log_returns(candles)
    variance = np.convolve(returns**2, np.ones(50) / 50, mode="full")[: len(returns)]
    return returns / np.sqrt(np.maximum(np.roll(variance, 1), 1e-12))


def test_planted_drift_foretells_the_next_bar_when_the_edge_is_on(market):
    assert min(score_returns(market)) > 0.15


def test_planted_drift_foretells_nothing_when_the_edge_is_off(fair_market):
    errors = 1.0 / np.sqrt(N_BARS - START_FORGOTTEN)
    assert np.max(np.abs(score_returns(fair_market))) < 3.5 * errors


def test_planted_drift_is_the_whole_edge(market):
    """What is left of returns once the drift is taken off has no direction."""
    for _, candles in market:
        drift, returns = planted_drift(candles)[START_FORGOTTEN:-1], standardise(candles)
        slope = np.polyfit(drift, returns[START_FORGOTTEN:], 1)[0]
        assert slope == pytest.approx(1.0, abs=0.25)


def test_planted_drift_never_changes_when_later_bars_are_removed(market):
    _, candles = market[0]
    whole = planted_drift(candles)
    for stop in (1, 2, 3, 4, 5, 1000, 1001, 1002, 1003):
        assert np.array_equal(planted_drift(candles.slice(0, stop)), whole[:stop])


def test_planted_drift_is_nothing_when_there_are_no_bars():
    assert len(planted_drift(Candles.empty())) == 0
    assert planted_drift(make_market(n_bars=BLOCK - 1)[0][1]).tolist() == [0.0] * (BLOCK - 1)


def test_prices_are_a_martingale_when_the_edge_is_off(fair_market):
    """Past returns over any span say nothing about the next ones."""
    for _, candles in fair_market:
        returns = standardise(candles)[100:]
        for span in (1, 4, 16, 64):
            past = np.convolve(returns, np.ones(span), mode="valid")[:-1]
            future = returns[span:]
            correlation = np.corrcoef(past, future)[0, 1]
            assert abs(correlation) < 4.0 / np.sqrt(len(future))


@pytest.mark.parametrize("sizes", [(0, 10), (10, 0), (-1, 5)])
def test_market_is_refused_when_it_would_be_empty(sizes):
    with pytest.raises(DataError, match="a market needs 1 symbol and 1 bar at least"):
        make_market(n_symbols=sizes[0], n_bars=sizes[1])


def test_market_is_refused_when_the_timeframe_is_not_known():
    with pytest.raises(DataError, match="no timeframe"):
        make_market(n_bars=10, timeframe="7m")
