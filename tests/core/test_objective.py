import pytest
import torch
from torch import nn
from torch.nn import functional

from ml_training.core.errors import DataError
from ml_training.core.objective import Objective, class_probabilities, flatten_outputs


def make_objective(task="binary", loss="auto", n_classes=2, *, n_outputs=1):
    objective = Objective(task, loss, n_classes)
    objective.bind(torch.zeros(4, n_outputs))
    return objective


def make_batch(n_outputs=1, n=6):
    generator = torch.Generator().manual_seed(0)
    outputs = torch.randn(n, n_outputs, generator=generator)
    return outputs, torch.arange(n) % max(n_outputs, 2)


def test_one_output_is_flattened_before_the_loss_sees_it():
    seen = []

    def loss(outputs, targets):
        seen.append((outputs.shape, targets.shape))
        return outputs.mean()

    objective = make_objective(loss=loss)
    outputs, y = make_batch()
    objective(outputs, objective.targets(y))
    assert seen[-1] == ((6,), (6,))


@pytest.mark.parametrize(
    ("task", "n_classes", "n_outputs", "expected"),
    [
        ("binary", 2, 1, functional.binary_cross_entropy_with_logits),
        ("binary", 2, 2, functional.cross_entropy),
        ("multiclass", 3, 3, functional.cross_entropy),
        ("regression", 0, 1, functional.mse_loss),
    ],
)
def test_the_loss_suits_task_and_outputs_when_automatic(task, n_classes, n_outputs, expected):
    objective = make_objective(task, "auto", n_classes, n_outputs=n_outputs)
    outputs, y = make_batch(n_outputs)
    targets = objective.targets(y)
    value = expected(flatten_outputs(outputs), targets)
    assert torch.equal(objective(outputs, targets), value)


@pytest.mark.parametrize(
    ("task", "n_classes", "shape"),
    [
        ("regression", 0, (4, 2)),
        ("multiclass", 3, (4, 2)),
        ("multiclass", 3, (4,)),
        ("binary", 2, (4, 1, 1)),
    ],
)
def test_outputs_of_an_unfit_shape_are_refused(task, n_classes, shape):
    with pytest.raises(DataError, match="last layer"):
        Objective(task, "auto", n_classes).bind(torch.zeros(*shape))


def test_equal_weights_change_nothing():
    objective = make_objective()
    outputs, y = make_batch()
    targets = objective.targets(y)
    assert torch.allclose(objective(outputs, targets), objective(outputs, targets, torch.ones(6)))


@pytest.mark.parametrize("loss", ["auto", nn.BCEWithLogitsLoss(), nn.HuberLoss()])
def test_a_row_of_no_weight_does_not_count(loss):
    objective = make_objective(loss=loss)
    outputs, y = make_batch()
    targets = objective.targets(y)
    weight = torch.tensor([1.0, 1.0, 1.0, 0.0, 0.0, 0.0])
    expected = objective(outputs[:3], targets[:3])
    assert torch.allclose(objective(outputs, targets, weight), expected)


def test_a_summed_loss_stays_a_sum_when_weighted():
    objective = make_objective(loss=nn.BCEWithLogitsLoss(reduction="sum"))
    outputs, y = make_batch()
    targets = objective.targets(y)
    doubled = objective(outputs, targets, torch.full((6,), 2.0))
    assert torch.allclose(doubled, 2 * objective(outputs, targets))


def test_a_callable_may_take_the_weights():
    def loss(outputs, targets, weight=None):
        return (outputs * (1.0 if weight is None else weight)).sum()

    objective = make_objective(loss=loss)
    outputs, y = make_batch()
    assert objective.can_weight
    halved = objective(outputs, objective.targets(y), torch.full((6,), 0.5))
    assert torch.allclose(halved, outputs.sum() / 2)


def test_a_callable_of_two_cannot_be_weighted():
    assert not make_objective(loss=lambda outputs, targets: outputs.mean()).can_weight


def test_rows_average_to_the_loss():
    objective = make_objective("multiclass", nn.CrossEntropyLoss(), 3, n_outputs=3)
    outputs, y = make_batch(3)
    targets = objective.targets(y)
    assert torch.allclose(objective.per_row(outputs, targets).mean(), objective(outputs, targets))


REDUCED = {
    "plain": nn.CrossEntropyLoss(),
    "weighted": nn.CrossEntropyLoss(weight=torch.tensor([0.2, 1.0, 9.0])),
    "weighted and smoothed": nn.CrossEntropyLoss(
        weight=torch.tensor([0.2, 1.0, 9.0]), label_smoothing=0.2
    ),
    "one class ignored": nn.CrossEntropyLoss(ignore_index=1),
    "weighted, one ignored": nn.NLLLoss(weight=torch.tensor([0.2, 1.0, 9.0]), ignore_index=0),
    "margin, weighted": nn.MultiMarginLoss(weight=torch.tensor([0.2, 1.0, 9.0])),
    "logits, weighted": nn.BCEWithLogitsLoss(pos_weight=torch.tensor([0.2, 1.0, 9.0])),
    "squares": nn.MSELoss(),
    "distance in one number": nn.KLDivLoss(reduction="batchmean"),
}
each_reduced = pytest.mark.parametrize("loss", REDUCED.values(), ids=REDUCED.keys())


@each_reduced
def test_rows_average_to_what_torch_returns_when_the_loss_weighs_classes(loss):
    objective = make_objective("multiclass", loss, 3, n_outputs=3)
    outputs, y = make_batch(3, n=7)
    targets = objective.targets(y)
    rows = objective.per_row(outputs, targets)
    assert torch.allclose(rows.mean(), loss(outputs, targets))


