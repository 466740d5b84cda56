import math

import numpy as np
import pytest

from ml_training.core.rival import score_rival
from tests.core.builders import make_classes, make_rows, make_values


def halves(X, y):
    return X[::2], y[::2], X[1::2], y[1::2]


def test_it_finds_a_line_a_border_and_values():
    assert score_rival(*halves(*make_rows(600)), n_classes=2) > 0.85
    assert score_rival(*halves(*make_classes(600)), n_classes=3) > 0.85
    assert score_rival(*halves(*make_values(600)), n_classes=0) > 0.9


def test_it_finds_what_no_line_can():
    X = np.random.default_rng(0).normal(size=(1_500, 2))
    y = (X[:, 0] * X[:, 1] > 0).astype(int)
    assert score_rival(*halves(X, y), n_classes=2) > 0.85


def test_it_finds_nothing_where_nothing_is():
    X, y = make_rows(1_000)
    y = np.random.default_rng(1).permutation(y)
    assert score_rival(*halves(X, y), n_classes=2) == pytest.approx(0.5, abs=0.08)


def test_scale_far_cells_and_missing_ones_do_not_matter():
    X, y = make_rows(600)
    spoiled = X * np.logspace(-6, 6, X.shape[1])
    spoiled[3, 0], spoiled[5, 1], spoiled[:, 5] = 1e30, np.nan, np.nan
    assert score_rival(*halves(spoiled, y), n_classes=2) > 0.8


def test_rare_classes_count_as_much():
    X, y = make_rows(2_000, noise=0.2)
    keep = (y == 0) | (np.arange(len(y)) % 10 == 0)
    assert score_rival(*halves(X[keep], y[keep]), n_classes=2) > 0.85


def test_it_is_unknown_with_few_rows_or_one_class():
    X, y = make_rows(100)
    assert math.isnan(score_rival(X[:10], y[:10], X[10:], y[10:], n_classes=2))
    assert math.isnan(score_rival(X, y, X[y == 1], y[y == 1], n_classes=2))


def test_it_gives_the_same_answer_twice():
    parts = halves(*make_rows(300))
    assert score_rival(*parts, n_classes=2) == score_rival(*parts, n_classes=2)
