import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml_training.errors import DataError
from ml_training.evaluation.threshold import MIN_TAKEN, N_LEVELS, choose_threshold


def test_threshold_separates_winners_when_probabilities_know_them():
    p = np.linspace(0.1, 0.9, 200)
    r = np.where(p > 0.5, 1.0, -1.0)
    chosen = choose_threshold(p, r)
    assert chosen.value == pytest.approx(0.5, abs=0.8 / N_LEVELS)
    assert chosen.expectancy_r > 0.9
    assert chosen.take_all_r == pytest.approx(0.0)
    assert chosen.pays


def test_every_setup_is_taken_when_all_of_them_win():
    chosen = choose_threshold(np.linspace(0.1, 0.9, 100), np.ones(100))
    assert (chosen.value, chosen.n_taken) == (0.0, 100)


def test_least_bad_cut_is_named_and_does_not_pay_when_every_cut_loses():
    p = np.linspace(0.1, 0.9, 100)
    chosen = choose_threshold(p, p - 2.0)
    assert not chosen.pays
    assert chosen.n_taken == MIN_TAKEN


def test_no_cut_is_tried_when_setups_are_few():
    r = np.r_[-np.ones(MIN_TAKEN - 1), 5.0]
    assert choose_threshold(np.linspace(0, 1, MIN_TAKEN), r).value == 0.0


def test_every_setup_is_taken_when_the_model_gives_all_the_same_chance():
    chosen = choose_threshold(np.full(100, 0.4), -np.ones(100))
    assert (chosen.n_taken, chosen.expectancy_r) == (100, -1.0)


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 9999), st.integers(1, 300))
def test_no_other_level_earns_more_when_the_threshold_was_chosen(seed, n):
    rng = np.random.default_rng(seed)
    p, r = rng.random(n).round(2), rng.standard_normal(n)
    chosen = choose_threshold(p, r)
    best = r[p >= chosen.value].sum()
    assert chosen.n_taken == np.sum(p >= chosen.value) >= min(n, MIN_TAKEN)
    for level in np.quantile(p, np.arange(1, N_LEVELS) / N_LEVELS, method="higher"):
        if np.sum(p >= level) >= MIN_TAKEN:
            assert r[p >= level].sum() <= best
    assert r.sum() <= best


def test_threshold_refuses_in_words_when_a_result_is_missing():
    with pytest.raises(DataError, match="must be finite"):
        choose_threshold([0.5, 0.6], [1.0, np.nan])
