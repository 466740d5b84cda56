"""Every column of the market state is the number its name promises."""

import numpy as np
import pytest

from ml_training.data.candles import Candles
from ml_training.data.features import MARKET_STATE, plan_features
from ml_training.data.resample import resample
from tests.data.builders import random_candles
from tests.data.feature_builders import column, features_of

N_BARS, HOUR = 1600, 3600
MARKET = random_candles(N_BARS, seed=31)
OPEN, HIGH, LOW, CLOSE, VOLUME = MARKET.columns[1:]
INDEX = np.arange(1100, N_BARS, 37)
SIDE = np.where(np.arange(len(INDEX)) % 2, -1.0, 1.0)
X = features_of(MARKET, INDEX, side=SIDE, plan=plan_features([]))
CHECKED: set[str] = set()


def ema(series, n):
    smoothed = np.full(len(series), np.nan)
    smoothed[n - 1] = np.mean(series[:n])
    for t in range(n, len(series)):
        smoothed[t] = smoothed[t - 1] + (series[t] - smoothed[t - 1]) * 2 / (n + 1)
    return smoothed


def sma(series, n):
    total = np.cumsum(np.r_[0.0, series])
    return np.r_[np.full(n - 1, np.nan), (total[n:] - total[:-n]) / n]


def wilder(series, n):
    """Smooth from the second bar on, as the first has no bar before it."""
    smoothed = np.full(len(series), np.nan)
    smoothed[n] = np.mean(series[1 : n + 1])
    for t in range(n + 1, len(series)):
        smoothed[t] = smoothed[t - 1] + (series[t] - smoothed[t - 1]) / n
    return smoothed


def true_range(high, low, close):
    before = np.r_[np.nan, close[:-1]]
    return np.fmax(high, before) - np.fmin(low, before)


RANGES = true_range(HIGH, LOW, CLOSE)
ATR = wilder(RANGES, 14)


def check(name, wanted, *, sided, rtol=1e-6):
    """Compare a column with a series over all bars."""
    CHECKED.add(name)
    expected = wanted[INDEX] * (SIDE if sided else 1.0)
    np.testing.assert_allclose(column(X, name, plan_features([])), expected, rtol=rtol, atol=1e-8)


def strength(close, n):
    change = np.diff(close, prepend=np.nan)
    gain, loss = wilder(np.fmax(change, 0), n), wilder(np.fmax(-change, 0), n)
    return 2 * gain / (gain + loss) - 1


@pytest.mark.parametrize("n", [1, 5, 20, 60])
def test_return_is_the_way_gone_in_atr_when_bars_have_passed(n):
    check(f"return_{n}", (CLOSE - np.r_[np.full(n, np.nan), CLOSE[:-n]]) / ATR, sided=True)


def test_volatility_compares_a_short_with_a_long_time_when_read():
    check("volatility_7_50", wilder(RANGES, 7) / wilder(RANGES, 50), sided=False)


def test_deviation_is_in_atr_when_read():
    deviation = np.array([np.std(CLOSE[max(t - 19, 0) : t + 1]) for t in range(N_BARS)])
    check("deviation_20", deviation / ATR, sided=False)


@pytest.mark.parametrize(("n", "over", "average"), [(20, 5, ema), (50, 10, sma), (200, 20, sma)])
def test_slope_is_the_rise_per_bar_in_atr_when_read(n, over, average):
    line = average(CLOSE, n)
    rise = (line - np.r_[np.full(over, np.nan), line[:-over]]) / over
    check(f"slope_{n}", rise / ATR, sided=True)


@pytest.mark.parametrize(("n", "average"), [(20, ema), (50, sma), (200, sma)])
def test_distance_is_from_the_average_in_atr_when_read(n, average):
    check(f"distance_{n}", (CLOSE - average(CLOSE, n)) / ATR, sided=True)


def test_strength_runs_from_minus_one_to_one_when_read():
    check("rsi_14", strength(CLOSE, 14), sided=True)


def in_range(n):
    """Return where the close stands in the last n bars, -1 low to 1 high."""
    place = np.full(N_BARS, np.nan)
    for t in range(n - 1, N_BARS):
        top, bottom = HIGH[t - n + 1 : t + 1].max(), LOW[t - n + 1 : t + 1].min()
        place[t] = 2 * (CLOSE[t] - bottom) / (top - bottom) - 1
    return place


@pytest.mark.parametrize("n", [20, 100])
def test_range_position_runs_from_minus_one_to_one_when_read(n):
    check(f"range_position_{n}", in_range(n), sided=True)


def test_stochastic_is_the_smoothed_position_when_read():
    smoothed = np.r_[np.full(2, np.nan), np.convolve(in_range(14), np.ones(3) / 3, "valid")]
    check("stochastic_14", smoothed, sided=True)


def test_histogram_is_macd_less_its_signal_in_atr_when_read():
    macd = ema(CLOSE, 12) - ema(CLOSE, 26)
    signal = np.r_[np.full(25, np.nan), ema(macd[25:], 9)]
    check("macd_histogram", (macd - signal) / ATR, sided=True)


def directions():
    """Return Wilder's plus and minus directional indicators."""
    up, down = np.diff(HIGH, prepend=np.nan), -np.diff(LOW, prepend=np.nan)
    plus = np.where((up > down) & (up > 0), up, 0.0)
    minus = np.where((down > up) & (down > 0), down, 0.0)
    return (wilder(each, 14) / ATR for each in (plus, minus))


