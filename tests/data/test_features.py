"""Features of setups: the market state and the strategy's own indicators."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml_training.data.candles import Candles
from ml_training.data.features import MARKET_STATE, compute_features, plan_features
from ml_training.data.features.market_state import READ, next_higher
from ml_training.data.frame import Frame
from ml_training.data.indicators import compute_use, make_use
from ml_training.data.timeframes import TIMEFRAMES
from tests.data.builders import MONDAY, candles_from_rows, random_candles
from tests.data.feature_builders import PLAN, USES, column, features_of
from tests.data.indicator_builders import smooth_market, upside_down

N_BARS = 2600
MARKET = random_candles(N_BARS, seed=4)
INDEX = np.arange(2000, 2600, 20)
NOT_MIRRORED = {"side", USES[4].label}  # a hammer and a shooting star are drawn apart
STAKES = {"risk": 0.002, "reward": 0.004, "cost": 0.0002}


def test_every_value_is_finite_when_history_is_long():
    X = features_of(MARKET, INDEX)
    bad = [n for n, c in zip(PLAN.names, X.T, strict=True) if not np.isfinite(c).all()]
    # the opening range is unknown inside itself, and only there
    assert bad == [USES[-1].label]
    assert X.shape == (len(INDEX), len(PLAN.names))
    assert X.dtype == np.float64


def test_no_column_is_constant_when_setups_differ():
    X = features_of(MARKET, INDEX)
    constant = [name for name, c in zip(PLAN.names, X.T, strict=True) if np.ptp(c) == 0.0]
    assert set(constant) <= {"cost_r", USES[4].label}  # one stake for all; a rare pattern


@settings(max_examples=30, deadline=None)
@given(cut=st.integers(200, 590), seed=st.integers(0, 99), gap_rate=st.sampled_from([0, 0.2]))
def test_features_stay_when_later_bars_are_removed_or_altered(cut, seed, gap_rate):
    market = random_candles(600, seed, gap_rate=gap_rate)
    other = random_candles(600, seed + 1)
    columns = zip(market.columns[1:], other.columns[1:], strict=True)
    altered = Candles.from_columns(market.time, *(np.r_[a[:cut], b[cut:]] for a, b in columns))
    index = np.array([cut // 2, cut - 30, cut - 1])
    wanted = features_of(market, index)
    np.testing.assert_array_equal(features_of(market.slice(0, cut), index), wanted)
    np.testing.assert_array_equal(features_of(altered, index), wanted)


def test_features_do_not_depend_on_other_setups_when_computed_together():
    together = features_of(MARKET, INDEX)
    alone = np.vstack(
        [features_of(MARKET, INDEX[i : i + 1], side=[1 - 2 * (i % 2)]) for i in (3, 8)]
    )
    np.testing.assert_array_equal(together[[3, 8]], alone)


def test_short_looks_like_the_long_of_the_mirrored_market_when_turned():
    market = smooth_market(N_BARS, 6)
    exact = [i for i, name in enumerate(PLAN.names) if name not in NOT_MIRRORED]
    longs = features_of(market, INDEX, side=np.ones(len(INDEX)))
    shorts = features_of(upside_down(market), INDEX, side=-np.ones(len(INDEX)))
    np.testing.assert_allclose(shorts[:, exact], longs[:, exact], atol=1e-6)
    assert len(exact) == len(PLAN.names) - 2


def test_features_stay_when_prices_are_quoted_in_another_unit():
    scale = 128.0  # a power of two, so that nothing is rounded
    prices = [column * scale for column in MARKET.columns[1:5]]
    yen = Candles.from_columns(MARKET.time, *prices, MARKET.volume)
    stakes = {name: np.full(len(INDEX), value * scale) for name, value in STAKES.items()}
    np.testing.assert_allclose(
        features_of(yen, INDEX, **stakes), features_of(MARKET, INDEX), rtol=1e-9, atol=1e-9
    )


def test_features_settle_when_the_lookback_is_loaded():
    needed = PLAN.lookback_bars("1h")
    market = random_candles(needed + 200, seed=9)
    index = np.arange(needed + 100, needed + 200, 9)
    whole = features_of(market, index)
    tail = features_of(market.slice(100, len(market)), index - 100)
    spread = np.nanstd(whole, axis=0) + 1e-9
    np.testing.assert_allclose(tail / spread, whole / spread, rtol=0, atol=1e-5)


def test_lookback_grows_with_the_ratio_when_a_higher_timeframe_is_read():
    plain = plan_features([])
    daily = plan_features([make_use("sma", length=50, timeframe="1d")])
    assert plain.lookback_bars("1h") < daily.lookback_bars("1h")
    assert daily.lookback_bars("1h") >= 50 * 24
    assert daily.lookback_bars("15m") >= 50 * 24 * 4


def test_stakes_are_in_atr_and_r_when_given():
    X = features_of(MARKET, INDEX)
    atr = compute_use(make_use("atr"), MARKET)["value"][INDEX]
    np.testing.assert_allclose(column(X, "stop_atr"), 0.002 / atr)
    np.testing.assert_allclose(column(X, "target_atr"), 0.004 / atr)
    np.testing.assert_allclose(column(X, "cost_r"), 0.1)


def test_target_is_nothing_when_there_is_none():
    X = features_of(MARKET, INDEX, reward=None)
    assert (column(X, "target_atr") == 0.0).all()


def test_return_is_in_favour_when_price_went_with_the_trade():
    rising = random_candles(N_BARS, seed=4, volatility=1e-6)
    columns = [c + np.arange(N_BARS) * 1e-3 for c in rising.columns[1:5]]
    market = Candles.from_columns(rising.time, *columns, rising.volume)
    X = features_of(market, INDEX)
    is_long = column(X, "side") > 0
    for name in ("return_20", "slope_50", "distance_200", "rsi_14", "higher_slope_20"):
        assert (column(X, name)[is_long] > 0).all()
        assert (column(X, name)[~is_long] < 0).all()


def test_wicks_swap_when_the_side_does():
    rows = [(1.0, 1.1, 0.9, 1.0)] * 300 + [(1.0, 1.3, 0.9, 1.1)]
    market = candles_from_rows(rows)
    X = features_of(market, np.array([300, 300]), side=[1, -1])
    ahead, behind = column(X, "wick_ahead"), column(X, "wick_behind")
    assert ahead[0] == behind[1] == pytest.approx(2 * behind[0])
    assert behind[0] == ahead[1]


def test_clock_is_a_circle_when_the_bar_closes():
    market = random_candles(400, start=MONDAY)
    X = features_of(market, np.array([23, 5, 24 * 6 + 23]))  # close Tue 0:00, Mon 6:00, Mon 0:00
    np.testing.assert_allclose(column(X, "hour_sine"), [0, 1, 0], atol=1e-9)
    np.testing.assert_allclose(column(X, "hour_cosine"), [1, 0, 1], atol=1e-9)
    np.testing.assert_allclose(column(X, "weekday_sine"), [np.sin(2 * np.pi / 7), 0, 0], atol=1e-9)


def test_hour_holds_no_trace_of_the_date_when_bars_close_at_midnight():
    days = random_candles(N_BARS, step_s=86_400, seed=4)
    plan = plan_features(())
    X = features_of(days, INDEX, plan=plan, timeframe="1d")
    assert np.ptp(column(X, "hour_sine", plan)) == 0.0
    assert np.ptp(column(X, "hour_cosine", plan)) == 0.0


def test_volume_rank_is_the_middle_when_nothing_is_traded():
    silent = Candles.from_columns(*MARKET.columns[:5])
    assert (column(features_of(silent, INDEX), "volume_rank") == 0.5).all()


def test_values_are_unknown_when_indicators_have_not_warmed_up():
    X = features_of(MARKET, np.array([0, 10, 150]))
    assert np.isnan(column(X, "slope_200")).all()
    assert np.isnan(column(X, "rsi_14")).tolist() == [True, True, False]
    assert np.isfinite(column(X, "side")).all()


@pytest.mark.parametrize("timeframe", TIMEFRAMES)
def test_market_state_is_known_when_any_timeframe_is_used(timeframe):
    market = random_candles(2400, seed=4, step_s=TIMEFRAMES[timeframe], start=345_600)
    X = features_of(market, np.array([2100, 2399]), plan=plan_features([]), timeframe=timeframe)
    assert np.isfinite(X).all()


def test_next_timeframe_is_some_bars_long_when_there_is_one():
    ratios = {n: TIMEFRAMES[next_higher(n)] / TIMEFRAMES[n] for n in TIMEFRAMES if n != "1w"}
    assert all(4 <= ratio <= 21 for ratio in ratios.values()), ratios
    assert next_higher("1w") == "1w"


def test_own_indicator_is_not_read_twice_when_the_market_state_has_it():
    plan = plan_features([make_use("rsi", length=14), make_use("rsi", length=14, timeframe="4h")])
    assert len(plan.names) == len(MARKET_STATE) + 1


def test_repeated_indicator_counts_once_when_rules_name_it_often():
    assert plan_features([*USES, *USES]).names == PLAN.names


def test_market_state_has_thirty_to_forty_columns_when_counted():
    assert 30 <= len(MARKET_STATE) <= 40
    assert len(set(PLAN.names)) == len(PLAN.names) == len(PLAN.lookbacks)
    assert set(READ) < set(PLAN.names)


def test_digest_tells_plans_apart_when_any_column_differs():
    digests = {
        plan_features(uses).digest
        for uses in ([], USES, USES[:3], USES[::-1], [make_use("rsi", length=8)])
    }
    assert len(digests) == 5
    assert plan_features(USES).digest == PLAN.digest
    assert len(PLAN.digest) == 64


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"signal_index": [0, 600]}, r"`signal_index` must lie in 0..599, got 0..600"),
        ({"signal_index": [-1, 5]}, "`signal_index` must lie in 0..599, got -1..5"),
        ({"side": [1, 0]}, r"`side` must be -1 or \+1"),
        ({"side": [1]}, r"`side` must have shape \(2,\), got \(1,\)"),
        ({"risk": [1.0, 1.0, 1.0]}, r"`risk` must have shape \(2,\), got \(3,\)"),
    ],
)
def test_columns_are_refused_when_they_do_not_fit(change, words):
    columns = {"signal_index": [5, 9], "side": [1, -1], "risk": [1.0, 1.0], "cost": [0.0, 0.0]}
    with pytest.raises(ValueError, match=words):
        compute_features(PLAN, Frame(MARKET.slice(0, 600), "1h"), **(columns | change))


def test_result_has_no_rows_when_there_are_no_setups():
    X = compute_features(PLAN, Frame(MARKET, "1h"), signal_index=[], side=[], risk=[], cost=[])
    assert X.shape == (0, len(PLAN.names))


def test_few_arrays_stay_alive_when_features_are_computed():
    frame = Frame(MARKET, "1h", memo_bytes=10 * 8 * N_BARS)
    n = len(INDEX)
    compute_features(
        PLAN, frame, signal_index=INDEX, side=np.ones(n), risk=np.ones(n), cost=np.ones(n)
    )
    assert len(frame._memo) <= 10
