import numpy as np
import pytest

from ml_training.core.curves import FEWEST_ROWS, compare_curves


def make_table(n=800, n_features=5, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, n_features)), rng


def test_a_curve_is_found_where_there_is_one():
    X, _ = make_table()
    curve = compare_curves(X, (X[:, :1] * X[:, 1:2] > 0).astype(float), n_classes=2)
    assert curve.gain > 4
    assert curve.share > 0.1
    assert curve.answers > 4


def make_sectors(n=1500, noise=1.4, seed=0):
    """Return rows around the corners of a square, one class at each."""
    rng = np.random.default_rng(seed)
    classes = rng.integers(0, 4, n)
    corners = np.array([[1, 1], [1, -1], [-1, -1], [-1, 1]])[classes] * 2.0
    return corners + noise * rng.normal(size=(n, 2)), np.eye(4)[classes]


def test_a_curve_that_changes_no_answer_is_told_from_one_that_does():
    curve = compare_curves(*make_sectors(), n_classes=4)
    assert curve.gain > 4  # a straight line is a bad probability
    assert curve.answers < 3


@pytest.mark.parametrize("share", [0.5, 0.1])
def test_answers_are_gained_where_classes_surround_each_other(share):
    X, _ = make_table()
    far = (X**2).sum(axis=1)
    curve = compare_curves(X, (far > np.quantile(far, 1 - share))[:, None] * 1.0, n_classes=2)
    assert curve.answers > 4


def test_answers_are_not_counted_for_values():
    X, _ = make_table()
    assert compare_curves(X, X[:, :1] ** 2).answers == np.inf


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
    assert np.isfinite(compare_curves(X, X[:, :1])[:2]).all()


def test_few_rows_are_not_judged():
    X, _ = make_table(FEWEST_ROWS - 1)
    assert compare_curves(X, X[:, :1] ** 2)[:2] == (0.0, 0.0)


def test_the_same_seed_gives_the_same_answer():
    X, _ = make_table()
    assert compare_curves(X, X[:, :1] ** 2) == compare_curves(X, X[:, :1] ** 2)
