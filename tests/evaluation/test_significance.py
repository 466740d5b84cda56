import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from ml_training.evaluation.metrics import measure_auc
from ml_training.evaluation.significance import (
    MAX_BLOCKS,
    MIN_BLOCKS,
    N_RESAMPLES,
    Interval,
    _draw_blocks,
    _redraw_auc,
    block_p_value,
    bootstrap_auc,
    bootstrap_mean,
    count_won_pairs,
    cut_blocks,
    deflate,
    measure_auc_within,
    null_auc_sd,
    rank_within,
    rotation_p_value,
)
from tests.evaluation.builders import draw_signal

DAY_S = 86_400


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 9999), st.integers(4, 40))
def test_auc_of_drawn_blocks_agrees_with_scikit_learn_on_repeated_rows(seed, n):
    rng = np.random.default_rng(seed)
    y, p, block = np.arange(n) % 2, rng.integers(0, 5, n) / 4, rng.integers(0, 3, n)
    won, pairs = count_won_pairs(y, p, block)
    counts = rng.integers(1, 4, (2, len(won))).astype(float)
    theirs = [roc_auc_score(y, p, sample_weight=row[block]) for row in counts]
    np.testing.assert_allclose(_redraw_auc(counts, won, pairs), theirs, atol=1e-12)


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 9999), st.integers(6, 60))
def test_auc_within_folds_is_the_mean_of_scikit_learns_weighted_by_pairs(seed, n):
    rng = np.random.default_rng(seed)
    fold, y, p = np.sort(rng.integers(0, 3, n)), rng.integers(0, 2, n), rng.integers(0, 9, n) / 8
    both = [one for one in np.unique(fold) if len(np.unique(y[fold == one])) == 2]
    if not both:
        assert measure_auc_within(y, p, fold) is None
        return
    pairs = [y[fold == one].sum() * (1 - y[fold == one]).sum() for one in both]
    theirs = [roc_auc_score(y[fold == one], p[fold == one]) for one in both]
    expected = np.average(theirs, weights=pairs)
    assert measure_auc_within(y, p, fold) == pytest.approx(expected, abs=1e-12)


def test_auc_within_folds_does_not_reward_telling_good_years_from_bad_ones():
    rng = np.random.default_rng(0)
    fold = np.repeat([0, 1], 2000)
    y = (rng.random(4000) < np.where(fold == 1, 0.6, 0.2)).astype(int)
    p = np.where(fold == 1, 0.6, 0.2) + 0.01 * rng.random(4000)
    assert measure_auc(y, p) > 0.65
    assert measure_auc_within(y, p, fold) == pytest.approx(0.5, abs=0.03)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 9999), st.integers(12, 50))
def test_rotation_within_folds_counts_what_trying_each_shift_counts(seed, n):
    rng = np.random.default_rng(seed)
    fold, y, p = np.sort(rng.integers(0, 3, n)), rng.integers(0, 2, n), rng.integers(0, 6, n) / 5
    y[:2] = 0, 1
    ranks = rank_within(p, fold)
    sums = [ranks @ np.roll(y, shift) for shift in range(3, n - 2)]
    expected = (1 + sum(one >= ranks @ y for one in sums)) / (1 + len(sums))
    assert rotation_p_value(y, p, min_shift=2, fold=fold) == pytest.approx(expected, abs=1e-12)


def test_every_draw_keeps_the_number_of_blocks_when_blocks_are_drawn():
    draws = np.concatenate(_draw_blocks(30, seed=0))
    assert draws.shape == (N_RESAMPLES, 30)
    assert (draws.sum(axis=1) == 30).all()


