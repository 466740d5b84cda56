"""The probability of overfitting agrees with another package, and is what it says."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from purgedcv import probability_of_backtest_overfitting

from ml_training.evaluation.overfitting import overfitting_probability


def draw_ways(seed, *, n_ways=8, n_setups=320, skill=0.0):
    """Return what ways to trade made; the first has skill, the others have none."""
    rng = np.random.default_rng(seed)
    returns = np.where(rng.random((n_ways, n_setups)) < 1.1 / 3, 1.9, -1.1)
    returns *= rng.random((n_ways, n_setups)) < 0.6
    returns[0] += skill
    return returns


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 9999), st.integers(2, 6), st.integers(24, 90), st.sampled_from([4, 6, 8]))
def test_probability_agrees_with_purgedcv(seed, n_ways, n_setups, n_blocks):
    returns = np.random.default_rng(seed).normal(0.02, 1.0, (n_ways, n_setups))
    theirs = probability_of_backtest_overfitting(returns, n_blocks).pbo
    ours = overfitting_probability(returns, n_blocks=n_blocks)
    assert ours == pytest.approx(theirs, abs=1e-12)


def test_choosing_is_about_luck_when_no_way_has_skill():
    found = [overfitting_probability(draw_ways(seed), n_blocks=10) for seed in range(40)]
    assert np.mean(found) == pytest.approx(0.5, abs=0.15)


def test_best_stays_the_best_when_one_way_has_skill():
    assert overfitting_probability(draw_ways(0, skill=0.6)) < 0.02


def test_way_that_never_trades_is_no_error():
    returns = draw_ways(0)
    returns[3] = 0.0
    assert 0 <= overfitting_probability(returns) <= 1


@pytest.mark.parametrize("shape", [(1, 500), (5, 31), (0, 100)])
def test_nothing_is_said_when_ways_or_setups_are_too_few(shape):
    assert overfitting_probability(np.zeros(shape)) is None
