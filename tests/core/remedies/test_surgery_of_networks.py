"""What the remedies that operate on networks do, and what they refuse."""

import numpy as np
import pytest
import torch
from torch import nn

from ml_training.core.network import HouseNetwork
from ml_training.core.remedies.fallback_network import RATE, FallbackNetwork
from ml_training.core.remedies.insert_nonlinearity import InsertNonlinearity
from ml_training.core.remedies.insert_normalisation import InsertNormalisation
from ml_training.core.remedies.lower_dropout import LowerDropout
from ml_training.core.remedies.match_output import MatchOutput
from ml_training.core.remedies.redraw_weights import RedrawWeights, count_directions
from ml_training.core.remedies.swap_activation import SwapActivation
from tests.core.builders import (
    are_equal,
    make_classes,
    make_finding,
    make_network,
    make_rows,
    make_run,
    make_values,
    take_steps,
    weights_of,
)
from tests.core.problems.networks import make_stack

OPERATIONS = (
    RedrawWeights(),
    SwapActivation("SELU"),
    SwapActivation("LeakyReLU"),
    SwapActivation("Tanh"),
    InsertNormalisation(),
    FallbackNetwork(),
)


def make_patient(model=None, **settings):
    X, y = make_rows()
    return make_run(model or make_stack(n_features=6), X, y, **settings)


def treat(remedy, run):
    assert remedy.objection(run.state) == ""
    return remedy.apply(run.state, make_finding())


def make_stack_for(remedy, **sizes):
    """Return a stack with activations that this remedy is a cure for."""
    is_for_sigmoids = remedy == SwapActivation("Tanh")
    network = make_stack(nn.Sigmoid if is_for_sigmoids else nn.ReLU, n_features=6, **sizes)
    return silence(network) if remedy == SwapActivation("LeakyReLU") else network


def silence(network):
    """Return a network with two units of the first layer below zero for all rows."""
    with torch.no_grad():
        network[0].bias[:2] = -50.0
    return network


class Functional(nn.Module):
    """Call its activation as a function."""

    def __init__(self):
        super().__init__()
        self.first, self.last = nn.Linear(6, 8), nn.Linear(8, 1)

    def forward(self, rows):
        return self.last(torch.relu(self.first(rows)))


@pytest.mark.parametrize("remedy", OPERATIONS, ids=lambda remedy: repr(remedy)[:40])
def test_training_goes_on_after_an_operation(remedy):
    run = make_patient(make_stack_for(remedy), optimizer="sgd", learning_rate=0.05)
    treat(remedy, run)
    losses = take_steps(run, 40)
    assert np.mean(losses[-8:]) < np.mean(losses[:8])
    assert run.state.flat.still_holds(run.state.model)


@pytest.mark.parametrize("remedy", OPERATIONS, ids=lambda remedy: repr(remedy)[:40])
def test_an_operation_after_some_steps_is_undone_to_the_bit(remedy):
    run = make_patient(make_stack_for(remedy), optimizer="adamw")
    take_steps(run, 5)
    moment, model = run.state.snapshot(), run.state.model
    weights, names = weights_of(model), [type(m).__name__ for m in model.modules()]
    losses = take_steps(run, 5)
    run.state.restore(moment)
    treat(remedy, run)
    take_steps(run, 5)
    run.state.restore(moment)
    assert run.state.model is model
    assert [type(m).__name__ for m in model.modules()] == names
    assert are_equal(weights, weights_of(model))
    assert take_steps(run, 5) == losses


@pytest.mark.parametrize("remedy", OPERATIONS, ids=lambda remedy: repr(remedy)[:40])
def test_the_same_seed_draws_the_same_weights(remedy):
    runs = [make_patient(make_stack_for(remedy, seed=3)) for _ in range(2)]
    drawn = []
    for run in runs:
        torch.manual_seed(0)
        treat(remedy, run)
        drawn.append(weights_of(run.state.model))
    assert are_equal(*drawn)


def test_an_activation_called_as_a_function_cannot_be_swapped():
    run = make_patient(Functional())
    assert "functions" in SwapActivation("SELU").objection(run.state)
    assert InsertNormalisation().objection(run.state) == ""
    assert FallbackNetwork().objection(run.state) == ""


def test_operations_refuse_what_is_done_already():
    normalised = make_patient(make_network())
    assert "normalised already" in InsertNormalisation().objection(normalised.state)
    assert "activations" in InsertNonlinearity().objection(normalised.state)
    assert "no dropout" in LowerDropout().objection(normalised.state)
    assert "fits" in MatchOutput().objection(normalised.state)
    run = make_patient()
    treat(SwapActivation("SELU"), run)
    assert "already" in SwapActivation("SELU").objection(run.state)
    assert "silent below zero" in SwapActivation("LeakyReLU").objection(run.state)
    assert "as flat as" in SwapActivation("Tanh").objection(run.state)
    treat(FallbackNetwork(), run)
    assert "already" in FallbackNetwork().objection(run.state)


