"""What is measured on a network before its first step."""

import math

import numpy as np
import pytest
import torch
from torch import nn

from ml_training.core.facts import NetworkFacts
from ml_training.core.start import measure_network, saturated_share, silent_share
from tests.core.builders import are_equal, make_network, make_run, make_values, weights_of
from tests.core.problems.networks import draw, make_ring, make_stack


def facts_of(model, X=None, y=None, **settings):
    if X is None:
        X, y = make_ring()
    return measure_network(make_run(model, X, y, **settings).state)


def test_measuring_leaves_no_trace():
    model = make_network()
    run = make_run(model)
    weights, generators = weights_of(model), torch.get_rng_state()
    measure_network(run.state)
    assert are_equal(weights, weights_of(model))
    assert torch.equal(generators, torch.get_rng_state())
    assert not run.state.flat.gradients.any()
    assert model.training == make_run(make_network()).state.model.training


def test_layers_come_with_what_follows_them():
    first, second = facts_of(make_stack(nn.Tanh, depth=1)).layers
    assert (first.activation, second.activation) == ("squashing", "")
    assert (first.n_inputs, first.n_units) == (4, 8)
    assert first.gradient > 0


def test_dropout_and_normalisation_are_seen():
    layers = [nn.Linear(4, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.25), nn.Linear(8, 1)]
    first = facts_of(nn.Sequential(*layers)).layers[0]
    assert first.is_normalised
    assert first.dropout == pytest.approx(0.25)


def test_equal_units_are_seen_only_when_they_stay_equal():
    zeros = draw(make_stack(depth=2), nn.init.zeros_)
    assert [layer.alike for layer in facts_of(zeros).layers[:2]] == [1.0, 1.0]
    lora_like = make_stack(depth=2)
    nn.init.zeros_(lora_like[0].weight)
    assert facts_of(lora_like).layers[0].alike == 0.0


@pytest.mark.parametrize(
    ("ending", "low", "high"),
    [
        (nn.Identity(), -math.inf, math.inf),
        (nn.ReLU(), 0.0, math.inf),
        (nn.Softplus(), 0.0, math.inf),
        (nn.Sigmoid(), 0.0, 1.0),
        (nn.Tanh(), -1.0, 1.0),
        (nn.LogSigmoid(), -math.inf, 0.0),
        (nn.Softmax(dim=-1), 1.0, 1.0),
    ],
)
def test_the_reach_of_outputs_is_measured(ending, low, high):
    facts = facts_of(nn.Sequential(*make_stack(), ending))
    assert (facts.output_low, facts.output_high) == (
        pytest.approx(low, abs=1e-3), pytest.approx(high, abs=1e-3)
    )  # fmt: skip


def test_the_reach_is_measured_where_the_ending_is_a_function():
    class Ends(nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = make_stack()

        def forward(self, rows):
            return 3.0 * torch.tanh(self.layers(rows))

    assert facts_of(Ends()).output_high == pytest.approx(3.0)


def test_targets_out_of_reach_are_counted():
    X, y = make_values()
    bounded = facts_of(nn.Sequential(*make_stack(), nn.ReLU()), X, y)
    assert 0.3 < bounded.out_of_reach < 0.7
    assert facts_of(make_stack(), X, y).out_of_reach == 0.0


def test_straight_networks_are_told_from_bent_ones():
    straight = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.Linear(8, 1), nn.Sigmoid())
    assert facts_of(straight).curvature < 1e-3
    assert facts_of(straight).curved_gain > 4
    assert facts_of(make_stack()).curvature > 0.01


def test_a_network_that_cannot_be_looked_into_gives_harmless_facts():
    class Refuser(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(4, 1)

        def forward(self, rows):
            if len(rows) > 100:
                raise RuntimeError("too many rows")
            return self.layer(rows)

    assert facts_of(Refuser()) == NetworkFacts()


def test_shares_of_silent_and_saturated_units():
    values = torch.tensor([[0.0, 1.0], [0.0, 0.0]])
    assert silent_share(values) == 0.5
    assert saturated_share(nn.Sigmoid(), torch.tensor([[0.001, 0.5, 0.999, 0.9]])) == 0.5
    assert saturated_share(nn.Tanh(), torch.tensor([[-0.99, 0.5, 0.99, 0.0]])) == 0.5


def test_facts_of_a_bounded_number_of_rows_cost_a_bounded_time():
    X = np.random.default_rng(0).normal(size=(5_000, 4))
    facts = facts_of(make_stack(), X, X[:, 0] > 0)
    assert facts.layers
