import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml_training.errors import DataError
from ml_training.evaluation.threshold import choose_threshold, find_break_even


def test_threshold_separates_winners_when_probabilities_know_them():
    p = np.linspace(0.1, 0.9, 200)
    r = np.where(p > 0.5, 1.0, -1.0)
    chosen = choose_threshold(p, r)
    assert chosen.value == pytest.approx(0.5)
    assert chosen.expectancy_r == 1.0
    assert chosen.take_all_r == pytest.approx(0.0)
    assert chosen.pays


def test_every_setup_is_taken_when_all_of_them_win():
    chosen = choose_threshold(np.linspace(0.1, 0.9, 100), np.ones(100))
    assert (chosen.value, chosen.n_taken) == (0.0, 100)


def test_nothing_is_taken_and_nothing_pays_when_every_setup_loses():
    p = np.linspace(0.1, 0.9, 100)
    chosen = choose_threshold(p, p - 2.0)
    assert (chosen.value, chosen.n_taken, chosen.pays) == (1.0, 0, False)
    assert chosen.take_all_r < 0


@pytest.mark.parametrize(("chance", "n_taken"), [(0.34, 100), (0.33, 0)])
def test_all_or_nothing_is_taken_when_the_model_gives_all_the_same_chance(chance, n_taken):
    r = np.tile([2.0, -1.0], 50)
    assert choose_threshold(np.full(100, chance), r).n_taken == n_taken


def test_win_and_loss_are_measured_on_all_that_is_known_when_it_is_given():
    p, r = np.linspace(0, 1, 50), np.full(50, -1.0)
    chosen = choose_threshold(p, r, known_r=[3.0, -1.0])
    assert chosen.value == pytest.approx(0.25)
    assert chosen.n_taken == np.sum(p >= 0.25)


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 9999), st.integers(2, 300))
def test_no_other_cut_is_expected_to_earn_more_when_chances_are_honest(seed, n):
    rng = np.random.default_rng(seed)
    p, r = rng.random(n), rng.standard_normal(n)
    value = choose_threshold(p, r).value
    win = r[r > 0].mean() if (r > 0).any() else 0.0
    loss = -r[r <= 0].mean() if (r <= 0).any() else 0.0
    expected = p * win - (1 - p) * loss
    best = expected[p >= value].sum()
    assert all(expected[p >= cut].sum() <= best + 1e-9 for cut in (0.0, *p))


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 9999), st.floats(0.01, 100))
def test_break_even_chance_stays_when_results_are_counted_in_other_units(seed, factor):
    r = np.random.default_rng(seed).standard_normal(40)
    assert find_break_even(factor * r) == pytest.approx(find_break_even(r))


def test_break_even_of_the_sample_itself_neither_gains_nor_loses():
    r = np.random.default_rng(1).standard_normal(400)
    wins, losses = r[r > 0].mean(), -r[r <= 0].mean()
    chance = find_break_even(r)
    assert chance * wins == pytest.approx((1 - chance) * losses)


def test_a_flat_trade_counts_as_a_loss_as_it_does_in_labels():
    assert find_break_even(np.array([1.0, 0.0, -1.0])) == pytest.approx(1 / 3)
    assert find_break_even(np.array([1.0, 0.0])) == 0.0
    assert find_break_even(np.array([0.0, -1.0])) == 1.0


def test_threshold_refuses_in_words_when_a_result_is_missing():
    with pytest.raises(DataError, match="must be finite"):
        choose_threshold([0.5, 0.6], [1.0, np.nan])
