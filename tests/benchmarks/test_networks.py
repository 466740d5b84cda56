"""Networks are built and drawn as described."""

import pytest
import torch
from torch import nn

from benchmarks.faults.errors import CaseError
from benchmarks.faults.networks import ACTIVATIONS, FILLS, build_network


def build(seed: int = 0, **model: object) -> nn.Sequential:
    description = {"hidden": [6, 5], "activation": "relu", "init": "default", **model}
    return build_network(description, n_features=4, n_outputs=3, seed=seed)


def linears(network: nn.Sequential) -> list[nn.Linear]:
    return [layer for layer in network if isinstance(layer, nn.Linear)]


def test_layers_stand_in_order_when_built():
    kinds = [type(layer).__name__ for layer in build()]
    assert kinds == ["Linear", "ReLU", "Linear", "ReLU", "Linear"]


def test_weights_are_the_same_when_the_seed_is_the_same():
    first, second, other = build(seed=1), build(seed=1), build(seed=2)
    assert torch.equal(first[0].weight, second[0].weight)
    assert not torch.equal(first[0].weight, other[0].weight)


def test_global_generator_is_left_alone_when_a_network_is_built():
    before = torch.get_rng_state()
    build(seed=5)
    assert torch.equal(before, torch.get_rng_state())


def test_default_start_matches_plain_torch_when_seeded_alike():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        plain = nn.Linear(4, 6)
    assert torch.equal(build(seed=3)[0].weight, plain.weight)


@pytest.mark.parametrize("init", sorted(FILLS))
def test_biases_are_zero_when_a_start_is_named(init):
    for layer in linears(build(init=init)):
        assert layer.bias.abs().sum() == 0


@pytest.mark.parametrize(
    ("init", "spread"), [("normal_2.0", 2.0), ("uniform_3", 3 / 3**0.5), ("constant_0.5", 0.0)]
)
def test_spread_is_the_one_in_the_name_when_drawn(init, spread):
    network = build(init=init, hidden=[200, 200])
    assert linears(network)[1].weight.std().item() == pytest.approx(spread, rel=0.05, abs=1e-6)


def test_biases_are_drawn_when_they_have_their_own_start():
    assert (build(init="zeros", bias_init="constant_-2")[0].bias == -2).all()


@pytest.mark.parametrize("name", sorted(ACTIVATIONS))
def test_outputs_have_the_right_shape_when_activated(name):
    network = build(activation=name, output_activation="none")
    assert network(torch.zeros(2, 4)).shape == (2, 3)


def test_answer_is_always_one_when_a_softmax_has_one_unit():
    network = build_network(
        {"hidden": [], "activation": "relu", "output_activation": "softmax1"},
        n_features=2, n_outputs=1, seed=0,
    )  # fmt: skip
    assert (network(torch.randn(5, 2)) == 1).all()


@pytest.mark.parametrize(
    ("model", "kind"),
    [
        ({"batch_norm": True}, nn.BatchNorm1d),
        ({"normalisation": "layer"}, nn.LayerNorm),
        ({"dropout": 0.4}, nn.Dropout),
    ],
)
def test_extra_layers_are_there_when_described(model, kind):
    assert sum(isinstance(layer, kind) for layer in build(**model)) == 2


def test_each_layer_has_its_own_activation_when_listed():
    kinds = [type(layer).__name__ for layer in build(activation=["tanh", "selu"])]
    assert kinds[1::2] == ["Tanh", "SELU"]


@pytest.mark.parametrize(
    ("model", "words"),
    [
        ({"init": "magic"}, "no initialisation 'magic'"),
        ({"init": "magic_3"}, "no initialisation 'magic_3'"),
        ({"activation": "step"}, "no activation 'step'"),
        ({"convolutions": 3}, r"unknown fields \['convolutions'\]"),
    ],
)
def test_unknown_words_are_refused_when_building(model, words):
    with pytest.raises(CaseError, match=words):
        build(**model)