def test_direction_is_plus_less_minus_when_read():
    plus, minus = directions()
    check("direction_14", plus - minus, sided=True)


def test_trend_strength_has_no_side_when_read():
    plus, minus = directions()
    ratio = np.abs(plus - minus) / (plus + minus)
    smoothed = np.r_[np.full(13, np.nan), wilder(ratio[13:], 14)]
    check("adx_14", smoothed, sided=False)


def test_efficiency_is_the_way_gone_over_the_way_travelled_when_read():
    path = np.r_[np.full(20, np.nan), np.convolve(np.abs(np.diff(CLOSE)), np.ones(20), "valid")]
    gone = np.abs(CLOSE - np.r_[np.full(20, np.nan), CLOSE[:-20]])
    check("efficiency_20", gone / path, sided=False)


def test_band_position_is_in_twice_the_deviation_when_read():
    deviation = np.array([np.std(CLOSE[max(t - 19, 0) : t + 1]) for t in range(N_BARS)])
    check("band_position", (CLOSE - sma(CLOSE, 20)) / (2 * deviation), sided=True)


def test_body_is_a_share_of_the_range_when_read():
    check("body", (CLOSE - OPEN) / (HIGH - LOW), sided=True)


def test_bar_range_is_in_atr_when_read():
    check("bar_range", RANGES / ATR, sided=False)


def test_wicks_lie_ahead_and_behind_when_the_side_is_known():
    upper = (HIGH - np.maximum(OPEN, CLOSE)) / ATR
    lower = (np.minimum(OPEN, CLOSE) - LOW) / ATR
    plan = plan_features([])
    is_long = SIDE > 0
    np.testing.assert_allclose(
        column(X, "wick_ahead", plan), np.where(is_long, upper[INDEX], lower[INDEX])
    )
    np.testing.assert_allclose(
        column(X, "wick_behind", plan), np.where(is_long, lower[INDEX], upper[INDEX])
    )
    CHECKED.update({"wick_ahead", "wick_behind"})


def rank(series):
    ranks = np.full(N_BARS, np.nan)
    for t in INDEX:
        window = series[t - 249 : t + 1]
        ranks[t] = ((window < series[t]).sum() + 0.5 * ((window == series[t]).sum() - 1)) / 249
    return ranks


def test_volatility_is_ranked_among_the_last_bars_when_read():
    check("atr_rank", rank(ATR), sided=False)


def test_volume_is_ranked_among_the_last_bars_when_read():
    check("volume_rank", rank(VOLUME), sided=False)


HIGHER = resample(MARKET, HOUR, 4 * HOUR)


def from_higher(series):
    """Give every base bar the value of the newest higher bar that is closed with it."""
    closes_at = HIGHER.time + 4 * HOUR
    newest = np.searchsorted(closes_at, MARKET.time + HOUR, side="right") - 1
    return np.where(newest >= 0, series[newest], np.nan)


HIGHER_ATR = wilder(true_range(HIGHER.high, HIGHER.low, HIGHER.close), 14)


def test_higher_slope_is_that_of_the_closed_bars_when_read():
    line = ema(HIGHER.close, 20)
    rise = (line - np.r_[np.full(5, np.nan), line[:-5]]) / 5
    check("higher_slope_20", from_higher(rise / HIGHER_ATR), sided=True)


def test_higher_distance_is_that_of_the_closed_bars_when_read():
    away = (HIGHER.close - ema(HIGHER.close, 50)) / HIGHER_ATR
    check("higher_distance_50", from_higher(away), sided=True)


def test_higher_strength_is_that_of_the_closed_bars_when_read():
    check("higher_rsi_14", from_higher(strength(HIGHER.close, 14)), sided=True)


@pytest.mark.parametrize(("name", "wave"), [("hour_sine", np.sin), ("hour_cosine", np.cos)])
def test_hour_is_a_circle_of_a_day_when_read(name, wave):
    hour = ((MARKET.time + HOUR) % 86_400) / HOUR
    check(name, wave(2 * np.pi * hour / 24), sided=False)


@pytest.mark.parametrize(("name", "wave"), [("weekday_sine", np.sin), ("weekday_cosine", np.cos)])
def test_weekday_is_a_circle_of_a_week_when_read(name, wave):
    days = (MARKET.time + HOUR).astype("datetime64[s]").astype("datetime64[D]")
    weekday = (days - np.datetime64("2024-01-01")).astype(int) % 7
    check(name, wave(2 * np.pi * weekday / 7), sided=False)


def test_stakes_are_what_the_setup_says_when_read():
    check("stop_atr", 0.002 / ATR, sided=False)
    check("target_atr", 0.004 / ATR, sided=False)
    check("cost_r", np.full(N_BARS, 0.1), sided=False)
    check("side", np.ones(N_BARS), sided=True)


def test_every_column_has_been_checked_when_all_tests_ran():
    names = {feature.name for feature in MARKET_STATE}
    if len(CHECKED) > len(names) // 2:  # not when a single test was picked
        assert names == CHECKED


def test_features_are_the_same_bytes_when_computed_twice():
    again = features_of(MARKET, INDEX, side=SIDE, plan=plan_features([]))
    assert again.tobytes() == X.tobytes()


def test_features_are_the_same_when_columns_are_not_contiguous():
    table = np.column_stack(MARKET.columns[1:])  # rows in memory, columns strided
    market = Candles.from_columns(MARKET.time, *table.T)
    again = features_of(market, INDEX, side=SIDE, plan=plan_features([]))
    np.testing.assert_array_equal(again, X)
