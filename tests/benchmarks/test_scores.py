"""Scores are what the document uses."""

import math

import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score, r2_score

from benchmarks.faults.scores import balanced_accuracy, r2, score_difference


def test_balanced_accuracy_agrees_with_scikit_learn_when_computed():
    rng = np.random.default_rng(0)
    y, told = rng.integers(0, 3, 90), rng.integers(0, 3, 90)
    assert balanced_accuracy(y, told) == pytest.approx(balanced_accuracy_score(y, told))


def test_r2_agrees_with_scikit_learn_when_computed():
    rng = np.random.default_rng(0)
    y = rng.normal(size=50)
    told = y + rng.normal(size=50)
    assert r2(y, told) == pytest.approx(r2_score(y, told))


def test_r2_is_worst_when_a_prediction_is_not_a_number():
    assert r2(np.array([1.0, 2.0]), np.array([1.0, math.nan])) == -math.inf


@pytest.mark.parametrize("measure", [balanced_accuracy, r2])
def test_score_is_unknown_when_there_are_no_rows(measure):
    assert math.isnan(measure(np.empty(0), np.empty(0)))


def test_difference_is_zero_when_predictions_agree():
    y = np.array([0, 1] * 20)
    assert score_difference(y, y, y, is_regression=False) == (0.0, 0.0)


def test_difference_stands_out_from_its_error_when_one_is_much_better():
    y = np.array([0, 1] * 100)
    gain, error = score_difference(y, y, np.zeros(200), is_regression=False)
    assert gain == pytest.approx(0.5)
    assert error < 0.05


def test_difference_is_bounded_when_a_regression_explodes():
    y = np.linspace(0, 1, 30)
    gain, _ = score_difference(y, y, np.full(30, 1e30), is_regression=True)
    assert gain == pytest.approx(2.0)


def test_difference_is_unknown_when_there_are_no_rows():
    assert all(
        math.isnan(value) for value in score_difference(*[np.empty(0)] * 3, is_regression=True)
    )
