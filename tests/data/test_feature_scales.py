"""Indicators as features: every scale loses its unit in its own way."""

import typing

import numpy as np
import pytest

from ml_training.data.candles import Candles
from ml_training.data.features.moments import gather_moments
from ml_training.data.features.normalise import FLOW_BARS, SCALES, feature_look_back, normalise
from ml_training.data.frame import Frame
from ml_training.data.indicators import INDICATORS, Scale, compute_use, make_use, mirror_use
from tests.data.builders import candles_from_closes, random_candles

MARKET = random_candles(1500, seed=12)
INDEX = np.arange(700, 1500, 10)
LONGS, SHORTS = np.ones(len(INDEX)), -np.ones(len(INDEX))
ATR = compute_use(make_use("atr"), MARKET)["value"][INDEX]


def moments_of(side, market=MARKET, timeframe="1h"):
    stakes = np.ones(len(INDEX))
    return gather_moments(
        Frame(market, timeframe), signal_index=INDEX, side=side, risk=stakes, cost=stakes
    )


def plain(use):
    """Return the indicator's values at the signal bars."""
    return Frame(MARKET, "1h").indicator(use)[INDEX]


def feature(use, side=LONGS):
    return normalise(use, moments_of(side))


def test_every_scale_has_a_rule_when_listed():
    assert set(SCALES) == set(typing.get_args(Scale))


@pytest.mark.parametrize("key", sorted(INDICATORS))
def test_feature_is_of_order_one_when_any_indicator_is_used(key):
    for output in INDICATORS[key].outputs:
        values = feature(make_use(key, output=output))
        values = values[np.isfinite(values)]
        assert len(values) > 0.3 * len(INDEX), output
        assert np.abs(values).max() < 50.0, output


@pytest.mark.parametrize("key", sorted(INDICATORS))
def test_feature_is_the_same_when_prices_are_a_thousand_times_larger(key):
    factor = 1024.0
    prices = [column * factor for column in MARKET.columns[1:5]]
    large = Candles.from_columns(MARKET.time, *prices, MARKET.volume)
    for output in INDICATORS[key].outputs:
        use = make_use(key, output=output)
        found = normalise(use, moments_of(LONGS, large))
        np.testing.assert_allclose(found, feature(use), rtol=1e-6, atol=1e-9, err_msg=output)


@pytest.mark.parametrize("key", ["obv", "ad", "adosc", "force", "volume_sma", "rvol", "mfi"])
def test_feature_is_the_same_when_volume_is_counted_in_other_lots(key):
    small = Candles.from_columns(*MARKET.columns[:5], MARKET.volume / 1024.0)
    use = make_use(key)
    np.testing.assert_allclose(
        normalise(use, moments_of(LONGS, small)), feature(use), rtol=1e-6, atol=1e-9
    )


def test_level_becomes_the_distance_of_the_close_when_read_for_a_long():
    use = make_use("ema", length=20)
    wanted = (MARKET.close[INDEX] - plain(use)) / ATR
    np.testing.assert_allclose(feature(use), wanted)
    np.testing.assert_allclose(feature(use, SHORTS), -wanted)


def test_short_reads_the_lower_band_when_the_rule_reads_the_upper():
    upper, lower = (make_use("bbands", output=name) for name in ("upper", "lower"))
    wanted = -(MARKET.close[INDEX] - plain(lower)) / ATR
    np.testing.assert_allclose(feature(upper, SHORTS), wanted)


def test_short_reads_the_other_pattern_when_it_has_a_partner():
    star = make_use("pattern", name="shooting_star")
    hammer = make_use("pattern", name="hammer")
    np.testing.assert_allclose(feature(hammer, SHORTS), -plain(star) / 100.0)


def test_swapped_lines_do_not_change_sign_when_read_for_a_short():
    plus, minus = make_use("dmi"), make_use("dmi", output="minus_di")
    np.testing.assert_allclose(feature(plus, SHORTS), plain(minus) / 100.0)


def test_oscillator_is_centred_when_it_has_a_centre():
    use = make_use("rsi")
    np.testing.assert_allclose(feature(use), plain(use) / 50.0 - 1.0)
    np.testing.assert_allclose(feature(use, SHORTS), 1.0 - plain(use) / 50.0)


def test_williams_runs_from_minus_one_to_one_when_centred():
    use = make_use("willr")
    np.testing.assert_allclose(feature(use), (plain(use) + 50.0) / 50.0)


def test_strength_has_no_side_when_it_has_no_direction():
    use = make_use("adx")
    np.testing.assert_allclose(feature(use), plain(use) / 100.0)
    np.testing.assert_array_equal(feature(use), feature(use, SHORTS))


def test_difference_is_in_atr_of_its_own_timeframe_when_higher():
    use = make_use("mom", length=3, timeframe="4h")
    wanted = plain(use) / plain(make_use("atr", timeframe="4h"))
    np.testing.assert_allclose(feature(use), wanted)


def test_percent_of_the_price_becomes_atr_when_read():
    np.testing.assert_allclose(feature(make_use("natr")), 1.0)


def test_volume_is_in_usual_volumes_when_read():
    use = make_use("volume_sma", length=5)
    usual = plain(make_use("volume_sma", length=100))
    np.testing.assert_allclose(feature(use), plain(use) / usual)


def test_running_sum_is_read_as_a_change_when_it_never_forgets():
    use = make_use("obv")
    before = plain(make_use("obv", shift=FLOW_BARS))
    usual = plain(make_use("volume_sma", length=100))
    np.testing.assert_allclose(feature(use), (plain(use) - before) / FLOW_BARS / usual)


def test_volume_feature_is_nothing_when_nothing_is_traded():
    silent = Candles.from_columns(*MARKET.columns[:5])
    for key in ("obv", "volume_sma", "force"):
        assert (normalise(make_use(key), moments_of(LONGS, silent)) == 0.0).all()


def test_price_feature_is_nothing_when_nothing_moves():
    flat = candles_from_closes([1.25] * 1500)
    for key in ("ema", "mom", "natr", "supertrend"):
        assert (normalise(make_use(key), moments_of(LONGS, flat)) == 0.0).all()


def test_count_is_logarithmic_when_read():
    use = make_use("pivot", output="high_bars")
    np.testing.assert_allclose(feature(use), np.log1p(plain(use)))


def test_shift_reaches_further_back_when_given():
    np.testing.assert_allclose(
        feature(make_use("cci", shift=4)), plain(make_use("cci", shift=4)) / 100
    )


def test_look_back_covers_the_atr_when_a_price_is_divided_by_it():
    assert feature_look_back(make_use("sma", length=5)) > 200
    assert feature_look_back(make_use("stoch", length=5, smooth=1, signal=1)) == 4
    assert feature_look_back(make_use("obv")) >= FLOW_BARS


def test_long_and_short_read_the_same_kind_when_mixed():
    side = np.where(np.arange(len(INDEX)) % 2, 1.0, -1.0)
    use = make_use("donchian", output="upper")
    mixed = feature(use, side)
    np.testing.assert_array_equal(mixed[side > 0], feature(use)[side > 0])
    np.testing.assert_array_equal(mixed[side < 0], feature(use, SHORTS)[side < 0])
    assert mirror_use(use)[0].output == "lower"
