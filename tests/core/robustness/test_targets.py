"""Targets of every kind, and targets that cannot be learned."""

import numpy as np
import pytest
import torch

from tests.core.builders import make_network, make_rows, make_values
from tests.core.robustness.fitting import accuracy, fit_quickly, has_trained, refusal


@pytest.mark.parametrize(
    "convert",
    [
        lambda y: y == 1,
        lambda y: y.astype(float),
        lambda y: y.astype(object),
        lambda y: (y == 1).astype(object),
        lambda y: y.astype(np.uint64) + 2**63,
        lambda y: np.where(y == 1, "win", "loss"),
        lambda y: np.where(y == 1, "win", "loss").astype(object),
        lambda y: y.reshape(-1, 1),
        torch.tensor,
        lambda y: torch.tensor(y.astype(float), requires_grad=True),
    ],
)
def test_classes_of_any_type_are_learned(convert):
    X, y = make_rows()
    result = fit_quickly(make_network(), X, convert(y), max_epochs=15)
    assert accuracy(result, X, _known(convert(y))) > 0.75


def _known(y):
    return np.asarray(y.detach() if isinstance(y, torch.Tensor) else y).reshape(-1)


def test_numbers_held_as_objects_are_values():
    X, y = make_values()
    assert fit_quickly(None, X, y.astype(object)).predictor.task == "regression"


@pytest.mark.parametrize(
    ("y", "rule"),
    [
        (np.where(np.arange(300) % 5, 1.0, np.nan), "must not be NaN or Inf"),
        (np.full(300, np.nan), "must not be NaN or Inf"),
        ([None, 0, 1] * 100, "must not be NaN or Inf"),
        (["a", 0, 1] * 100, "one kind"),
        ([None, "a", "b"] * 100, "one kind, got NoneType, str"),
        ([[1], [1, 2]] * 150, "one value for each of 300 rows"),
        (np.eye(2)[np.arange(300) % 2], "one value for each of 300 rows, got shape (300, 2)"),
        (np.zeros(299), "one value for each of 300 rows, got shape (299,)"),
        (3, "one value for each of 300 rows"),
        (np.zeros(300) + 1j, "numbers, truth values or text, got complex128"),
        (np.arange(300).astype("datetime64[D]"), "got datetime64"),
        (np.full(300, 1e300), "no training row has a finite target"),
    ],
)
def test_targets_without_sense_are_refused(y, rule):
    assert rule in refusal(None, make_rows()[0], np.array(y, object) if "kind" in rule else y)


def test_rows_without_a_target_are_left_out_and_counted():
    X, y = make_values()
    y[::9], y[5], y[7] = np.nan, np.inf, 1e200
    result = fit_quickly(None, X, y)
    assert has_trained(result)
    assert "36 training rows without a finite target left out" in result.report.notes


@pytest.mark.parametrize("unit", [1e-30, 1e20, 1e38, 1e100])
@pytest.mark.parametrize("is_house", [True, False])
def test_values_in_any_unit_are_learned(unit, is_house):
    X, y = make_values()
    model = None if is_house else make_network(4)
    result = fit_quickly(model, X, unit * y, max_epochs=30)
    error = np.abs(result.predict(X) - unit * y).mean()
    assert error < unit * np.abs(y - y.mean()).mean()


@pytest.mark.parametrize("task", ["auto", "multiclass"])
@pytest.mark.parametrize("model", [None, "own"])
def test_one_class_is_refused_and_predicted(task, model):
    X, _ = make_rows()
    network = None if model is None else make_network()
    result = fit_quickly(network, X, np.full(300, 7), task=task)
    assert result.status == "refused"
    assert set(result.predict(X)) == {7}


def test_one_value_is_refused_and_predicted():
    X, _ = make_rows()
    result = fit_quickly(None, X, np.full(300, 2.5))
    assert result.status == "refused"
    assert set(result.predict(X)) == {2.5}


@pytest.mark.parametrize("side", [0, 1])
def test_one_class_in_validation_is_refused_in_words_when_there_is_plenty(side):
    X, y = make_rows(600)
    alone = np.flatnonzero(y[300:] == side) + 300
    result = fit_quickly(make_network(), X[:300], y[:300], X[alone], y[alone], max_epochs=15)
    assert result.status == "refused"
    assert result.findings[0].message.startswith("Validation has other answers than training")


@pytest.mark.parametrize("side", [0, 1])
def test_one_class_among_few_validation_rows_is_enough(side):
    X, y = make_rows(600)
    alone = np.flatnonzero(y[300:] == side)[:5] + 300
    result = fit_quickly(make_network(), X[:300], y[:300], X[alone], y[alone], max_epochs=15)
    assert has_trained(result)
    assert accuracy(result, X, y) > 0.7


@pytest.mark.parametrize("unknown", [7, "seven", 0.5])
def test_training_validates_itself_when_validation_knows_other_classes(unknown):
    X, y = make_rows()
    result = fit_quickly(None, X, y, X[:30], np.full(30, unknown))
    assert has_trained(result)
    assert any("unknown to training" in note for note in result.report.notes)


def test_a_class_for_every_row_is_refused():
    X, _ = make_rows()
    result = fit_quickly(None, X, np.arange(300))
    assert result.status == "refused"
    assert result.predict_proba(X).shape == (300, 300)


def test_many_classes_are_learned_in_reasonable_time():
    rng = np.random.default_rng(0)
    y = rng.integers(0, 500, 3_000)
    X = np.stack([y / 500, rng.normal(size=3_000)], axis=1)
    result = fit_quickly(None, X, y, max_epochs=2, batch_size=256)
    assert result.predict_proba(X[:5]).shape == (5, len(np.unique(y)))
