"""The shape of single synthetic bars, against what is known of Brownian motion."""

import numpy as np
import pytest

from ml_training.data import synthetic
from ml_training.data.candles import Candles
from ml_training.data.synthetic import make_market, planted_drift


@pytest.fixture
def even_market(monkeypatch):
    """Volatility that never changes: what is left are bars of Brownian motion."""
    monkeypatch.setattr(synthetic, "REGIME_LOG_STEP", 0.0)
    monkeypatch.setattr(synthetic, "CLUSTER_LOG_STD", 0.0)
    monkeypatch.setattr(synthetic, "OPENING_NOISE", 0.0)
    market = make_market(n_bars=15_000, timeframe="1d", edge=False)  # days know no hours
    return [candles for _, candles in market]


def in_volatilities(candles):
    returns = np.log(candles.close / candles.open)
    span = np.log(candles.high / candles.low)
    return returns / returns.std(), span / returns.std()


def test_span_of_a_bar_is_that_of_brownian_motion(even_market):
    """Feller (1951): the mean span of a unit of Brownian motion is sqrt(8 / pi)."""
    for candles in even_market[:3]:
        _, span = in_volatilities(candles)
        assert span.mean() == pytest.approx(np.sqrt(8 / np.pi), rel=0.03)


def test_squared_span_is_that_of_brownian_motion(even_market):
    """Parkinson (1980): its mean square is 4 ln 2."""
    for candles in even_market[:3]:
        _, span = in_volatilities(candles)
        assert np.mean(span**2) == pytest.approx(4 * np.log(2), rel=0.05)


def test_reach_above_the_open_is_that_of_brownian_motion(even_market):
    """Reflection: the highest point is as far up as the end is away from the start."""
    for candles in even_market[:3]:
        above = np.log(candles.high / candles.open)
        away = np.abs(np.log(candles.close / candles.open))
        assert above.mean() == pytest.approx(away.mean(), rel=0.03)


def test_returns_are_normal_when_volatility_is_even(even_market):
    for candles in even_market:
        returns, _ = in_volatilities(candles)
        assert np.mean(returns**4) == pytest.approx(3.0, abs=0.25)


def test_returns_have_fat_tails_when_volatility_changes():
    for _, candles in make_market(n_bars=20_000, edge=False):
        returns, _ = in_volatilities(candles)
        assert np.mean(returns**4) > 6.0


def test_prices_are_fair_when_the_edge_is_off():
    """The mean of the last price over many markets is the first one."""
    moves = [
        candles.close[-1] / candles.open[0]
        for seed in range(40)
        for _, candles in make_market(n_bars=400, seed=seed, edge=False)
    ]
    assert np.mean(moves) == pytest.approx(1.0, abs=3 * np.std(moves) / np.sqrt(40 * 2))


def test_ticks_are_whole_and_more_when_the_market_is_lively():
    for _, candles in make_market(n_bars=5000):
        assert np.array_equal(candles.volume, np.rint(candles.volume))
        assert candles.volume.min() >= 1.0
        span = np.log(candles.high / candles.low)
        assert np.corrcoef(candles.volume, span)[0, 1] > 0.4


def test_the_edge_pulls_back_when_calm_and_goes_on_when_lively():
    """The two sentences of the module, measured."""
    for _, candles in make_market(n_bars=20_000)[:3]:
        returns = np.diff(np.log(candles.close))
        level = np.log(candles.close)[:-1]
        mean = np.convolve(level, np.ones(40) / 40)[: len(level)]
        fast = np.convolve(returns**2, np.ones(20) / 20)[: len(returns)]
        slow = np.convolve(returns**2, np.ones(100) / 100)[: len(returns)]
        ratio = np.roll(fast / slow, 1)
        away = np.sign(level - mean) * np.sign(returns)
        late = np.arange(len(returns)) > 1000
        assert away[late & (ratio < 0.5)].mean() < -0.05
        assert away[late & (ratio > 1.5)].mean() > 0.05


def test_drift_is_bounded():
    for _, candles in make_market(n_bars=10_000):
        most = sum(synthetic.STRENGTHS[:, 0] / np.sqrt(synthetic.SCALES[:, 0]))
        assert np.abs(planted_drift(candles)[2000:]).max() < 3 * most


def test_drift_needs_nothing_but_prices():
    _, candles = make_market(n_bars=3000)[0]
    silent = Candles.from_columns(*candles.columns[:5])
    assert np.array_equal(planted_drift(silent), planted_drift(candles))
