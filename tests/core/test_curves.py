import numpy as np
import pytest

from ml_training.core.curves import FEWEST_ROWS, compare_curves


def make_table(n=800, n_features=5, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, n_features)), rng


def test_a_curve_is_found_where_there_is_one():
    X, _ = make_table()
    gain, saved = compare_curves(X, (X[:, :1] * X[:, 1:2] > 0).astype(float))
    assert gain > 4
    assert saved > 0.1


@pytest.mark.parametrize("seed", range(20))
def test_no_curve_is_found_in_straight_rows_or_in_noise(seed):
    X, rng = make_table(300, seed=seed)
    straight = (X[:, :1] + rng.normal(size=(300, 1)) > 0).astype(float)
    noise = rng.normal(size=(300, 1))
    assert compare_curves(X, straight)[0] < 4
    assert compare_curves(X, noise)[0] < 4


def test_heavy_tails_are_not_taken_for_curves():
    rng = np.random.default_rng(1)
    X = rng.standard_t(2.5, size=(600, 4))
    assert compare_curves(X, X[:, :1] + rng.normal(size=(600, 1)))[0] < 4


def test_constant_columns_do_no_harm():
    X, _ = make_table()
    X[:, 2] = 7.0
    assert np.isfinite(compare_curves(X, X[:, :1])).all()


def test_few_rows_are_not_judged():
    X, _ = make_table(FEWEST_ROWS - 1)
    assert compare_curves(X, X[:, :1] ** 2) == (0.0, 0.0)


def test_the_same_seed_gives_the_same_answer():
    X, _ = make_table()
    assert compare_curves(X, X[:, :1] ** 2) == compare_curves(X, X[:, :1] ** 2)
