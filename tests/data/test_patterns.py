"""Candle patterns, our own and TA-Lib's, on bars drawn by hand."""

import numpy as np
import pytest

from ml_training.data.indicators import compute_use, make_use
from ml_training.data.indicators.patterns import MIRRORED, PATTERN_WARMUP
from tests.data.builders import candles_from_rows, random_candles
from tests.data.indicator_builders import smooth_market

# Open, high, low, close. Quiet bars to warm up: small bodies, some wick, going down.
BEFORE = [(10 - 0.02 * i, 10.1 - 0.02 * i, 9.85 - 0.02 * i, 9.95 - 0.02 * i) for i in range(20)]


def last_of(name, *rows):
    """Return the pattern's value at the last of the rows."""
    market = candles_from_rows([*BEFORE, *rows])
    return compute_use(make_use("pattern", name=name), market)["value"][-1]


def flag_of(key, *rows):
    market = candles_from_rows([*BEFORE, *rows])
    return compute_use(make_use(key), market)["value"][-1]


def test_pin_bar_is_bullish_when_two_thirds_are_lower_wick():
    assert last_of("pin_bar", (9.8, 9.85, 9.4, 9.84)) == 100.0


def test_pin_bar_is_bearish_when_two_thirds_are_upper_wick():
    assert last_of("pin_bar", (9.5, 9.95, 9.45, 9.48)) == -100.0


def test_pin_bar_is_absent_when_the_wick_is_shorter():
    assert last_of("pin_bar", (9.7, 9.85, 9.4, 9.84)) == 0.0


def test_pin_bar_is_absent_when_the_bar_has_no_range():
    assert last_of("pin_bar", (9.5, 9.5, 9.5, 9.5)) == 0.0


def test_tweezer_is_bullish_when_two_lows_meet_after_a_fall():
    assert last_of("tweezer", (9.6, 9.62, 9.3, 9.32), (9.32, 9.6, 9.31, 9.58)) == 100.0


def test_tweezer_is_bearish_when_two_highs_meet_after_a_rise():
    assert last_of("tweezer", (9.6, 10.32, 9.6, 10.3), (10.3, 10.31, 10.0, 10.02)) == -100.0


@pytest.mark.parametrize(
    "second",
    [
        (9.32, 9.6, 9.2, 9.58),  # another low
        (9.58, 9.6, 9.31, 9.33),  # the same colour
    ],
)
def test_tweezer_is_absent_when_the_bars_do_not_turn_together(second):
    assert last_of("tweezer", (9.6, 9.62, 9.3, 9.32), second) == 0.0


def test_tweezer_is_absent_when_price_did_not_fall_before():
    rows = ((9.6, 9.62, 9.1, 9.6), (9.6, 9.62, 9.3, 9.32), (9.32, 9.6, 9.31, 9.58))
    assert last_of("tweezer", *rows) == 0.0


def test_engulfing_is_bullish_when_a_rise_swallows_a_fall():
    assert last_of("engulfing", (9.6, 9.62, 9.48, 9.5), (9.45, 9.75, 9.43, 9.7)) == 100.0


def test_engulfing_is_bearish_when_a_fall_swallows_a_rise():
    assert last_of("engulfing", (9.5, 9.62, 9.48, 9.6), (9.65, 9.67, 9.38, 9.4)) == -100.0


def test_hammer_is_bullish_when_the_wick_hangs_below_a_fall():
    assert last_of("hammer", (9.52, 9.56, 9.1, 9.55)) == 100.0


def test_morning_star_is_bullish_when_three_bars_turn_up():
    rows = ((9.6, 9.62, 9.18, 9.2), (9.1, 9.13, 9.07, 9.12), (9.2, 9.6, 9.18, 9.55))
    assert last_of("morning_star", *rows) == 100.0


def test_evening_star_is_bearish_when_three_bars_turn_down():
    rows = ((9.6, 10.02, 9.58, 10.0), (10.1, 10.13, 10.07, 10.08), (10.0, 10.02, 9.6, 9.65))
    assert last_of("evening_star", *rows) == -100.0


@pytest.mark.parametrize("name", sorted(MIRRORED))
def test_pattern_says_only_its_three_values_when_the_market_is_long(name):
    values = compute_use(make_use("pattern", name=name), smooth_market(3000, 4))["value"]
    assert set(np.unique(values[PATTERN_WARMUP:])) <= {-100.0, 0.0, 100.0}


@pytest.mark.parametrize("name", ["shooting_star", "hanging_man", "dark_cloud_cover"])
def test_bearish_name_is_never_bullish_when_the_market_is_long(name):
    values = compute_use(make_use("pattern", name=name), random_candles(5000))["value"]
    assert np.nanmax(values) == 0.0
    assert not np.signbit(values[values == 0.0]).any()


def test_mirror_of_a_pattern_is_its_partner_when_looked_up_twice():
    assert all(MIRRORED[MIRRORED[name]] == name for name in MIRRORED)


def test_inside_bar_is_flagged_when_it_stays_within_the_bar_before():
    assert flag_of("inside_bar", (9.5, 9.9, 9.2, 9.6), (9.5, 9.9, 9.3, 9.4)) == 1.0
    assert flag_of("inside_bar", (9.5, 9.9, 9.2, 9.6), (9.5, 9.91, 9.3, 9.4)) == 0.0


def test_outside_bar_is_flagged_when_it_exceeds_the_bar_before():
    assert flag_of("outside_bar", (9.5, 9.9, 9.2, 9.6), (9.5, 9.95, 9.1, 9.4)) == 1.0
    assert flag_of("outside_bar", (9.5, 9.9, 9.2, 9.6), (9.5, 9.95, 9.2, 9.4)) == 0.0


def test_doji_is_flagged_when_the_body_is_a_tenth_of_the_range():
    assert flag_of("doji", (9.5, 9.7, 9.2, 9.54)) == 1.0
    assert flag_of("doji", (9.5, 9.7, 9.2, 9.56)) == 0.0
