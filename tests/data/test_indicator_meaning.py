"""What indicators say about markets that rise, fall or stand still."""

import numpy as np
import pytest

from ml_training.data.candles import Candles
from ml_training.data.indicators import INDICATORS, compute_use, make_use
from ml_training.data.indicators.averages import AVERAGES
from tests.data.builders import candles_from_closes, random_candles

N_BARS = 400
RISING = candles_from_closes(100 + 0.5 * np.arange(N_BARS), wick=0.1)
FALLING = candles_from_closes(400 - 0.5 * np.arange(N_BARS), wick=0.1)
STILL = candles_from_closes([100.0] * N_BARS)
SILENT = Candles.from_columns(*random_candles(N_BARS).columns[:5])


def at_end(key, market, output=None, **params):
    use = make_use(key, output=output, **params)
    return compute_use(use, market)[use.output][-1]


@pytest.mark.parametrize(
    ("key", "rising", "falling", "still"),
    [
        ("rsi", 100, 0, 50),
        ("stoch", 98.6, 1.39, 50),
        ("stochrsi", 50, 50, 50),
        ("willr", -1.39, -98.6, -50),
        ("mfi", 100, 0, 50),
        ("ultosc", 85.7, 14.3, 50),
        ("cmo", 100, -100, 0),
        ("bb_percent", 0.91, 0.09, 0.5),
        ("tsi", 100, -100, 0),
        ("roc", 1.7, -2.4, 0),
        ("mom", 5, -5, 0),
        ("bop", 0.71, -0.71, 0),
        ("streak", 399, -399, 0),
        ("efficiency", 1, 1, 0),
        ("zscore", 1.65, -1.65, 0),
        ("cci", 126, -126, 0),
        ("distance", 17.5, -17.5, 0),
        ("slope", 0.71, -0.71, 0),
        ("adx", 100, 100, 0),
        ("atr", 0.7, 0.7, 0),
        ("stddev", 2.88, 2.88, 0),
        ("chop", 11.7, 11.7, 100),
    ],
)
def test_oscillator_tells_the_trend_when_it_is_plain(key, rising, falling, still):
    found = [at_end(key, market) for market in (RISING, FALLING, STILL)]
    np.testing.assert_allclose(found, [rising, falling, still], rtol=0.03, atol=1.5e-6)


@pytest.mark.parametrize("key", [average.key for average in AVERAGES])
def test_average_lies_behind_the_close_when_the_trend_is_plain(key):
    assert at_end(key, STILL) == pytest.approx(100.0)
    assert at_end(key, RISING) <= RISING.close[-1] + 1e-9
    assert at_end(key, FALLING) >= FALLING.close[-1] - 1e-9
    assert abs(at_end(key, RISING) - RISING.close[-1]) < 10.0


@pytest.mark.parametrize("key", ["bbands", "donchian", "keltner"])
def test_channel_encloses_its_middle_when_computed(key):
    lines = compute_use(make_use(key), random_candles(N_BARS))
    upper, middle, lower = (lines[name][30:] for name in ("upper", "middle", "lower"))
    assert (upper >= middle).all()
    assert (middle >= lower).all()


def test_donchian_never_lies_inside_the_bar_when_it_includes_it():
    market = random_candles(N_BARS)
    lines = compute_use(make_use("donchian"), market)
    assert (lines["upper"][19:] >= market.high[19:]).all()
    assert (lines["lower"][19:] <= market.low[19:]).all()


@pytest.mark.parametrize("key", ["supertrend", "psar"])
def test_stop_lies_on_the_losing_side_when_the_trend_is_plain(key):
    assert at_end(key, RISING) < RISING.low[-1]
    assert at_end(key, FALLING) > FALLING.high[-1]


def test_supertrend_points_with_the_trend_when_it_is_plain():
    assert at_end("supertrend", RISING, "direction") == 1
    assert at_end("supertrend", FALLING, "direction") == -1


def test_directions_tell_who_leads_when_the_trend_is_plain():
    assert at_end("dmi", RISING, "plus_di") > 50 > at_end("dmi", RISING, "minus_di")
    assert at_end("dmi", FALLING, "difference") < -50
    assert at_end("aroon", RISING, "up") == 100
    assert at_end("aroon", RISING, "down") == 0
    assert at_end("aroon", FALLING, "oscillator") == -100
    assert at_end("vortex", RISING, "plus") > at_end("vortex", RISING, "minus")


def test_lines_of_macd_add_up_when_computed():
    lines = compute_use(make_use("macd"), random_candles(N_BARS))
    np.testing.assert_allclose(lines["hist"], lines["macd"] - lines["signal"], atol=1e-12)
    assert at_end("macd", RISING) > 0 > at_end("macd", FALLING)


@pytest.mark.parametrize(
    ("key", "wanted"),
    [("rvol", 1), ("cmf", 0), ("mfi", 50), ("obv", 0), ("ad", 0), ("adosc", 0), ("force", 0)],
)
def test_volume_says_nothing_when_none_is_known(key, wanted):
    values = compute_use(make_use(key), SILENT)["value"]
    assert (values[~np.isnan(values)] == wanted).all()


def test_volume_average_is_the_plain_one_when_none_is_known():
    plain = compute_use(make_use("sma"), SILENT)["value"]
    np.testing.assert_array_equal(compute_use(make_use("vwma"), SILENT)["value"], plain)


def test_volume_average_forgets_cleanly_when_trading_stops():
    market = random_candles(N_BARS)
    volume = market.volume * 1e9
    volume[200:] = 0.0  # running sums keep crumbs of what has left the window
    stopped = Candles.from_columns(*market.columns[:5], volume)
    for key, params in (("vwma", {}), ("cmf", {}), ("rvol", {}), ("mfi", {})):
        values = compute_use(make_use(key, **params), stopped)["value"][240:]
        silent = compute_use(make_use(key, **params), SILENT_OF[key](market))["value"][240:]
        np.testing.assert_allclose(values, silent, rtol=1e-9)


SILENT_OF = dict.fromkeys(
    ("vwma", "cmf", "rvol", "mfi"), lambda market: Candles.from_columns(*market.columns[:5])
)


def test_rsi_keeps_its_value_when_the_market_stands_still_for_long():
    closes = [*random_candles(200).close, *[1.1] * 600]
    values = compute_use(make_use("rsi"), candles_from_closes(closes))["value"]
    np.testing.assert_allclose(values[200:], values[200], atol=1e-9)


def test_numbers_keep_their_bounds_when_markets_are_random():
    bounds = {"percent": (0, 100), "flag": (0, 1), "direction": (-1, 1), "pattern": (-100, 100)}
    market = random_candles(2000, seed=77)
    for key, indicator in INDICATORS.items():
        for output, values in compute_use(make_use(key), market).items():
            low, high = bounds.get(indicator.scale[output], (-np.inf, np.inf))
            known = values[~np.isnan(values)]
            assert known.min() >= low - 1e-9, (key, output)
            assert known.max() <= high + 1e-9, (key, output)
            if indicator.scale[output] == "count":
                assert known.min() >= 0


def test_price_levels_stay_near_the_market_when_scaled_as_prices():
    market = random_candles(2000, seed=77)
    for key, indicator in INDICATORS.items():
        for output, values in compute_use(make_use(key), market).items():
            if indicator.scale[output] == "price":
                assert np.nanmin(values) > 0.9 * market.low.min(), (key, output)
                assert np.nanmax(values) < 1.1 * market.high.max(), (key, output)