def test_a_funnel_of_narrow_layers_is_not_drawn_afresh():
    run = make_patient(make_stack(n_features=6, width=4, depth=14))
    moment = run.state.snapshot()
    model, before = run.state.model, weights_of(run.state.model)
    losses = take_steps(run, 5)
    run.state.restore(moment)
    assert "directions only" in RedrawWeights().objection(run.state)
    assert run.state.model is model
    assert are_equal(before, weights_of(model))
    assert take_steps(run, 5) == losses


@pytest.mark.parametrize(("width", "depth", "n_features"), [(24, 6, 6), (4, 1, 6), (8, 2, 1)])
def test_sound_shapes_are_drawn_afresh(width, depth, n_features):
    X, y = make_rows(n_features=max(n_features, 2))
    network = make_stack(width=width, depth=depth, n_features=n_features)
    run = make_run(network, X[:, :n_features], y)
    assert RedrawWeights().objection(run.state) == ""


def test_directions_are_counted_as_by_hand():
    rows = torch.tensor([[1.0, 0.0, 0.0], [-1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, -1.0, 0.0]])
    assert count_directions(rows) == pytest.approx(2.0)
    assert count_directions(rows[:, :1]) == pytest.approx(1.0)
    assert count_directions(torch.ones(5, 3)) == 0.0


def test_only_units_that_are_silent_from_the_start_need_a_leak():
    silent = make_patient(silence(make_stack(n_features=6)))
    assert not SwapActivation("LeakyReLU").objection(silent.state)
    normalised = make_patient(make_network()).state
    assert "hardly a unit" in SwapActivation("LeakyReLU").objection(normalised)
    assert not SwapActivation("SELU").objection(normalised)


def test_a_single_layer_has_no_place_between_layers():
    run = make_patient(nn.Sequential(nn.Linear(6, 1)))
    assert "no place" in InsertNonlinearity().objection(run.state)
    assert "no hidden layer" in InsertNormalisation().objection(run.state)
    assert RedrawWeights().objection(run.state) == ""


def test_dropout_below_the_limit_stays():
    layers = [nn.Linear(6, 8), nn.Dropout(0.1), nn.Linear(8, 8), nn.Dropout(0.9), nn.Linear(8, 1)]
    run = make_patient(nn.Sequential(*layers))
    change = treat(LowerDropout(0.2), run)
    assert (change.before, change.after) == ([0.1, 0.9], [0.1, 0.2])


def bce(outputs, targets):
    shares = outputs.clamp(1e-7, 1 - 1e-7)
    return -(targets * shares.log() + (1 - targets) * (1 - shares).log()).mean()


@pytest.mark.parametrize(
    ("ending", "loss", "wanted"),
    [
        (nn.ReLU(), "auto", "nothing"),
        (nn.Softmax(dim=-1), bce, "Sigmoid"),
        (nn.Identity(), bce, "Sigmoid"),
        (nn.Sigmoid(), nn.BCEWithLogitsLoss(), "nothing"),
    ],
)
def test_the_ending_follows_the_loss(ending, loss, wanted):
    run = make_patient(nn.Sequential(*make_stack(n_features=6), ending), loss=loss)
    assert treat(MatchOutput(), run).after == wanted
    assert np.isfinite(take_steps(run, 10)).all()


def test_the_ending_of_many_classes_follows_the_loss():
    X, y = make_classes()
    model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3))
    run = make_run(model, X, y, loss=nn.NLLLoss())
    assert treat(MatchOutput(), run).after == "LogSoftmax"


def test_far_targets_are_learned_around_zero_and_one():
    X, y = make_values()
    run = make_run(nn.Sequential(*make_stack(), nn.Sigmoid()), X, 1e4 + 500.0 * y)
    treat(MatchOutput(), run)
    assert abs(float(run.state.data.train.y.mean())) < 0.2
    assert take_steps(run, 1)[0] < 10.0


@pytest.mark.parametrize("make", [make_rows, make_classes, make_values])
def test_the_fallback_suits_every_task(make):
    X, y = make()
    n_outputs = 3 if make is make_classes else 1
    model = nn.Sequential(nn.Linear(X.shape[1], 4), nn.Linear(4, n_outputs))
    run = make_run(model, 1000.0 * X, y, optimizer="sgd", learning_rate=1e-9)
    treat(FallbackNetwork(), run)
    assert isinstance(run.state.model, HouseNetwork)
    assert run.state.learning_rate == RATE
    assert "scale" in {treatment.key for treatment in run.state.data.treatments}
    losses = take_steps(run, 60)
    assert np.mean(losses[-10:]) < np.mean(losses[:10])


def test_the_fallback_ends_as_the_loss_asks_for():
    run = make_patient(loss=bce)
    treat(FallbackNetwork(), run)
    assert isinstance(run.state.model.layers[-1], nn.Sigmoid)
