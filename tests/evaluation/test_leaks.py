"""Exact checks find every difference and overlap; the suspicion keeps its bounds."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from ml_training.evaluation.leaks import (
    find_changed_rows,
    find_overlaps,
    find_shared_time,
    find_telling_columns,
)
from ml_training.evaluation.outcomes import Outcomes
from ml_training.evaluation.ranking import (
    cluster_sums,
    normalise_ranks,
    rank_deviation,
    rank_outcomes,
    remove_the_rest,
)

HOUR_S = 3600
WORDS = ("training", "test")


def look(X, y, *, side=None, names=None, **options):
    """Judge columns of setups that follow each other without overlap."""
    n = len(y)
    t0 = np.arange(n) * 24 * HOUR_S
    return find_telling_columns(
        X,
        Outcomes(
            y=y, r=np.where(y == 1, 1.9, -1.1), t0=t0, t1=t0 + 6 * HOUR_S, weight=y * 0 + 1.0
        ),
        side=np.ones(n, dtype=int) if side is None else side,
        names=names or [f"c{i}" for i in range(X.shape[1])],
        **options,
    )


def draw(n, n_columns=10, *, seed=0, win_rate=0.4):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((n, n_columns)), (rng.random(n) < win_rate).astype(int), rng


def test_same_rows_are_the_same_when_values_are_missing():
    stored = np.array([[1.0, np.nan, np.inf], [2.0, 3.0, -np.inf]])
    assert find_changed_rows(stored, stored.copy(), ["a", "b", "c"], np.ones(3)) is None


def test_rounding_is_no_change():
    stored = np.array([[1.0], [2.0]])
    assert find_changed_rows(stored, stored + 1e-8, ["a"], np.ones(1)) is None


@pytest.mark.parametrize("other", [1.1, np.nan, np.inf])
def test_changed_column_is_named_with_the_number_of_rows(other):
    stored = np.array([[1.0, 5.0], [2.0, 5.0]])
    again = np.array([[1.0, 5.0], [other, 5.0]])
    leak = find_changed_rows(stored, again, ["a", "b"], np.ones(2))
    assert leak.columns == ("a",)
    assert "the column a cannot be computed" in leak.message
    assert "(1 of 2 setups" in leak.message


def test_many_changed_columns_are_counted():
    names = [f"c{i}" for i in range(6)]
    leak = find_changed_rows(np.zeros((2, 6)), np.ones((2, 6)), names, np.ones(6))
    assert "the columns c0, c1, c2 and 3 more" in leak.message
    assert leak.columns == tuple(names)


def test_blocks_share_no_time_when_one_ends_before_the_other_begins():
    first = np.array([0, 5]), np.array([3, 9])
    later = np.array([10, 12]), np.array([15, 13])
    assert find_shared_time(first, later, WORDS) is None
    assert find_overlaps(first, later, WORDS) is None
    assert find_overlaps(later, first, WORDS) is None
    assert "2 of 2" in find_shared_time(later, first, WORDS).message


def test_empty_blocks_share_no_time():
    none, some = (np.array([]), np.array([])), (np.array([1]), np.array([2]))
    assert find_shared_time(none, some, WORDS) is None
    assert find_overlaps(some, none, WORDS) is None


@given(st.integers(0, 100_000))
def test_overlaps_are_those_of_the_definition(seed):
    rng = np.random.default_rng(seed)
    kept, judged = (
        (t0, t0 + rng.integers(0, 6, n)) for n in (12, 6) for t0 in [rng.integers(0, 60, n)]
    )
    touching = sum(
        any(a <= d and c <= b for c, d in zip(*judged, strict=True))
        for a, b in zip(*kept, strict=True)
    )
    leak = find_overlaps(kept, judged, WORDS)
    assert (leak is None) == (touching == 0)
    if leak:
        assert leak.message.startswith(f"{touching} of 12 training setups share time")


def test_noise_is_never_named():
    """60 columns, as many as a strategy has; 100 tables of each size."""
    for n in (60, 120, 400):
        named = [look(X, y) for s in range(100) for X, y, _ in [draw(n, 60, seed=s)]]
        assert sum(leak is not None for leak in named) == 0, n


def test_noise_is_never_named_when_labels_overlap_and_columns_are_slow():
    """As on a walk of prices: labels span ten rows, columns look back up to 200."""
    n, held = 720, 10
    n_named = 0
    for seed in range(30):
        rng = np.random.default_rng(seed)
        price = np.cumsum(rng.standard_normal(n + 200 + held))
        now = np.arange(200, n + 200)
        gain = price[now + held] - price[now]
        windows = np.unique(np.geomspace(1, 200, 20).astype(int))
        X = np.column_stack([price[now] - price[now - one] for one in windows])
        t0 = np.arange(n) * HOUR_S
        y = (gain > 1.0).astype(int)
        outcomes = Outcomes(
            y=y, r=np.where(y == 1, 1.9, -1.1), t0=t0, t1=t0 + held * HOUR_S, weight=y / held
        )
        side = rng.choice([-1, 1], n)
        names = [f"c{one}" for one in windows]
        n_named += find_telling_columns(X, outcomes, side=side, names=names) is not None
    assert n_named == 0


def test_planted_column_is_not_named_when_its_auc_is_plausible():
    strength = np.sqrt(2) * 0.2533  # AUC 0.60 for normal classes of equal spread
    n_named = 0
    for seed in range(60):
        X, y, _ = draw(2000, seed=seed)
        X[:, 3] += strength * y
        n_named += look(X, y) is not None
    assert n_named <= 1  # 2 % of 60


def test_small_look_ahead_in_a_slow_column_is_bared():
    rng = np.random.default_rng(1)
    now = np.cumsum(rng.standard_normal(1500)) / 10
    step = rng.standard_normal(1500)
    y = (step + rng.standard_normal(1500) > 0.3).astype(int)
    twin = now + 0.01 * rng.standard_normal(1500)
    slow = now + 0.05 * step  # as it will stand one bar later
    leak = look(np.column_stack([twin, slow, rng.standard_normal(1500)]), y)
    assert roc_auc_score(y, slow) < 0.6
    assert "c1" in leak.columns


def test_look_ahead_that_points_up_for_both_sides_is_found():
    X, y, rng = draw(800)
    side = np.where(rng.random(800) < 0.5, 1, -1)
    X[:, 2] = side * (2 * y - 1) + rng.standard_normal(800)
    assert look(X, y, side=side).columns == ("c2",)
    assert look(X, y) is None


def test_nothing_is_said_when_rows_or_losses_are_few():
    X, y, _ = draw(59)
    X[:, 0] = y
    assert look(X, y) is None
    rare = np.zeros(200, dtype=int)
    rare[:14] = 1
    assert look(np.column_stack([rare * 1.0]), rare) is None


def test_worst_column_is_named_first_and_exempt_ones_never():
    X, y, rng = draw(500)
    X[:, 4], X[:, 7] = y, y + 0.5 * rng.standard_normal(500)
    X[:, 1] = -y
    leak = look(X, y, exempt=["c1"])
    assert leak.columns == ("c4", "c7")
    assert "AUC of 1.00" in leak.message


def test_columns_that_are_constant_or_empty_are_harmless():
    X, y, _ = draw(300)
    X[:, 0], X[:, 1], X[:, 2] = 5.0, np.nan, np.inf
    assert look(X, y) is None


@given(st.integers(0, 10_000))
def test_auc_of_a_column_is_scikit_learns(seed):
    X, y, rng = draw(80, 3, seed=seed)
    X[:, 1] = np.round(X[:, 1])  # ties
    if 0 < y.sum() < 80:
        auc, _ = rank_outcomes(X, y, rng.integers(0, 5, 80) * 0 + np.arange(80) % 5)
        expected = [roc_auc_score(y, column) for column in X.T]
        np.testing.assert_allclose(auc, expected, atol=1e-12)


def test_deviation_of_an_auc_is_the_spread_over_many_tables():
    told, seen = [], []
    for seed in range(300):
        X, y, _ = draw(400, 1, seed=seed)
        auc, deviation = rank_outcomes(X, y, np.arange(400) // 10)
        told.append(deviation[0])
        seen.append(auc[0])
    assert np.mean(told) == pytest.approx(np.std(seen), rel=0.1)


def test_deviation_grows_when_rows_of_a_block_are_copies():
    X, y, _ = draw(100, 1)
    fourfold = np.repeat(X, 4, axis=0), np.repeat(y, 4), np.repeat(np.arange(100), 4)
    single = rank_outcomes(X, y, np.arange(100))
    auc, deviation = rank_outcomes(*fourfold)
    np.testing.assert_allclose([auc, deviation], single, rtol=1e-9)
    assert rank_outcomes(*fourfold[:2], np.arange(400))[1] < 0.6 * deviation


def test_sums_by_block_are_those_of_the_rows():
    values = np.arange(12.0).reshape(6, 2)
    total, deviation = cluster_sums(values, np.array([0, 0, 1, 1, 2, 2]))
    assert total.tolist() == values.sum(axis=0).tolist()
    sums = values.reshape(3, 2, 2).sum(axis=1)
    np.testing.assert_allclose(deviation, sums.std(axis=0, ddof=1) * np.sqrt(3))


def test_ranks_are_normal_whatever_the_scale():
    X, _, _ = draw(1000, 2)
    wild = np.exp(5 * X)
    np.testing.assert_allclose(normalise_ranks(wild), normalise_ranks(X), atol=1e-12)
    assert normalise_ranks(X).std() == pytest.approx(1.0, abs=0.01)


def test_what_others_explain_is_taken_away():
    X, _, rng = draw(2000, 3)
    own = rng.standard_normal(2000)
    X[:, 2] = X[:, 0] + X[:, 1] + 0.3 * own
    left = remove_the_rest(normalise_ranks(X))[:, 2]
    assert abs(np.corrcoef(left, X[:, 0])[0, 1]) < 0.1
    assert np.corrcoef(left, own)[0, 1] > 0.9


def test_deviation_of_luck_is_the_one_of_the_rank_sum():
    told = rank_deviation(30, 70)
    seen = [roc_auc_score(np.arange(100) < 30, draw(100, 1, seed=s)[0][:, 0]) for s in range(400)]
    assert told == pytest.approx(np.std(seen), rel=0.1)
