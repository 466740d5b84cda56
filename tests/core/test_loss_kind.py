import pytest
import torch
from torch import nn
from torch.nn import functional

from ml_training.core.loss_kind import kind_of_loss


def clamped(outputs, targets):
    shares = outputs.clamp(1e-7, 1 - 1e-7)
    return functional.binary_cross_entropy(shares, targets)


def weighted(outputs, targets):
    rows = functional.binary_cross_entropy_with_logits(outputs, targets, reduction="none")
    return (rows * (1 + 4 * targets)).mean()


def raising(outputs, targets):
    raise RuntimeError("no")


@pytest.mark.parametrize(
    ("loss", "kind"),
    [
        (nn.BCELoss(), "probability"),
        (clamped, "probability"),
        (nn.BCEWithLogitsLoss(), "logit"),
        (weighted, "logit"),
        (nn.MSELoss(), "value"),
        (nn.L1Loss(), "value"),
        (nn.HuberLoss(), "value"),
        (raising, "unknown"),
        (lambda outputs, targets: outputs.mean(), "unknown"),
    ],
)
def test_one_output_is_told_by_what_its_loss_pays(loss, kind):
    assert kind_of_loss(loss, n_classes=2, is_wide=False) == kind


def normalised(outputs, targets):
    shares = outputs / outputs.sum(dim=1, keepdim=True)
    return functional.nll_loss(shares.clamp(1e-7, 1).log(), targets)


def squared(outputs, targets):
    return ((outputs - functional.one_hot(targets, outputs.shape[1])) ** 2).mean()


@pytest.mark.parametrize(
    ("loss", "kind"),
    [
        (nn.CrossEntropyLoss(), "logit"),
        (nn.CrossEntropyLoss(weight=torch.tensor([1.0, 2.0, 3.0])), "logit"),
        (nn.NLLLoss(), "log_probability"),
        (normalised, "probability"),
        (squared, "value"),
        (raising, "unknown"),
    ],
)
def test_many_outputs_are_told_by_what_their_loss_pays(loss, kind):
    assert kind_of_loss(loss, n_classes=3, is_wide=True) == kind
