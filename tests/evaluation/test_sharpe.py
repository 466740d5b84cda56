"""The deflated Sharpe ratio agrees with another package, and deflates."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from purgedcv import deflated_sharpe_ratio, deflated_sharpe_ratio_full

from ml_training.evaluation.sharpe import deflated_sharpe, expect_highest, measure_sharpe


def draw_trades(seed, n=300, win_rate=0.4):
    return np.where(np.random.default_rng(seed).random(n) < win_rate, 1.9, -1.1)


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 9999),
    st.integers(5, 400),
    st.integers(1, 500),
    st.floats(0, 0.05),
)
def test_deflated_sharpe_agrees_with_purgedcv(seed, n, n_trials, variance):
    r = np.random.default_rng(seed).normal(0.05, 1.0, n) ** 3
    theirs = deflated_sharpe_ratio(r, n_trials, variance)
    ours = deflated_sharpe(r, n_trials=n_trials, variance=variance)
    assert ours == pytest.approx(theirs, abs=1e-12)


@pytest.mark.parametrize("n_trials", [2, 7, 100, 10_000])
def test_highest_of_many_trials_agrees_with_purgedcv_and_with_drawing_them(n_trials):
    theirs = deflated_sharpe_ratio_full(draw_trades(0), n_trials, 0.01).expected_max_z
    assert expect_highest(n_trials) == pytest.approx(theirs, abs=1e-9)
    drawn = np.random.default_rng(0).standard_normal((400, n_trials)).max(axis=1)
    assert expect_highest(n_trials) == pytest.approx(drawn.mean(), abs=0.15)


def test_more_trials_and_more_dependence_leave_less_of_the_same_trades():
    r = draw_trades(1)
    figures = {"variance": 0.002}
    once = deflated_sharpe(r, n_trials=1, **figures)
    often = deflated_sharpe(r, n_trials=50, **figures)
    clustered = deflated_sharpe(r, n_trials=1, n_effective=75.0, **figures)
    assert once > 0.5
    assert often < once
    assert 0.5 < clustered < once


def test_luck_alone_reaches_ninety_five_percent_in_one_of_twenty_tries():
    reached = [
        deflated_sharpe(draw_trades(seed, win_rate=1.1 / 3), n_trials=1, variance=0.0) >= 0.95
        for seed in range(400)
    ]
    assert np.mean(reached) == pytest.approx(0.05, abs=0.033)  # three binomial deviations


@pytest.mark.parametrize("r", [[], [1.0], [2.0, 2.0, 2.0, 2.0, 2.0], [1.9, -1.1, 1.9]])
def test_nothing_is_said_when_trades_are_few_or_all_alike(r):
    assert deflated_sharpe(r, n_trials=3, variance=0.01) is None


def test_sharpe_is_mean_over_standard_deviation():
    r = draw_trades(2)
    assert measure_sharpe(r) == pytest.approx(r.mean() / r.std())
