import json

import pytest
import torch
from torch import nn

from ml_training.core.errors import DataError
from ml_training.core.network import (
    KINDS,
    WIDTHS,
    HouseNetwork,
    Sum,
    build_layer,
    describe_layer,
)
from ml_training.core.structure import copy_model, put_back
from tests.core.builders import are_equal, make_network, weights_of


def test_the_house_network_has_the_agreed_shape():
    layers = HouseNetwork(45, 1).layers
    widths = [layer.out_features for layer in layers if isinstance(layer, nn.Linear)]
    assert widths == [*WIDTHS, 1] == [128, 64, 32, 1]
    kinds = [type(layer) for layer in layers[:4]]
    assert kinds == [nn.Linear, nn.BatchNorm1d, nn.ReLU, nn.Dropout]


@pytest.mark.parametrize("n_outputs", [1, 3])
def test_outputs_have_one_row_for_each_input(n_outputs):
    assert HouseNetwork(5, n_outputs)(torch.zeros(7, 5)).shape == (7, n_outputs)


def test_the_same_network_is_built_from_its_description():
    network = HouseNetwork(5, 2, widths=(8, 4), dropout=0.35)
    description = json.loads(json.dumps(network.description()))
    again = HouseNetwork.from_description(description)
    again.load_state_dict(network.state_dict())
    rows = torch.randn(9, 5)
    assert torch.equal(network.eval()(rows), again.eval()(rows))
    assert again.layers[3].p == 0.35


def test_surgery_is_part_of_the_description():
    network = HouseNetwork(5, 1, widths=(8,))
    network.layers[2] = nn.LeakyReLU(0.2)
    network.layers.insert(0, nn.LayerNorm(5))
    again = HouseNetwork.from_description(json.loads(json.dumps(network.description())))
    assert isinstance(again.layers[3], nn.LeakyReLU)
    assert again.layers[3].negative_slope == 0.2
    again.load_state_dict(network.state_dict())


@pytest.mark.parametrize("kind", KINDS)
def test_every_known_layer_survives_a_round_trip(kind):
    make, names = KINDS[kind]
    sizes = {"in_features": 4, "out_features": 3, "num_features": 4, "normalized_shape": 4}
    layer = make(**{name: sizes[name] for name in names if name in sizes})
    network = HouseNetwork(4, 1, widths=())
    network.layers = nn.Sequential(layer)
    description = json.loads(json.dumps(network.description()))
    again = HouseNetwork.from_description(description)
    assert repr(again.layers[0]) == repr(layer)


@pytest.mark.parametrize(
    "layer", [nn.Linear(4, 3, bias=False), nn.ELU(0.3), nn.GELU("tanh")], ids=repr
)
def test_the_options_of_a_callers_layer_survive_a_round_trip(layer):
    described = json.loads(json.dumps(describe_layer(layer)))
    assert repr(build_layer(described)) == repr(layer)


def test_an_unknown_layer_is_refused():
    with pytest.raises(DataError, match="'Conv9d'"):
        HouseNetwork.from_description([{"kind": "Conv9d"}])


def test_a_copy_brings_back_weights_and_batch_statistics():
    model = make_network().train()
    model(torch.randn(8, 6))
    kept, before = copy_model(model), weights_of(model)
    model(100 * torch.randn(8, 6))
    with torch.no_grad():
        model[0].weight.zero_()
    put_back(kept)
    assert are_equal(before, weights_of(model))


def test_a_copy_brings_back_the_tree():
    model = make_network()
    kept, layers = copy_model(model), list(model)
    model[2] = nn.Tanh()
    model.append(nn.ReLU())
    assert put_back(kept) is model
    assert list(model) == layers
    assert list(model._modules) == ["0", "1", "2", "3"]


def test_a_copy_brings_back_flags_and_attributes():
    model = nn.Sequential(make_network(), nn.Dropout(0.1))
    kept = copy_model(model)
    model[1].p = 0.7
    model[0][0].weight.requires_grad_(False)
    model.eval()
    put_back(kept)
    assert model[1].p == 0.1
    assert model[0][0].weight.requires_grad
    assert model.training


def test_a_copy_brings_back_a_removed_parameter():
    model = make_network()
    kept, bias = copy_model(model), model[0].bias
    model[0].bias = None
    put_back(kept)
    assert model[0].bias is bias


def make_sum() -> HouseNetwork:
    network = HouseNetwork(1, 1, widths=())
    chain = nn.Sequential(nn.Linear(6, 4), nn.BatchNorm1d(4), nn.ReLU(), nn.Linear(4, 1))
    network.layers = nn.Sequential(Sum(chain, nn.Linear(6, 1, bias=False)))
    return network.eval()


def test_branches_are_added_up():
    rows, network = torch.randn(8, 6), make_sum()
    chain, line = network.layers[0].branches
    torch.testing.assert_close(network(rows), chain(rows) + line(rows))


def test_network_of_branches_is_built_again_from_its_description():
    rows, network = torch.randn(8, 6), make_sum()
    described = json.loads(json.dumps(network.description()))
    again = HouseNetwork.from_description(described)
    again.load_state_dict(network.state_dict())
    assert torch.equal(again.eval()(rows), network(rows))
    assert again.description() == described


def test_a_branch_of_an_unknown_kind_is_refused():
    with pytest.raises(DataError, match="known kind, got 'Mystery'"):
        build_layer({"kind": "Sum", "layers": [{"kind": "Mystery"}]})
