"""Losses are what their names say, also the wrong ones."""

import math

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from benchmarks.faults.errors import CaseError
from benchmarks.faults.losses import build_loss, class_weights, n_outputs_of

Y2 = np.array([0, 0, 0, 1])
Y3 = np.array([0, 1, 2, 0, 0, 1])


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("bce_with_logits", nn.BCEWithLogitsLoss),
        ("cross_entropy", nn.CrossEntropyLoss),
        ("mse", nn.MSELoss),
    ],
)
def test_torch_has_the_loss_when_it_is_a_common_one(name, kind):
    assert isinstance(build_loss(name, Y2, 0 if name == "mse" else 2), kind)


def test_probabilities_give_cross_entropy_when_they_are_taken_as_such():
    outputs = torch.tensor([[0.2], [0.6], [0.9], [0.5]])
    loss = build_loss("bce_on_probs", Y2, 2)(outputs, torch.tensor(Y2))
    wanted = functional.binary_cross_entropy(outputs[:, 0], torch.tensor(Y2).float())
    assert loss == pytest.approx(wanted)


def test_loss_stays_finite_when_raw_outputs_pass_for_probabilities():
    outputs = torch.tensor([-3.0, 7.0, 0.0, 1.0])
    loss = build_loss("bce_on_probs", Y2, 2)(outputs, torch.tensor(Y2))
    assert math.isfinite(loss)
    assert loss > 3


def test_rows_are_divided_by_their_sum_when_several_pass_for_probabilities():
    outputs = torch.tensor([[2.0, 6.0]])
    loss = build_loss("ce_on_probs", Y2, 2)(outputs, torch.tensor([1]))
    assert loss == pytest.approx(-math.log(0.75))


def test_squares_are_against_one_hot_when_there_are_several_outputs():
    outputs = torch.tensor([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    loss = build_loss("mse_onehot", Y3, 3)(outputs, torch.tensor([0, 1]))
    assert loss == pytest.approx(2 / 6)


def test_sum_grows_with_the_batch_when_squares_are_summed():
    loss = build_loss("mse_sum", np.zeros(3), 0)
    assert loss(torch.ones(8, 1), torch.zeros(8)) == 8


def test_shapes_do_not_broadcast_when_outputs_have_a_column():
    loss = build_loss("mse_sum", np.zeros(3), 0)
    assert loss(torch.zeros(3, 1), torch.tensor([1.0, 2.0, 3.0])) == 14


def test_weights_average_to_one_when_taken_over_the_rows():
    weights = class_weights(Y3, 3)
    assert weights[torch.tensor(Y3)].mean() == pytest.approx(1)
    assert weights[2] == pytest.approx(3 * weights[0])


@pytest.mark.parametrize(
    ("name", "undecided"), [("bce_with_logits_balanced", 0.0), ("bce_on_probs_balanced", 0.5)]
)
def test_rare_class_weighs_more_when_balanced(name, undecided):
    loss = build_loss(name, Y2, 2)
    outputs = torch.full((2,), undecided)
    common, rare = (loss(outputs, torch.tensor([label] * 2)) for label in (0, 1))
    assert rare == pytest.approx(3 * common)


def test_balanced_cross_entropy_matches_torch_when_weighted():
    outputs, targets = torch.randn(6, 3), torch.tensor(Y3)
    wanted = functional.cross_entropy(outputs, targets, weight=class_weights(Y3, 3))
    assert build_loss("cross_entropy_balanced", Y3, 3)(outputs, targets) == pytest.approx(wanted)


@pytest.mark.parametrize(
    ("name", "n_classes", "n_outputs"),
    [
        ("bce_with_logits", 2, 1), ("cross_entropy", 2, 2), ("cross_entropy", 5, 5), ("mse", 0, 1),
        ("mse_onehot", 4, 4), ("mse_on_probs", 2, 1), ("mse_on_probs", 3, 3),
    ],
)  # fmt: skip
def test_width_of_the_output_fits_when_the_loss_is_known(name, n_classes, n_outputs):
    assert n_outputs_of(name, n_classes) == n_outputs


def test_names_are_listed_when_a_loss_is_unknown():
    with pytest.raises(CaseError, match=r"no loss named 'hinge'.*cross_entropy"):
        build_loss("hinge", Y2, 2)
