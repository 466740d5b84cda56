"""Tables that hold what no network can compute with."""

import numpy as np
import pytest
import torch

from tests.core.builders import make_network, make_rows
from tests.core.robustness.fitting import accuracy, fit_quickly, has_trained, refusal

BAD_CELLS = [np.nan, np.inf, -np.inf, 8e37, 1e38, -1e38, 1e300]


@pytest.mark.parametrize("bad", BAD_CELLS)
def test_one_bad_cell_in_training_costs_nothing(bad):
    X, y = make_rows()
    X[5, 2] = bad
    result = fit_quickly(make_network(), X, y, max_epochs=15)
    assert has_trained(result)
    assert accuracy(result, X, y) > 0.75


@pytest.mark.parametrize("bad", BAD_CELLS)
def test_one_bad_cell_in_validation_costs_nothing(bad):
    X, y = make_rows()
    X[295, 2] = bad
    assert has_trained(fit_quickly(make_network(), X, y))


@pytest.mark.parametrize("factor", [1e30, 1e36, 1e38, 1e-30, 1e-320])
def test_a_column_at_the_edge_of_its_type_is_survived(factor):
    X, y = make_rows()
    X[:, 2] *= factor
    assert has_trained(fit_quickly(make_network(), X, y))


@pytest.mark.parametrize("bad", BAD_CELLS)
def test_a_bad_cell_is_predicted_on(bad):
    X, y = make_rows()
    result = fit_quickly(make_network(), X, y)
    X[7, 1] = bad
    assert np.isfinite(result.predict_proba(X)).all()


@pytest.mark.parametrize("bad", [np.nan, np.inf, 7.0])
def test_rows_that_all_look_the_same_are_refused_in_words(bad):
    result = fit_quickly(None, np.full((80, 4), bad), np.arange(80) % 2)
    assert result.status == "refused"
    assert "no column of X_train takes two values" in result.report.text().replace("\n", " ")
    assert np.allclose(result.predict_proba(np.zeros((1, 4))), 0.5)


def test_a_column_without_numbers_is_left_aside():
    X, y = make_rows()
    X[:, 3] = np.nan
    result = fit_quickly(make_network(), X, y, max_epochs=15)
    assert has_trained(result)
    assert accuracy(result, X, y) > 0.75


def test_one_column_is_enough():
    X, y = make_rows()
    assert has_trained(fit_quickly(make_network(1), X[:, :1], y))


@pytest.mark.parametrize(
    ("X", "rule"),
    [
        (np.zeros((30, 0)), "rows and columns"),
        (np.zeros((0, 6)), "rows and columns"),
        (np.zeros(30), "two dimensions"),
        (np.zeros((30, 2, 2)), "two dimensions"),
        (np.zeros((30, 2)) + 1j, "real numbers, got complex128"),
        (np.arange(60).astype("datetime64[D]").reshape(30, 2), "real numbers, got datetime64"),
        ([[1.0], [1.0, 2.0]] * 15, "in rows of one length"),
        ([["a", "b"]] * 30, "must hold numbers"),
        (None, "two dimensions"),
    ],
)
def test_what_is_no_table_of_numbers_is_refused(X, rule):
    assert rule in refusal(None, X, np.arange(30) % 2)


@pytest.mark.parametrize(
    "convert",
    [
        lambda X: (100 * X).astype(int),
        lambda X: X > 0,
        lambda X: X.astype(object),
        lambda X: X.astype(np.float16),
        np.asfortranarray,
        lambda X: np.repeat(X, 2, axis=0)[::2],
        lambda X: X.tolist(),
        torch.tensor,
        lambda X: torch.tensor(X, requires_grad=True),
        lambda X: torch.tensor(X, dtype=torch.bfloat16),
    ],
)
def test_tables_of_any_number_type_are_taken(convert):
    X, y = make_rows()
    result = fit_quickly(make_network(), convert(X), y, max_epochs=15)
    assert accuracy(result, convert(X), y) > 0.65


@pytest.mark.parametrize(
    ("others", "rule"),
    [
        ((np.zeros((5, 4)), np.zeros(5)), "the 6 features of `X_train`, got 4"),
        ((np.zeros((5, 6)), np.zeros(4)), "each of 5 rows, got shape (4,)"),
        ((np.zeros((5, 6)),), "given together"),
        ((5, 5), "`X_val` must have two dimensions"),
        (("abc", "def"), "`X_val` must hold numbers"),
    ],
)
def test_validation_that_does_not_fit_is_refused(others, rule):
    assert rule in refusal(None, *make_rows(), *others)


def test_prediction_of_other_columns_is_refused():
    X, y = make_rows()
    result = fit_quickly(make_network(), X, y)
    with pytest.raises(ValueError, match="must have 6 features, got 5"):
        result.predict(X[:, :5])