def test_interval_covers_the_true_auc_as_often_as_it_says_when_setups_are_independent():
    p, y = draw_signal(400_000, strength=0.5, seed=0)
    true_auc = measure_auc(y, p)
    hits = 0
    for seed in range(100):
        p, y = draw_signal(600, strength=0.5, seed=seed)
        interval = bootstrap_auc(y, p, np.arange(600) // 10, seed=seed)
        hits += interval.low <= true_auc <= interval.high
    assert 88 <= hits <= 100  # 95 expected, binomial sd 2.2


def test_interval_is_wider_when_setups_of_a_block_share_their_outcome():
    rng = np.random.default_rng(0)
    block = np.repeat(np.arange(40), 10)
    p, y = rng.random(40)[block], rng.integers(0, 2, 40)[block]
    honest = bootstrap_auc(y, p, block, seed=0)
    naive = bootstrap_auc(y, p, np.arange(400), seed=0)
    assert honest.high - honest.low > 2 * (naive.high - naive.low)


def test_interval_is_none_when_only_one_class_occurs():
    assert bootstrap_auc(np.ones(10), np.linspace(0, 1, 10), np.arange(10), seed=0) is None


def test_mean_interval_matches_theory_when_values_are_independent():
    values = np.random.default_rng(1).standard_normal(2000)
    interval = bootstrap_mean(values, np.arange(2000), seed=0)
    assert interval.value == pytest.approx(values.mean())
    assert interval.high - interval.low == pytest.approx(3.92 / np.sqrt(2000), rel=0.1)


def test_mean_interval_is_none_when_there_is_nothing_to_average():
    assert bootstrap_mean([], [], seed=0) is None


def test_mean_interval_closes_when_there_is_one_block():
    interval = bootstrap_mean([1.0, 3.0], [7, 7], seed=0)
    assert interval == Interval(2.0, 2.0, 2.0)


def test_draws_are_the_same_when_the_seed_is_the_same():
    p, y = draw_signal(200, strength=0.5, seed=0)
    blocks = np.arange(200) // 5
    assert bootstrap_auc(y, p, blocks, seed=3) == bootstrap_auc(y, p, blocks, seed=3)
    assert bootstrap_auc(y, p, blocks, seed=3) != bootstrap_auc(y, p, blocks, seed=4)


def test_blocks_hold_most_setups_whole_when_holds_are_long():
    t0 = np.arange(1000) * DAY_S
    short = cut_blocks(t0, t0 + DAY_S)
    long = cut_blocks(t0, t0 + 50 * DAY_S)
    assert short.max() + 1 == pytest.approx(MAX_BLOCKS, abs=1)
    assert long.max() + 1 == 20
    assert (np.diff(short) >= 0).all()


def test_blocks_stay_at_a_dozen_when_holds_outlast_the_period():
    t0 = np.arange(100) * DAY_S
    assert cut_blocks(t0, t0 + 400 * DAY_S).max() + 1 == MIN_BLOCKS


def test_blocks_are_numbered_without_holes_when_setups_come_in_bursts():
    t0 = np.r_[np.arange(50), 10_000 + np.arange(50)] * DAY_S
    assert np.unique(cut_blocks(t0, t0 + DAY_S)).tolist() == [0, 1]


def test_blocks_are_empty_when_there_are_no_setups():
    assert len(cut_blocks([], [])) == 0


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 9999), st.integers(12, 60), st.integers(0, 3))
def test_rotation_p_value_equals_brute_force_on_any_setups(seed, n, min_shift):
    rng = np.random.default_rng(seed)
    y, p = rng.integers(0, 2, n), rng.integers(0, 6, n) / 5
    y[:2] = 0, 1
    shifts = range(min_shift + 1, n - min_shift)
    true_auc = measure_auc(y, p)
    beaten = sum(measure_auc(np.roll(y, shift), p) >= true_auc - 1e-12 for shift in shifts)
    expected = (1 + beaten) / (1 + len(shifts))
    assert rotation_p_value(y, p, min_shift=min_shift) == pytest.approx(expected)


def test_rotation_p_value_is_small_when_the_ranking_is_real():
    p, y = draw_signal(1000, strength=1.0, seed=0)
    assert rotation_p_value(y, p, min_shift=5) < 0.005


def test_rotation_p_value_is_none_when_it_cannot_be_told():
    assert rotation_p_value(np.ones(50), np.linspace(0, 1, 50), min_shift=1) is None
    assert rotation_p_value([0, 1, 0, 1], [0.1, 0.2, 0.3, 0.4], min_shift=2) is None


def test_rotation_holds_its_level_when_outcomes_come_in_runs():
    """Shuffling single outcomes would call some 40 % of these significant."""
    found = shuffled = 0
    for seed in range(100):
        rng = np.random.default_rng(seed)
        y = np.repeat(rng.integers(0, 2, 40), 15)
        p = np.repeat(rng.random(40), 15)
        found += rotation_p_value(y, p, min_shift=15) <= 0.05
        aucs = [measure_auc(rng.permutation(y), p) for _ in range(40)]
        shuffled += np.mean(np.array(aucs) >= measure_auc(y, p)) <= 0.05
    assert found <= 11  # 5 expected, binomial sd 2.2
    assert shuffled > 20


def test_luck_shrinks_with_the_root_of_independent_setups():
    assert null_auc_sd(700) == pytest.approx(0.0246, abs=1e-4)
    assert null_auc_sd(2800) == pytest.approx(null_auc_sd(700) / 2)
    assert null_auc_sd(0) == 0.65


def test_p_value_grows_when_the_test_block_was_opened_before():
    assert deflate(0.01, 1) == 0.01
    assert deflate(0.01, 4) == pytest.approx(0.04)
    assert deflate(0.4, 4) == 1.0


def test_block_p_value_is_small_when_most_blocks_rank_and_not_when_one_does():
    rng = np.random.default_rng(0)
    blocks = np.repeat(np.arange(40), 25)
    y = rng.integers(0, 2, 1000)
    noise = rng.random(1000)
    everywhere = noise + 0.3 * y
    once = np.where(blocks == 0, noise + 5.0 * y, noise)
    assert block_p_value(y, everywhere, blocks) < 0.001
    assert block_p_value(y, once, blocks) > 0.025
    assert block_p_value(y, -everywhere, blocks) > 0.999


def test_block_p_value_keeps_its_level_when_opposite_setups_share_their_luck():
    found = []
    for seed in range(400):
        rng = np.random.default_rng(seed)
        moment = np.repeat(np.arange(200), 4)
        side = np.tile([1, 1, -1, -1], 200)
        y = (side * rng.standard_normal(200)[moment] > 0).astype(int)
        p = side * rng.standard_normal(200)[moment]
        found.append(block_p_value(y, p, moment // 5))
    assert 0.005 <= np.mean(np.array(found) <= 0.025) <= 0.05


@pytest.mark.parametrize(
    ("y", "blocks"), [(np.ones(10, dtype=int), np.arange(10)), (np.arange(10) % 2, np.zeros(10))]
)
def test_block_p_value_is_unknown_when_one_class_or_one_block_occurs(y, blocks):
    assert block_p_value(y, np.linspace(0, 1, 10), blocks) is None


def test_block_p_value_is_one_when_nothing_is_ranked():
    assert block_p_value(np.arange(20) % 2, np.full(20, 0.4), np.arange(20) // 2) == 1.0
