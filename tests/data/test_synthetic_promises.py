"""Small made-up markets keep what their description promises."""

import numpy as np
import pytest

from ml_training.data.calendars import find_calendar
from ml_training.data.synthetic import KINDS, START_S, make_market

N_BARS = 8_000


@pytest.fixture(scope="module")
def fair():
    return make_market(n_symbols=6, n_bars=N_BARS, edge=False, seed=3)


def returns(candles):
    return np.diff(np.log(candles.close))


def test_symbols_stay_the_same_when_more_are_made(fair):
    fewer = make_market(n_symbols=2, n_bars=N_BARS, edge=False, seed=3)
    assert [c.digest() for _, c in fewer] == [c.digest() for _, c in fair[:2]]


def test_sixth_symbol_is_of_the_first_kind_with_shocks_of_its_own(fair):
    (first, one), (sixth, other) = fair[0], fair[5]
    assert (sixth.symbol, sixth.pip, sixth.digits) == ("SYN06", first.pip, first.digits)
    assert np.corrcoef(returns(one), returns(other))[0, 1] < 0.8


def test_correlations_are_products_of_the_loadings_when_symbols_are_compared(fair):
    """Signs do not feel volatility; a sine turns their agreement into a correlation."""
    signs = np.sign([returns(candles) for _, candles in fair])
    found = np.sin(np.pi / 2 * (signs @ signs.T) / signs.shape[1])
    loadings = np.array([KINDS[number % len(KINDS)].loading for number in range(len(fair))])
    apart = ~np.eye(len(fair), dtype=bool)
    np.testing.assert_allclose(found[apart], np.outer(loadings, loadings)[apart], atol=0.06)


def test_no_symbol_foretells_another_when_the_edge_is_off(fair):
    series = np.stack([returns(candles) for _, candles in fair])
    scaled = np.sign(series)
    for lag in (1, 2, 4, 8):
        now, later = scaled[:, :-lag], scaled[:, lag:]
        assert np.abs(now @ later.T / now.shape[1]).max() < 4.5 / np.sqrt(N_BARS)


def test_distance_from_the_mean_says_nothing_when_the_edge_is_off(fair):
    for _, candles in fair:
        level = np.log(candles.close)
        pull = level[40:-1] - level[:-41]
        gain = np.sign(pull) * np.sign(np.diff(level)[40:])
        assert abs(gain.mean()) < 4.5 / np.sqrt(len(gain))


@pytest.mark.parametrize("edge", [True, False])
def test_prices_lie_on_the_grid_and_bars_are_sound(edge):
    for spec, c in make_market(n_symbols=5, n_bars=500, timeframe="1h", edge=edge):
        for prices in (c.open, c.high, c.low, c.close):
            np.testing.assert_array_equal(prices, np.round(prices, spec.digits))
            assert (prices > 0).all()
        assert (c.high >= np.maximum(c.open, c.close)).all()
        assert (c.low <= np.minimum(c.open, c.close)).all()
        assert (c.high > c.low).mean() > 0.99
        assert (c.volume >= 1).all()


@pytest.mark.parametrize("timeframe", ["15m", "4h", "1d"])
def test_bars_stand_where_the_calendar_expects_them_from_the_start_on(timeframe):
    step_s = {"15m": 900, "4h": 14_400, "1d": 86_400}[timeframe]
    times = [c.time for _, c in make_market(n_symbols=2, n_bars=300, timeframe=timeframe)]
    np.testing.assert_array_equal(times[0], times[1])
    assert times[0][0] >= START_S
    assert (np.diff(times[0]) >= step_s).all()
    assert find_calendar("fx_24x5").expects(times[0], step_s).all()


def test_one_bar_is_made_when_asked_for_one():
    [(spec, candles)] = make_market(n_symbols=1, n_bars=1)
    assert len(candles) == 1
    assert abs(candles.close[0] / KINDS[0].price - 1) < 0.01
    assert spec.symbol == "SYN01"


def test_first_block_is_the_same_when_the_edge_is_switched_on():
    with_edge, without = (
        make_market(n_symbols=3, n_bars=400, edge=edge) for edge in (True, False)
    )
    for (_, one), (_, other) in zip(with_edge, without, strict=True):
        np.testing.assert_array_equal(one.close[:4], other.close[:4])
        assert (one.close != other.close).any()
        np.testing.assert_array_equal(one.volume, other.volume)
