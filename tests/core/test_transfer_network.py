"""Networks that start as another one."""

import numpy as np
import pytest
import torch
from torch import nn

from ml_training.core.errors import DataError
from ml_training.core.network import HouseNetwork
from ml_training.core.transfer_network import (
    StillNorm,
    TransferNetwork,
    count_layers,
    count_parameters,
)
from ml_training.core.transfer_optimizer import AnchoredAdamW, TwoPaces

N_SHARED, N_OWN = 5, 3


def make_house(widths=(8, 4)) -> HouseNetwork:
    torch.manual_seed(0)
    house = HouseNetwork(N_SHARED, 1, widths=widths)
    with torch.no_grad():  # statistics as training leaves them
        for _ in range(3):
            house(torch.randn(64, N_SHARED) * 2 + 1)
    return house.eval()


@pytest.fixture
def rows():
    return torch.randn(20, N_SHARED + N_OWN, generator=torch.Generator().manual_seed(1))


def test_network_answers_as_the_base_when_nothing_was_trained(rows):
    house, network = make_house(), TransferNetwork(make_house(), N_OWN).eval()
    assert torch.equal(network(rows), house(rows[:, :N_SHARED]))


def test_network_answers_as_the_base_when_it_has_no_columns_of_its_own(rows):
    network = TransferNetwork(make_house(), 0)
    shared = rows[:, :N_SHARED]
    assert torch.equal(network.eval()(shared), make_house()(shared))
    assert torch.equal(network.folded()(shared), make_house()(shared))


def test_temperature_of_the_base_is_taken_into_the_outputs(rows):
    network = TransferNetwork(make_house(), N_OWN, temperature=2.0).eval()
    expected = make_house()(rows[:, :N_SHARED]) / 2.0
    torch.testing.assert_close(network(rows), expected)


def test_base_stays_as_it_was_when_the_new_network_learns(rows):
    house = make_house()
    before = {name: one.clone() for name, one in house.state_dict().items()}
    network = TransferNetwork(house, N_OWN)
    optimizer = torch.optim.SGD(network.parameters(), lr=1.0)
    network.train()(rows).sum().backward()
    optimizer.step()
    assert all(torch.equal(before[name], one) for name, one in house.state_dict().items())


def test_own_columns_count_when_their_weights_have_moved(rows):
    network = TransferNetwork(make_house(), N_OWN).eval()
    other = torch.cat([rows[:, :N_SHARED], rows[:, N_SHARED:] + 1], dim=1)
    assert torch.equal(network(rows), network(other))
    nn.init.ones_(network.own.weight)
    assert not torch.equal(network(rows), network(other))


def test_folded_network_answers_the_same_when_own_columns_have_weights(rows):
    network = TransferNetwork(make_house(), N_OWN).eval()
    for layer in (network.own, network.line):
        nn.init.normal_(layer.weight, generator=torch.Generator().manual_seed(2))
    folded = network.folded()
    torch.testing.assert_close(folded(rows), network(rows))
    chain, line = folded.layers[0].branches
    assert {type(one) for one in chain} == {type(one) for one in make_house().layers}
    assert type(line) is nn.Linear
    again = HouseNetwork.from_description(folded.description())
    again.load_state_dict(folded.state_dict())
    assert torch.equal(again.eval()(rows), folded(rows))


def test_statistics_stand_still_when_the_network_is_in_training_mode(rows):
    network = TransferNetwork(make_house(), N_OWN).train()
    before = [one.clone() for one in network.buffers()]
    network(rows * 100)
    assert all(torch.equal(a, b) for a, b in zip(before, network.buffers(), strict=True))
    norms = [one for one in network.modules() if isinstance(one, nn.BatchNorm1d)]
    assert len(norms) == 2
    assert not any(one.training for one in norms)
    assert all(isinstance(one, StillNorm) for one in norms)


@pytest.mark.parametrize(("n_blocks", "n_frozen"), [(0, 0), (1, 2), (2, 4), (9, 4)])
def test_output_layer_and_own_columns_learn_however_much_is_frozen(n_blocks, n_frozen):
    network = TransferNetwork(make_house(), N_OWN)
    network.freeze(n_blocks)
    layers = count_layers(network)
    assert layers.as_dict() == {
        "transferred": 5,
        "frozen": n_frozen,
        "trainable": 7 - n_frozen,
        "total": 7,
    }
    assert network.head.weight.requires_grad
    assert network.own.weight.requires_grad


def test_parameters_are_counted_from_the_tensors_when_some_are_frozen():
    network = TransferNetwork(make_house(), N_OWN)
    network.freeze(1)
    found = count_parameters(network)
    first = N_SHARED * 8 + 8 + 2 * 8
    second = 8 * 4 + 4 + 2 * 4
    assert found.frozen == first
    assert found.transferred == first + second + 4 + 1
    assert found.trainable == second + 4 + 1 + N_OWN * 8 + N_SHARED + N_OWN
    assert found.total == found.frozen + found.trainable


def test_thawed_network_learns_again_when_it_was_frozen_before():
    network = TransferNetwork(make_house(), N_OWN)
    network.freeze(2)
    network.freeze(0)
    assert all(one.requires_grad for one in network.parameters())


def test_network_without_hidden_layers_is_refused():
    with pytest.raises(DataError, match="from one dense layer to another"):
        TransferNetwork(make_house(widths=()), N_OWN)


def test_network_that_ends_otherwise_is_refused():
    house = make_house()
    house.layers.append(nn.Sigmoid())
    with pytest.raises(DataError, match="from one dense layer to another"):
        TransferNetwork(house, N_OWN)


def test_slow_weights_move_a_tenth_when_gradients_are_alike():
    slow, fast = nn.Parameter(torch.zeros(4)), nn.Parameter(torch.zeros(4))
    anchors = {id(one): one.detach().clone() for one in (slow, fast)}
    pace = TwoPaces(
        rate=1e-3, slow_rate=1e-4, carried=frozenset({id(slow)}), anchors=anchors, pull=0.0
    )
    optimizer = pace([slow, fast])
    slow.grad = fast.grad = torch.ones(4)
    optimizer.step()
    torch.testing.assert_close(slow.detach() * 10, fast.detach())
    np.testing.assert_allclose(fast.detach().numpy(), -1e-3, rtol=1e-4)


def test_weights_are_pulled_to_where_they_began_and_not_to_zero():
    weight = nn.Parameter(torch.full((3,), 5.0))
    anchors = {id(weight): torch.full((3,), 4.0)}
    optimizer = AnchoredAdamW([{"params": [weight], "lr": 0.1, "weight_decay": 1.0}], anchors)
    weight.grad = torch.zeros(3)
    for _ in range(200):
        optimizer.step()
    torch.testing.assert_close(weight.detach(), anchors[id(weight)])
    assert optimizer.param_groups[0]["weight_decay"] == 1.0
