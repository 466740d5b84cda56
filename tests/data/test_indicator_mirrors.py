"""The mirror of every output is what the indicator says in a market upside down."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml_training.data.indicators import (
    INDICATORS,
    Negate,
    Price,
    Reflect,
    Same,
    compute_use,
    make_use,
    mirror_use,
)
from ml_training.data.indicators.patterns import MIRRORED
from tests.data.builders import random_candles
from tests.data.indicator_builders import (
    KEYS,
    MIDDLE,
    markets,
    rough_market,
    smooth_market,
    upside_down,
    uses_of,
)

EXACT = [key for key in KEYS if INDICATORS[key].exact_mirror]
# TA-Lib draws these with other rules than their mirror images (a shooting star needs a
# gap, a hammer does not), or names one side of a doji.
DRAWN_APART = {"hammer", "shooting_star", "inverted_hammer", "hanging_man", "piercing"} | {
    "dark_cloud_cover",
    "dragonfly_doji",
    "gravestone_doji",
    "three_white_soldiers",
    "three_black_crows",
    "tristar",
}


def turn(mirror, values):
    """Say what the mirror makes of values."""
    match mirror:
        case Price():
            return MIDDLE - values
        case Negate():
            return -values
        case Reflect(centre=centre):
            return 2 * centre - values
        case Same():
            return values


def compare(use, market, *, tolerance=1e-7):
    """Assert that the mirrored use in the mirrored market is the mirrored value."""
    mirrored, mirror = mirror_use(use)
    plain = compute_use(use, market)[use.output]
    found = compute_use(mirrored, upside_down(market))[mirrored.output]
    scale = np.nanmax(np.abs(plain), initial=1e-3)
    np.testing.assert_allclose(found, turn(mirror, plain), rtol=0, atol=tolerance * scale)


@pytest.mark.parametrize("key", EXACT)
@settings(max_examples=10, deadline=None)
@given(data=st.data())
def test_mirror_holds_when_the_market_is_turned_upside_down(key, data):
    use, market = data.draw(uses_of(key)), data.draw(markets())
    for output in INDICATORS[key].outputs:
        compare(use.with_output(output), market)


@pytest.mark.parametrize("name", sorted(set(MIRRORED) - DRAWN_APART))
def test_pattern_mirror_is_exact_when_no_bar_closes_where_it_opened(name):
    compare(make_use("pattern", name=name), smooth_market(4000, 8))


@pytest.mark.parametrize("name", ["engulfing", "pin_bar", "tweezer", "morning_star", "harami"])
def test_pattern_is_found_in_both_directions_when_markets_are_long(name):
    market = random_candles(4000, seed=8, volatility=0.01)
    values = compute_use(make_use("pattern", name=name), market)["value"]
    other = compute_use(make_use("pattern", name=MIRRORED[name]), market)["value"]
    assert np.nanmax(values) == 100.0
    assert np.nanmin(other) == -100.0


@pytest.mark.parametrize("key", sorted(set(KEYS) - set(EXACT) - {"pattern"}))
def test_mirror_points_the_same_way_when_it_is_not_exact(key):
    market = random_candles(2000, seed=8)
    use = make_use(key)
    mirrored, mirror = mirror_use(use)
    wanted = turn(mirror, compute_use(use, market)[use.output])
    found = compute_use(mirrored, upside_down(market))[mirrored.output]
    known = ~np.isnan(wanted)
    assert np.corrcoef(wanted[known], found[known])[0, 1] > 0.9


@pytest.mark.parametrize("key", KEYS)
def test_mirror_returns_to_the_use_when_applied_twice(key):
    for output in INDICATORS[key].outputs:
        use = make_use(key, output=output, timeframe="4h", shift=2)
        once, _ = mirror_use(use)
        assert (once.timeframe, once.shift) == ("4h", 2)
        assert mirror_use(once)[0] == use


def test_source_swaps_high_and_low_when_mirrored():
    use = make_use("sma", source="high")
    assert mirror_use(use)[0] == make_use("sma", source="low")
    compare(use, rough_market(100, 1))


def test_pattern_names_its_image_when_mirrored():
    mirrored, mirror = mirror_use(make_use("pattern", name="hammer"))
    assert mirrored == make_use("pattern", name="shooting_star")
    assert mirror == Negate("value")


def test_plus_and_minus_swap_without_flipping_when_mirrored():
    mirrored, mirror = mirror_use(make_use("dmi", output="plus_di"))
    assert (mirrored.output, mirror) == ("minus_di", Same("minus_di"))
