"""Indicators agree with their formula, written as a plain loop."""

import numpy as np
import pytest

from ml_training.data.indicators import compute_use, make_use
from tests.data.builders import random_candles
from tests.data.indicator_builders import rough_market

MARKET = random_candles(300, seed=21)
ROUGH = rough_market(300, 5)
OPEN, H, L, C, V = MARKET.columns[1:]


def value(key, market=MARKET, output=None, **params):
    use = make_use(key, output=output, **params)
    return compute_use(use, market)[use.output]


def check(found, wanted, start):
    """Compare with a function of the bar, from the first bar it is defined at."""
    assert np.isnan(found[:start]).all()
    np.testing.assert_allclose(
        found[start:], [wanted(t) for t in range(start, len(found))], atol=1e-9
    )


def last(series, t, n):
    """Return the last n values up to bar t."""
    return series[t - n + 1 : t + 1]


def true_range(t, market=MARKET):
    before = market.close[t - 1]
    return max(market.high[t], before) - min(market.low[t], before)


def wilder(first, series, n):
    """Smooth as Wilder did: a mean to begin with, then one nth of the new."""
    smoothed = [np.mean(series[first : first + n])]
    for new in series[first + n :]:
        smoothed.append(smoothed[-1] + (new - smoothed[-1]) / n)
    return np.array(smoothed)


def exponential(series, n):
    smoothed = [np.mean(series[:n])]
    for new in series[n:]:
        smoothed.append(smoothed[-1] + (new - smoothed[-1]) * 2 / (n + 1))
    return np.array(smoothed)


def test_regression_line_ends_where_a_fit_ends_when_written_out():
    def fit(t):
        slope, level = np.polyfit(np.arange(12), last(C, t, 12), 1)
        return level + 11 * slope

    check(value("linreg", length=12), fit, 11)


def test_triangular_average_is_an_average_of_averages_when_written_out():
    mean = np.array([np.mean(C[max(t - 4, 0) : t + 1]) for t in range(300)])
    check(value("trima", length=9), lambda t: np.mean(last(mean, t, 5)), 8)


def test_momentum_is_the_change_when_bars_have_passed():
    check(value("mom", length=7), lambda t: C[t] - C[t - 7], 7)


def test_percentage_oscillator_is_the_distance_of_two_averages_when_written_out():
    fast, slow = exponential(C, 5), exponential(C, 9)
    wanted = 100 * (fast[4:] / slow - 1)
    np.testing.assert_allclose(value("ppo", fast=5, slow=9)[8:], wanted, atol=1e-9)


def test_efficiency_is_the_way_gone_over_the_way_travelled_when_written_out():
    def ratio(t):
        return abs(C[t] - C[t - 10]) / np.abs(np.diff(last(C, t, 11))).sum()

    check(value("efficiency"), ratio, 10)


def test_balance_of_power_is_the_mean_body_over_range_when_written_out():
    def balance(t):
        return np.mean((last(C, t, 5) - last(OPEN, t, 5)) / (last(H, t, 5) - last(L, t, 5)))

    check(value("bop", length=5), balance, 4)


def test_streak_counts_closes_in_a_row_when_they_agree():
    found, count = value("streak", ROUGH), 0
    for t in range(1, 300):
        change = np.sign(ROUGH.close[t] - ROUGH.close[t - 1])
        count = count + change if change and np.sign(count) == change else change
        assert found[t] == count


def test_rsi_follows_wilder_when_written_out():
    change = np.diff(C)
    gain = wilder(0, np.maximum(change, 0), 14)
    loss = wilder(0, np.maximum(-change, 0), 14)
    np.testing.assert_allclose(value("rsi")[14:], 100 * gain / (gain + loss), atol=1e-9)


def test_average_range_follows_wilder_when_written_out():
    ranges = np.array([np.nan, *(true_range(t) for t in range(1, 300))])
    np.testing.assert_allclose(value("atr", length=9)[9:], wilder(1, ranges, 9), atol=1e-12)
    check(value("true_range"), true_range, 1)


def test_range_ratio_divides_the_recent_by_the_usual_when_written_out():
    wanted = value("atr", length=5) / value("atr", length=20)
    np.testing.assert_allclose(value("atr_ratio", fast=5, slow=20), wanted)


def test_deviation_is_that_of_the_population_when_written_out():
    check(value("stddev", length=8), lambda t: np.std(last(C, t, 8)), 7)


def test_score_is_the_distance_in_deviations_when_written_out():
    def score(t):
        return (C[t] - np.mean(last(C, t, 8))) / np.std(last(C, t, 8))

    found = value("zscore", length=8)
    np.testing.assert_allclose(found[7:], [score(t) for t in range(7, 300)], rtol=1e-6)


