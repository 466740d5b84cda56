"""What is seen in a table before training: far rows, copies, shifts, leaks."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml_training.core.survey import (
    count_copies,
    find_far_rows,
    find_leak,
    frozen_columns,
    measure_shift,
    row_keys,
)


def draw(n=400, n_columns=4, *, seed=0):
    return np.random.default_rng(seed).normal(size=(n, n_columns))


@pytest.mark.parametrize("distance", [200.0, 1e4, 1e9])
def test_far_rows_are_found_and_no_others(distance):
    X = draw()
    X[[3, 70, 200]] += distance
    far = find_far_rows(X)
    assert np.flatnonzero(far.is_far).tolist() == [3, 70, 200]
    assert far.distance > distance / 2


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("degrees", [2.5, 3.0])
def test_heavy_tails_are_left_alone(degrees, seed):
    X = np.random.default_rng(seed).standard_t(degrees, size=(2_000, 8))
    assert not find_far_rows(X).is_far.any()


def test_a_lognormal_volume_is_left_alone():
    assert not find_far_rows(np.exp(2.0 * draw(3_000))).is_far.any()


def test_indicator_columns_are_left_alone():
    assert not find_far_rows(
        np.eye(12)[np.random.default_rng(0).integers(0, 12, 500)]
    ).is_far.any()


def test_a_second_kind_of_row_is_no_outlier():
    X = draw()
    X[::4] += 1e4
    assert not find_far_rows(X).is_far.any()


def test_too_few_rows_have_no_outliers():
    assert not find_far_rows(np.array([[0.0], [1.0], [2.0], [1e9]])).is_far.any()


def test_the_fence_holds_what_is_not_far():
    X = draw()
    X[5, 1] = 1e6
    far = find_far_rows(X)
    assert far.fence[1, 1] == np.delete(X, 5, axis=0)[:, 1].max()


@settings(max_examples=30, deadline=None)
@given(st.floats(1e-3, 1e3), st.floats(-1e3, 1e3), st.integers(0, 20))
def test_units_do_not_decide_what_is_far(scale, offset, seed):
    X = draw(seed=seed)
    X[:4] += 5e3
    changed = find_far_rows(X * scale + offset)
    assert np.array_equal(find_far_rows(X).is_far, changed.is_far)


def test_copies_that_contradict_are_counted():
    X = draw(200)
    y = np.zeros(200, int)
    X, y = np.vstack([X, X[:30]]), np.concatenate([y, np.ones(20, int), np.zeros(10, int)])
    copies = count_copies(X, y, draw(50, seed=9))
    assert (copies.n_repeats, copies.n_contradicting, copies.n_shared) == (30, 20, 0)
    assert copies.n_expected < 1


def test_validation_rows_known_to_training_are_counted():
    X = draw(200)
    assert count_copies(X, np.zeros(200), X[:40]).n_shared == 40


def test_repeats_of_few_possible_values_are_expected():
    X = np.random.default_rng(0).integers(0, 2, size=(500, 4)).astype(float)
    copies = count_copies(X, np.zeros(500), X[:10])
    assert copies.n_expected > 0.9 * copies.n_repeats


def test_keys_agree_for_equal_rows_only():
    X = draw(1_000)
    X[1] = X[0]
    X[2] = X[0] * [1, 1, 1, 1 + 1e-15]
    assert len(np.unique(row_keys(X))) == 999


def test_minus_zero_is_zero():
    assert row_keys(np.array([[0.0, 1.0]])) == row_keys(np.array([[-0.0, 1.0]]))


def test_a_moved_column_is_measured_in_widths():
    shift = measure_shift(draw(), draw(seed=1) + np.array([3.0, 0, 0, 0]))
    assert shift.moved[0] == pytest.approx(3.0, abs=0.4)
    assert shift.moved[1:].max() < 0.4
    assert shift.chance[0] < 1e-20


def test_identical_laws_differ_by_chance_only():
    shift = measure_shift(draw(60, 20), draw(60, 20, seed=1))
    assert shift.chance.min() > 0.01


def test_a_column_frozen_in_training_is_found():
    X = draw()
    X[:, 2] *= 1e-7
    assert frozen_columns(measure_shift(X, draw(seed=1))).tolist() == [2]


def test_columns_that_never_move_are_not_frozen():
    X = draw()
    X[:, 2] = 5.0
    assert len(frozen_columns(measure_shift(X, X))) == 0


def test_a_shift_of_everything_is_no_frozen_column():
    assert len(frozen_columns(measure_shift(draw() * 1e-6, draw(seed=1)))) == 0


def test_the_column_with_the_answer_is_found():
    y = np.random.default_rng(0).integers(0, 2, 400)
    X = draw()
    X[:, 3] = y + 0.02 * X[:, 3]
    leak = find_leak(X, y)
    assert leak.column == 3
    assert leak.fit > 0.99
    assert leak.rival < 0.1
