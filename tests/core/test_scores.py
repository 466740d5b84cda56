"""Losses and scores of a model that stands still, against scikit-learn and by hand."""

import numpy as np
import pytest
import torch
from sklearn import metrics
from torch import nn

from ml_training.core.batches import Rows
from ml_training.core.objective import Objective
from ml_training.core.scores import balanced_accuracy, evaluate, forward_rows, r_squared


class Echo(nn.Module):
    """Return the features as outputs."""

    def forward(self, rows):
        return rows


class Insistent(nn.Module):
    """Refuse every call but those with one number of rows."""

    def __init__(self, size):
        super().__init__()
        self.size = size

    def forward(self, rows):
        if len(rows) != self.size:
            raise ValueError("wrong size")
        return rows.sum(dim=1, keepdim=True)


def make_objective(task="binary", loss="auto", n_classes=2, n_outputs=1, **more):
    objective = Objective(task, loss, n_classes, **more)
    objective.bind(torch.zeros(4, n_outputs))
    return objective


def make_rows(n, n_outputs, n_classes, *, seed=0):
    generator = torch.Generator().manual_seed(seed)
    outputs = torch.randn(n, n_outputs, generator=generator)
    classes = torch.randint(n_classes, (n,), generator=generator)
    return outputs, classes


@pytest.mark.parametrize("n_classes", [2, 3, 7])
@pytest.mark.parametrize("seed", range(3))
def test_balanced_accuracy_agrees_with_scikit_learn(n_classes, seed):
    rng = np.random.default_rng(seed)
    truth = np.concatenate([np.arange(n_classes), rng.choice(n_classes, 60)])
    guesses = np.where(rng.random(len(truth)) < 0.5, truth, rng.choice(n_classes, len(truth)))
    wanted = metrics.balanced_accuracy_score(truth, guesses)
    assert balanced_accuracy(guesses, truth) == pytest.approx(wanted)


def test_an_absent_class_does_not_count_when_it_is_guessed():
    truth, guesses = np.array([0, 0, 2, 2]), np.array([0, 1, 2, 3])
    assert balanced_accuracy(guesses, truth) == pytest.approx(0.5)


def test_guessing_the_commonest_class_earns_nothing_when_classes_are_uneven():
    truth = np.array([0] * 95 + [1] * 5)
    assert balanced_accuracy(np.zeros(100, dtype=int), truth) == pytest.approx(0.5)


@pytest.mark.parametrize("seed", range(3))
def test_r_squared_agrees_with_scikit_learn(seed):
    rng = np.random.default_rng(seed)
    truth = 100.0 + rng.normal(size=50)
    guesses = truth + rng.normal(size=50)
    assert r_squared(guesses, truth) == pytest.approx(metrics.r2_score(truth, guesses))


@pytest.mark.parametrize(("guess", "wanted"), [(3.0, 1.0), (4.0, 0.0)])
def test_r_squared_is_finite_when_the_truth_is_constant(guess, wanted):
    assert r_squared(np.full(5, guess), np.full(5, 3.0)) == wanted


def test_the_mean_scores_nothing_when_it_is_predicted():
    truth = np.array([1.0, 2.0, 6.0])
    assert r_squared(np.full(3, 3.0), truth) == pytest.approx(0.0)


def test_loss_and_score_of_two_classes_agree_with_scikit_learn():
    objective = make_objective()
    X, y = make_rows(70, 1, 2)
    found = evaluate(Echo(), objective, Rows(X, objective.targets(y), None), chunk=32)
    share = torch.sigmoid(X[:, 0]).double().numpy()
    assert found.loss == pytest.approx(metrics.log_loss(y.numpy(), share), rel=1e-5)
    wanted = metrics.balanced_accuracy_score(y.numpy(), share > 0.5)
    assert found.score == pytest.approx(wanted)
    assert found.parts.shape == (70,)


def test_loss_and_score_of_many_classes_agree_with_scikit_learn():
    objective = make_objective("multiclass", n_classes=4, n_outputs=4)
    X, y = make_rows(90, 4, 4)
    found = evaluate(Echo(), objective, Rows(X, objective.targets(y), None), chunk=32)
    shares = X.double().softmax(dim=1).numpy()
    assert found.loss == pytest.approx(metrics.log_loss(y.numpy(), shares), rel=1e-5)
    wanted = metrics.balanced_accuracy_score(y.numpy(), shares.argmax(axis=1))
    assert found.score == pytest.approx(wanted)


