"""Weights of rows: senseless ones are refused, extreme ones obeyed."""

import numpy as np
import pytest

from tests.core.builders import make_network, make_rows
from tests.core.robustness.fitting import accuracy, fit_quickly, has_trained, refusal


def one_of(value, n=300):
    return np.where(np.arange(n) == 7, value, 1.0)


@pytest.mark.parametrize(
    ("weight", "got"),
    [
        (np.full(300, -1.0), "-1.0"),
        (np.full(300, np.nan), "nan"),
        (np.full(300, np.inf), "inf"),
        (np.zeros(300), "all zero"),
        (one_of(-1.0), "-1.0"),
        (one_of(np.nan), "nan"),
        (one_of(np.inf), "inf"),
        (["a"] * 300, "'a'"),
    ],
)
def test_weights_without_sense_are_refused(weight, got):
    words = refusal(make_network(), *make_rows(), weight=weight)
    assert f"finite, not negative and not all zero, got {got}" in words


@pytest.mark.parametrize("weight", [np.ones(299), np.ones((300, 2)), 3.0])
def test_weights_of_the_wrong_shape_are_refused(weight):
    words = refusal(make_network(), *make_rows(), weight=weight)
    assert "`sample_weight` must hold one value for each of 300 rows" in words


@pytest.mark.parametrize("value", [0.0, 1e-320, 1e308])
def test_equal_weights_of_any_size_count_as_none(value):
    X, y = make_rows()
    if value == 0.0:
        value = 5e-324
    result = fit_quickly(make_network(), X, y, weight=np.full(300, value), max_epochs=15)
    assert accuracy(result, X, y) > 0.75


@pytest.mark.parametrize("value", [0.0, 1e-320, 1e30, 1e308])
def test_one_extreme_weight_is_obeyed(value):
    fit_quickly(make_network(), *make_rows(), weight=one_of(value))


@pytest.mark.parametrize("n_counting", [1, 3, 30])
def test_batches_in_which_no_row_counts_are_no_loss(n_counting):
    X, y = make_rows()
    weight = (np.arange(300) < n_counting).astype(float)
    result = fit_quickly(make_network(), X, y, weight=weight, batch_size=8)
    assert np.isfinite(result.history.last("loss")).all()
    assert result.model is not None


def test_weights_that_count_held_out_rows_alone_are_refused():
    weight = (np.arange(300) > 290).astype(float)
    words = refusal(make_network(), *make_rows(), weight=weight)
    assert "must count some of the 240 rows left for training" in words


def test_rows_of_huge_weights_do_not_overflow_together():
    X, y = make_rows()
    weight = np.where(np.arange(300) % 2, 1e308, 5e307)
    assert has_trained(fit_quickly(make_network(), X, y, weight=weight))


def test_a_loss_without_rows_takes_no_weights():
    def total(outputs, targets):
        return ((outputs - targets) ** 2).mean()

    words = refusal(make_network(), *make_rows(), weight=one_of(2.0), loss=total)
    assert "`sample_weight` cannot reach this `loss`" in words
