"""Few rows, odd rests, and batches larger than the table."""

import numpy as np
import pytest
from torch import nn

from tests.core.builders import make_network, make_rows, make_values
from tests.core.robustness.fitting import fit_quickly, has_trained, refusal


@pytest.mark.parametrize("n_rows", [1, 2, 3, 4, 9, 10, 11])
@pytest.mark.parametrize("kind", ["classes", "values"])
@pytest.mark.parametrize("is_house", [True, False])
def test_any_number_of_rows_gives_a_result(n_rows, kind, is_house):
    X = np.random.default_rng(0).normal(size=(n_rows, 6))
    y = np.arange(n_rows) % 2 if kind == "classes" else 0.1 + 1.5 * np.arange(n_rows)
    result = fit_quickly(None if is_house else make_network(), X, y)
    assert result.status == ("refused" if n_rows == 1 else "unresolved")


@pytest.mark.parametrize("n_rows", [1, 2])
@pytest.mark.parametrize("kind", ["classes", "values"])
def test_any_number_of_validation_rows_will_do(n_rows, kind):
    X, y = make_rows(302) if kind == "classes" else make_values(302)
    model = make_network(X.shape[1])
    assert has_trained(fit_quickly(model, X[:300], y[:300], X[300:][:n_rows], y[300:][:n_rows]))


@pytest.mark.parametrize("n_rows", [33, 65, 97, 129])
def test_a_last_batch_of_one_row_is_survived(n_rows):
    X, y = make_rows(n_rows + 60)
    result = fit_quickly(make_network(), X[:n_rows], y[:n_rows], X[n_rows:], y[n_rows:])
    assert has_trained(result)
    assert np.isfinite(result.history.last("loss")).all()


def test_batches_of_two_rows_train_batch_normalisation():
    X, y = make_rows(101)
    result = fit_quickly(make_network(), X[:41], y[:41], X[41:], y[41:], batch_size=2)
    assert result.model is not None


def test_a_batch_of_one_row_is_refused_with_its_reason():
    words = refusal(make_network(), *make_rows(), batch_size=1)
    assert "`batch_size` must be a whole number of at least 2, got 1" in words
    assert "batch normalisation needs two rows" in words


@pytest.mark.parametrize("batch_size", [300, 10**9])
def test_a_batch_larger_than_the_table_is_the_table(batch_size):
    result = fit_quickly(make_network(), *make_rows(), batch_size=batch_size)
    assert has_trained(result)


def test_batch_statistics_that_are_not_tracked_predict_single_rows():
    model = nn.Sequential(nn.BatchNorm1d(6, track_running_stats=False), nn.Linear(6, 1))
    X, y = make_rows(301)
    fit_quickly(model, X[:300], y[:300], X[300:], y[300:])


def test_a_table_wider_than_long_is_survived():
    X = np.random.default_rng(0).normal(size=(30, 500))
    assert fit_quickly(None, X, np.arange(30) % 2, max_epochs=2).status == "unresolved"
