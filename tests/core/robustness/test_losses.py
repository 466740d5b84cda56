"""Losses that raise, return the wrong thing, or mean something else."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits as log_loss

from tests.core.builders import PoisonedAt, make_classes, make_network, make_rows, make_values
from tests.core.robustness.fitting import accuracy, fit_quickly, refusal


def strict(outputs, targets):
    """Raise when the outputs are not finite."""
    if not torch.isfinite(outputs).all():
        raise ArithmeticError("these are no numbers")
    return log_loss(outputs, targets)


class Tiring:
    """Raise from some call on."""

    def __init__(self, n_calls):
        self.n_calls, self.calls = n_calls, []

    def __call__(self, outputs, targets):
        self.calls.append(len(targets))
        if len(self.calls) > self.n_calls:
            raise ValueError("tired")
        return log_loss(outputs, targets)


@pytest.mark.parametrize("call", [2, 20, 60])
def test_a_loss_that_raises_on_nan_loses_one_batch(call):
    X, y = make_rows()
    result = fit_quickly(PoisonedAt(call), X, y, loss=strict, max_epochs=15)
    assert all(finding.problem == "nan_inf_loss" for finding in result.findings)
    assert accuracy(result, X, y) > 0.75


@pytest.mark.parametrize("optimizer", ["adamw", "sgd"])
def test_a_loss_that_raises_on_nan_does_not_hide_a_rate_too_high(optimizer):
    X, y = make_rows()
    settings = {"optimizer": optimizer, "learning_rate": 1e12, "max_epochs": 15}
    result = fit_quickly(make_network(), X, y, loss=strict, **settings)
    assert accuracy(result, X, y) > 0.7


@pytest.mark.parametrize("n_calls", [5, 20, 60])
@pytest.mark.parametrize("repair", [True, False])
def test_a_loss_that_raises_from_some_call_on_is_unresolved_in_words(n_calls, repair):
    result = fit_quickly(make_network(), *make_rows(), loss=Tiring(n_calls), repair=repair)
    assert result.status == "unresolved"
    assert result.findings[0].problem == "nan_inf_loss"


@pytest.mark.parametrize(
    ("loss", "rule"),
    [
        (lambda outputs, targets: 1 / 0, "`loss` cannot be computed"),
        (lambda outputs: outputs.sum(), "`loss` cannot be computed"),
        (nn.TripletMarginLoss(), "`loss` cannot be computed"),
        (nn.BCELoss(), "takes probabilities: end the network in a Sigmoid"),
        (nn.BCEWithLogitsLoss(reduction="none"), "got a tensor of shape (32,)"),
        (lambda outputs, targets: 0.5, "got float"),
        (lambda outputs, targets: None, "got NoneType"),
        (lambda outputs, targets: torch.zeros(()), "depends on the weights"),
        (lambda outputs, targets: 1j * log_loss(outputs, targets), "must return one number"),
        ("log", "`loss` must be one of auto"),
        (3, "`loss` must be callable, got int"),
    ],
)
def test_what_is_no_loss_is_refused(loss, rule):
    assert rule in refusal(make_network(), *make_rows(), loss=loss)


def test_class_weights_of_the_wrong_number_are_refused():
    loss = nn.CrossEntropyLoss(weight=torch.ones(7))
    assert "3 classes" in refusal(make_network(4, 3), *make_classes(), loss=loss)


@pytest.mark.parametrize("loss", [nn.CrossEntropyLoss(), nn.NLLLoss(), nn.MultiMarginLoss()])
def test_a_loss_of_classes_is_refused_for_values(loss):
    words = refusal(make_network(4), *make_values(), loss=loss)
    assert f"`loss` {type(loss).__name__} needs classes" in words


@pytest.mark.parametrize(
    "loss",
    [
        lambda outputs, targets: log_loss(outputs, targets) * float("nan"),
        lambda outputs, targets: log_loss(outputs, targets) + float("inf"),
        nn.BCEWithLogitsLoss(pos_weight=torch.tensor(float("nan"))),
    ],
)
@pytest.mark.parametrize("repair", [True, False])
def test_a_loss_that_is_never_a_number_is_unresolved_in_words(loss, repair):
    result = fit_quickly(make_network(), *make_rows(), loss=loss, repair=repair)
    assert result.status == "unresolved"
    assert result.findings[0].problem == "nan_inf_loss"


@pytest.mark.parametrize(
    "loss",
    [
        lambda outputs, targets: -((outputs.sigmoid() - 0.5) * (targets - 0.5)).mean(),
        lambda outputs, targets: (outputs * (1 - 2 * targets)).mean(),
        lambda outputs, targets: log_loss(outputs, targets).reshape(1),
        lambda outputs, targets: log_loss(outputs, targets) - 5.0,
    ],
)
def test_losses_below_zero_and_of_one_cell_are_trained_on(loss):
    X, y = make_rows()
    result = fit_quickly(make_network(), X, y, loss=loss, max_epochs=15)
    assert accuracy(result, X, y) > 0.7


@pytest.mark.parametrize(
    "loss",
    [
        lambda outputs, targets: -((outputs - targets) ** 2).mean(),
        lambda outputs, targets: (outputs * 0).sum(),
        lambda outputs, targets: outputs.mean() * 1e30,
    ],
)
def test_losses_that_teach_nothing_end_in_numbers(loss):
    X, y = make_values()
    assert np.isfinite(fit_quickly(make_network(4), X, y, loss=loss).predict(X)).all()


def test_a_loss_that_only_trains_is_unresolved_in_words():
    def loss(outputs, targets):
        if not outputs.requires_grad:
            raise RuntimeError("no evaluation, please")
        return log_loss(outputs, targets)

    result = fit_quickly(make_network(), *make_rows(), loss=loss)
    assert result.status == "unresolved"
    assert "nan_inf_loss" in result.report.unresolved