def test_every_class_has_the_same_say_when_balanced():
    objective = make_objective("multiclass", n_classes=3, n_outputs=3)
    X, _ = make_rows(100, 3, 3)
    y = torch.tensor([0] * 80 + [1] * 15 + [2] * 5)
    rows = Rows(X, objective.targets(y), None)
    found = evaluate(Echo(), objective, rows, chunk=32, is_balanced=True)
    losses = nn.functional.cross_entropy(X, y, reduction="none")
    wanted = np.mean([float(losses[y == k].mean()) for k in range(3)])
    assert found.loss == pytest.approx(wanted, rel=1e-5)
    assert len(found.parts) == 5  # the rarest class fills no more blocks


def test_balancing_changes_nothing_when_values_are_learned():
    objective = make_objective("regression", n_classes=0)
    X, _ = make_rows(40, 1, 2)
    rows = Rows(X, X[:, 0] + 1.0, None)
    plain = evaluate(Echo(), objective, rows, chunk=32)
    balanced = evaluate(Echo(), objective, rows, chunk=32, is_balanced=True)
    assert plain.loss == balanced.loss == pytest.approx(1.0)


def test_blocks_stand_for_rows_when_the_loss_gives_a_scalar():
    objective = make_objective("regression", lambda o, t: ((o - t) ** 2).mean(), 0)
    X, y = make_rows(100, 1, 2)
    found = evaluate(Echo(), objective, Rows(X, y.float(), None), chunk=32)
    assert len(found.parts) == 10
    assert found.loss == pytest.approx(float(((X[:, 0] - y) ** 2).mean()), rel=1e-5)


def test_the_score_stays_and_the_loss_falls_when_sure_mistakes_are_cooled():
    objective = make_objective()
    X, y = make_rows(60, 1, 2)
    rows = Rows(10.0 * X, objective.targets(y), None)
    hot = evaluate(Echo(), objective, rows, chunk=32)
    cool = evaluate(Echo(), objective.changed(temperature=10.0), rows, chunk=32)
    assert cool.score == hot.score
    assert cool.loss < hot.loss
    assert cool.loss == pytest.approx(
        float(nn.functional.binary_cross_entropy_with_logits(X[:, 0], y.float())), rel=1e-5
    )


def test_the_loss_is_the_same_in_first_units_when_targets_were_rescaled():
    first = make_objective("regression", n_classes=0)
    rescaled = first.changed(target_scale=(50.0, 4.0))
    y = torch.tensor([40.0, 48.0, 60.0, 52.0])
    outputs = torch.tensor([[42.0], [50.0], [50.0], [50.0]])
    before = evaluate(Echo(), first, Rows(outputs, first.targets(y), None), chunk=4)
    rows = Rows((outputs - 50.0) / 4.0, rescaled.targets(y), None)
    after = evaluate(Echo(), rescaled, rows, chunk=4, in_first_units=True)
    assert after.loss == pytest.approx(before.loss)
    assert after.score == pytest.approx(before.score)
    own = evaluate(Echo(), rescaled, rows, chunk=4)
    assert own.loss == pytest.approx(before.loss / 16.0)


def test_the_loss_is_not_a_number_when_the_model_raises():
    objective = make_objective()
    rows = Rows(torch.ones(6, 2), torch.ones(6), None)
    found = evaluate(nn.Linear(3, 1), objective, rows, chunk=4)
    assert np.isnan([found.loss, found.score, *found.parts]).all()


@pytest.mark.parametrize("n_rows", [1, 7, 8, 17])
def test_all_rows_come_back_in_order_when_a_model_insists_on_a_size(n_rows):
    X = torch.arange(2.0 * n_rows).reshape(n_rows, 2)
    assert torch.equal(forward_rows(Insistent(8), X, chunk=8), X.sum(dim=1))


def test_rows_do_not_depend_on_each_other_when_a_model_normalises():
    torch.manual_seed(0)
    model = nn.Sequential(nn.BatchNorm1d(3), nn.Linear(3, 1), nn.Dropout(0.5)).train()
    X = torch.randn(20, 3)
    together = forward_rows(model, X, chunk=8)
    alone = torch.cat([forward_rows(model, row[None], chunk=8) for row in X])
    assert torch.allclose(together, alone, atol=1e-6)
    assert not together.requires_grad
