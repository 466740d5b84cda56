"""Setups computed again from the past are what was stored, unless a feature leaks."""

import numpy as np
import pytest

from ml_training.data import features
from ml_training.data.features import plan as plans
from ml_training.data.frame import Frame
from ml_training.data.replay import Stakes, replay_features
from ml_training.models import Setup, SetupScan
from ml_training.services.audits import audit_features
from ml_training.services.setups import collect_setups
from tests.data.builders import random_candles
from tests.services.builders import make_market, make_strategy
from tests.study.builders import change

pytestmark = pytest.mark.django_db
N_BARS = 3_000


@pytest.fixture
def strategy():
    for seed, symbol in enumerate(("EURUSD", "GBPUSD")):
        make_market(symbol, candles=random_candles(N_BARS, seed=seed, volatility=0.003))
    return make_strategy(symbols=["EURUSD", "GBPUSD"], timeframes=["1h", "4h"])


def spoil(rows, column, values):
    X = rows.X.copy()
    X[:, column] = values
    return change(rows, X=X)


def test_nothing_is_named_when_the_setups_are_as_they_were_scanned(strategy):
    for seed in range(3):
        assert audit_features(strategy, collect_setups(strategy), seed=seed) == ()


def test_nothing_is_named_when_there_are_no_rows(strategy):
    rows = collect_setups(strategy)
    assert audit_features(strategy, rows.take(np.array([], dtype=np.int64))) == ()


@pytest.mark.parametrize("noise", [0.0, 5.0])
def test_copy_of_the_outcome_is_named_however_noisy(strategy, noise):
    rows = collect_setups(strategy)
    column = rows.feature_names.index("rsi_14")
    copied = rows.y + noise * np.random.default_rng(0).standard_normal(len(rows))
    assert "rsi_14" in " ".join(audit_features(strategy, spoil(rows, column, copied)))


def test_row_of_the_next_setup_is_named(strategy):
    rows = collect_setups(strategy)
    column = rows.feature_names.index("distance_200")
    late = spoil(rows, column, np.roll(rows.X[:, column], -1))
    assert "distance_200" in " ".join(audit_features(strategy, late))


def test_feature_that_reads_the_next_bar_is_named(strategy, monkeypatch):
    def peek(moments):
        later = np.minimum(moments.index + 1, len(moments.frame) - 1)
        return moments.frame.price("close")[later] - moments.frame.price("close")[moments.index]

    ahead = plans.Feature("tomorrow", 1, None, peek)
    monkeypatch.setattr(plans, "MARKET_STATE", (*plans.MARKET_STATE, ahead))
    words = " ".join(audit_features(strategy, collect_setups(strategy)))
    assert "tomorrow cannot be computed from the candles up to the signal" in words
    assert "rsi_14" not in words


def test_higher_bar_that_has_not_closed_is_named(strategy, monkeypatch):
    closed = Frame.higher

    def unclosed(frame, timeframe):
        higher, index = closed(frame, timeframe)
        return higher, np.minimum(index + 1, len(higher) - 1)

    monkeypatch.setattr(Frame, "higher", unclosed)
    words = " ".join(audit_features(strategy, collect_setups(strategy)))
    for name in ("higher_slope_20", "higher_distance_50", "higher_rsi_14"):
        assert name in words


def test_rows_that_are_not_stored_are_left_out(strategy):
    rows = collect_setups(strategy)
    Setup.objects.all().delete()
    assert audit_features(strategy, rows) == ()
    assert SetupScan.objects.exists()


def test_replayed_features_are_bit_identical_when_all_candles_are_shown():
    candles = random_candles(2_500, volatility=0.003)
    plan = features.plan_features([])
    n = 40
    index = np.sort(np.random.default_rng(0).choice(np.arange(600, 2_400), n, replace=False))
    side = np.where(np.arange(n) % 2, 1.0, -1.0)
    stakes = Stakes(index, side, np.full(n, 0.01), np.full(n, 0.001), np.full(n, 0.02))
    named = {"risk": stakes.risk, "cost": stakes.cost, "reward": stakes.reward}
    whole = features.compute_features(
        plan, Frame(candles, "1h"), signal_index=index, side=side, **named
    )
    exact = replay_features(plan, candles, "1h", stakes, from_start=True)
    np.testing.assert_array_equal(exact, whole)
    near = replay_features(plan, candles, "1h", stakes, from_start=False)
    np.testing.assert_allclose(near, whole, atol=1e-6)
