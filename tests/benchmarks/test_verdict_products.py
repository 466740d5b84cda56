"""The library's way to products of two columns, which ours is compared with."""

import numpy as np

from benchmarks.verdicts.products import ask_lasso
from ml_training.evaluation.metrics import measure_auc
from tests.study.builders import change, make_set


def draw_product(n, seed):
    dataset = make_set(n, n_features=5, seed=seed)
    rng = np.random.default_rng(seed)
    odds = 1 / (1 + np.exp(-dataset.X[:, 0] * dataset.X[:, 3]))
    return change(dataset, y=(rng.random(n) < odds).astype(np.int8))


def test_lasso_finds_a_product_that_tells():
    past, new = draw_product(1_000, 0), draw_product(1_000, 1)
    assert measure_auc(new.y, ask_lasso(past, new.X)) > 0.65


def test_missing_cells_count_as_the_median():
    past, new = draw_product(300, 0), draw_product(50, 1)
    X = new.X.copy()
    X[::3, 0], X[1::3, 3] = np.nan, np.inf
    assert np.isfinite(ask_lasso(past, X)).all()