def test_band_position_and_width_follow_the_bands_when_written_out():
    upper, middle, lower = (value("bbands", output=n) for n in ("upper", "middle", "lower"))
    np.testing.assert_allclose(value("bb_percent"), (C - lower) / (upper - lower))
    np.testing.assert_allclose(value("bb_width"), 100 * (upper - lower) / middle)


def test_choppiness_compares_the_path_with_the_span_when_written_out():
    def chop(t):
        path = sum(true_range(i) for i in range(t - 9, t + 1))
        return 100 * np.log10(path / (last(H, t, 10).max() - last(L, t, 10).min()))

    check(value("chop", length=10), chop, 10)


def test_average_volume_is_the_mean_when_written_out():
    check(value("volume_sma", length=6), lambda t: np.mean(last(V, t, 6)), 5)


def test_relative_volume_leaves_the_bar_itself_out_when_written_out():
    check(value("rvol", length=6), lambda t: V[t] / np.mean(V[t - 6 : t]), 6)


def test_money_flow_weighs_volume_by_the_close_in_its_range_when_written_out():
    def flow(t):
        share = (2 * last(C, t, 6) - last(H, t, 6) - last(L, t, 6)) / (
            last(H, t, 6) - last(L, t, 6)
        )
        return (share * last(V, t, 6)).sum() / last(V, t, 6).sum()

    check(value("cmf", length=6), flow, 5)


def test_money_flow_index_sorts_flows_by_direction_when_written_out():
    typical = (H + L + C) / 3
    change, flow = np.diff(typical, prepend=np.nan), typical * V

    def index(t):
        recent, moved = last(flow, t, 8), last(change, t, 8)
        return 100 * recent[moved > 0].sum() / recent[moved != 0].sum()

    check(value("mfi", length=8), index, 8)


def test_on_balance_volume_adds_up_by_direction_when_written_out():
    check(value("obv"), lambda t: (np.sign(np.diff(C[: t + 1])) * V[1 : t + 1]).sum(), 0)


def test_stochastic_is_smoothed_twice_when_written_out():
    raw = [
        100 * (C[t] - last(L, t, 5).min()) / np.ptp(np.r_[last(H, t, 5), last(L, t, 5)])
        for t in range(4, 300)
    ]
    k = np.convolve(raw, np.ones(3) / 3, "valid")
    d = np.convolve(k, np.ones(2) / 2, "valid")
    params = {"length": 5, "smooth": 3, "signal": 2}
    np.testing.assert_allclose(value("stoch", output="k", **params)[7:], k[1:], atol=1e-9)
    np.testing.assert_allclose(value("stoch", output="d", **params)[7:], d, atol=1e-9)


def test_ichimoku_reads_the_past_when_displaced():
    def middle(t, n):
        return (last(H, t, n).max() + last(L, t, n).min()) / 2

    params = {"fast": 3, "slow": 5, "span": 9, "displacement": 4}
    check(value("ichimoku", output="kijun", **params), lambda t: middle(t, 5), 12)
    check(value("ichimoku", output="span_b", **params), lambda t: middle(t - 4, 9), 12)
    cloud = value("ichimoku", output="span_a", **params)
    check(cloud, lambda t: (middle(t - 4, 3) + middle(t - 4, 5)) / 2, 12)


def test_keltner_channel_is_an_average_and_ranges_when_written_out():
    atr, middle = value("atr", length=7), value("ema", length=9)
    params = {"length": 9, "atr_length": 7, "width": 1.5}
    np.testing.assert_allclose(value("keltner", output="upper", **params), middle + 1.5 * atr)
    np.testing.assert_allclose(value("keltner", output="lower", **params), middle - 1.5 * atr)


def test_supertrend_flips_when_the_close_passes_the_stop():
    atr = value("atr", length=5)
    stop, trend = (
        value("supertrend", length=5, width=1.5),
        value("supertrend", length=5, width=1.5, output="direction"),
    )
    flips = np.flatnonzero(np.diff(trend[6:])) + 7
    assert len(flips) > 5
    for t in range(6, 300):
        flipped = C[t] < stop[t - 1] if trend[t - 1] > 0 else C[t] > stop[t - 1]
        assert flipped == (t in flips)
        assert trend[t] * (C[t] - stop[t]) >= 0
        # the stop only ever follows the trend, and starts anew at a flip
        assert flipped or trend[t] * stop[t] >= trend[t] * stop[t - 1]
    widest = 1.5 * atr[6:] + (H - L)[6:]
    assert (np.abs((H + L) / 2 - stop)[6:] <= 3 * widest).all()


@pytest.mark.parametrize(
    ("source", "series"),
    [
        ("open", OPEN),
        ("high", H),
        ("low", L),
        ("hl2", (H + L) / 2),
        ("ohlc4", (OPEN + H + L + C) / 4),
    ],
)
def test_average_is_taken_of_the_source_when_one_is_named(source, series):
    check(value("sma", length=5, source=source), lambda t: np.mean(last(series, t, 5)), 4)