@each_reduced
def test_a_row_of_weight_two_counts_like_two_rows(loss):
    objective = make_objective("multiclass", loss, 3, n_outputs=3)
    outputs, y = make_batch(3, n=7)
    targets = objective.targets(y)
    times = torch.tensor([1, 2, 1, 3, 1, 1, 2])
    repeated = loss(outputs.repeat_interleave(times, 0), targets.repeat_interleave(times, 0))
    assert torch.allclose(objective(outputs, targets, times.float()), repeated)


def test_weights_divide_as_torch_divides_when_measured_on_one_batch():
    weight = torch.tensor([0.1, 5.0])
    objective = make_objective("binary", nn.CrossEntropyLoss(weight=weight), 2, n_outputs=2)
    outputs, targets = torch.tensor([[2.0, 0.0], [0.0, 1.0]]), torch.tensor([0, 1])
    by_hand = functional.cross_entropy(outputs, targets, reduction="none") * weight
    assert torch.allclose(objective(outputs, targets, torch.ones(2)), by_hand.sum() / 5.1)


@pytest.mark.parametrize("loss", [nn.MSELoss(reduction="sum"), nn.BCELoss(reduction="sum")])
def test_rows_add_up_to_the_loss_when_it_sums(loss):
    objective = make_objective("multiclass", loss, 3, n_outputs=3)
    outputs, y = make_batch(3)
    outputs, targets = outputs.sigmoid(), objective.targets(y)
    assert torch.allclose(objective.per_row(outputs, targets).sum(), loss(outputs, targets))
    assert torch.allclose(objective(outputs, targets, torch.ones(6)), loss(outputs, targets))


@pytest.mark.parametrize("loss", ["auto", nn.BCEWithLogitsLoss()])
def test_smoothed_labels_fit_the_outputs_when_there_are_more_than_classes(loss):
    objective = make_objective("multiclass", loss, 3, n_outputs=5).changed(smoothing=0.3)
    outputs, y = make_batch(5)
    smoothed = objective.smoothed(objective.targets(y % 3))
    assert torch.allclose(smoothed.sum(dim=1), torch.ones(6))
    assert smoothed[0].tolist() == pytest.approx([0.8, 0.1, 0.1, 0.0, 0.0])
    assert torch.isfinite(objective(outputs, smoothed))


def test_smoothed_labels_of_one_output_lie_between_the_classes():
    objective = make_objective().changed(smoothing=0.2)
    assert objective.smoothed(torch.tensor([0.0, 1.0])).tolist() == pytest.approx([0.1, 0.9])


def test_labels_are_not_smoothed_when_the_loss_leaves_a_class_out():
    loss = nn.CrossEntropyLoss(ignore_index=1)
    assert not make_objective("multiclass", loss, 3, n_outputs=3).can_smooth
    assert make_objective("multiclass", nn.CrossEntropyLoss(), 3, n_outputs=3).can_smooth


def test_rows_are_not_known_when_the_loss_is_a_plain_function():
    objective = make_objective(loss=lambda outputs, targets: outputs.mean())
    outputs, y = make_batch()
    assert objective.per_row(outputs, objective.targets(y)) is None


def test_the_callers_loss_is_left_alone():
    loss = nn.BCEWithLogitsLoss()
    make_objective(loss=loss)
    assert loss.reduction == "mean"


def test_targets_are_one_hot_when_the_loss_compares_values():
    objective = make_objective("multiclass", nn.MSELoss(), 3, n_outputs=3)
    assert objective.targets(torch.tensor([2, 0])).tolist() == [[0, 0, 1], [1, 0, 0]]


def test_targets_of_a_regression_are_scaled_when_asked():
    objective = Objective("regression", "auto", 0, target_scale=(10.0, 2.0))
    assert objective.targets(torch.tensor([10.0, 14.0])).tolist() == [0.0, 2.0]


@pytest.mark.parametrize(
    ("outputs", "kind", "expected"),
    [
        (torch.zeros(1), "logit", [[0.5, 0.5]]),
        (torch.tensor([0.2]), "probability", [[0.8, 0.2]]),
        (torch.tensor([0.2]), "unknown", [[0.8, 0.2]]),
        (torch.tensor([1.7]), "probability", [[0.0, 1.0]]),
        (torch.tensor([[1.0, 3.0]]), "probability", [[0.25, 0.75]]),
        (torch.tensor([[0.0, 0.0]]), "logit", [[0.5, 0.5]]),
        (torch.tensor([[0.25, 0.75]]).log(), "log_probability", [[0.25, 0.75]]),
    ],
)
def test_outputs_become_probabilities_as_their_kind_demands(outputs, kind, expected):
    found = class_probabilities(outputs, 2, kind)
    assert torch.allclose(found, torch.tensor(expected), atol=1e-6)


def test_surplus_outputs_are_left_out():
    assert class_probabilities(torch.zeros(2, 5), 3, "logit").shape == (2, 3)


@pytest.mark.parametrize(
    ("loss", "kind"),
    [
        (nn.BCELoss(), "probability"),
        (nn.BCEWithLogitsLoss(), "logit"),
        (nn.MSELoss(), "value"),
        (lambda outputs, targets: outputs.mean(), "unknown"),
    ],
)
def test_the_loss_tells_what_outputs_are(loss, kind):
    assert make_objective(loss=loss).output_kind == kind


def test_the_loss_of_guessing_is_known_for_common_losses():
    assert make_objective().is_log_loss
    assert make_objective(loss=nn.BCELoss()).is_log_loss
    assert not make_objective(loss=nn.BCELoss(reduction="sum")).is_log_loss
    assert make_objective(loss=nn.MSELoss()).is_squared_error
    assert not make_objective(loss=lambda outputs, targets: outputs.mean()).is_log_loss
