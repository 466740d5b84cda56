"""Networks of other widths take over the layers that fit."""

from functools import cache

import numpy as np
import pytest
import torch
from torch import nn

from ml_training.core.errors import DataError
from ml_training.core.network import HouseNetwork
from ml_training.core.settings import TrainSettings
from ml_training.core.transfer import LEVELS, Rows, fit_base, fit_transferred
from ml_training.core.transfer_network import TransferNetwork, count_layers, count_parameters
from ml_training.core.transfer_partial import carry_into
from ml_training.core.transfer_start import start_from

HOUSE = [128, 64, 32]


@cache
def make_house() -> HouseNetwork:
    torch.manual_seed(0)
    house = HouseNetwork(5, 1)
    with torch.no_grad():
        house(torch.randn(64, 5))
    return house.eval()


def widths_of(network):
    return [one.out_features for one in network.layers if isinstance(one, nn.Linear)]


@pytest.mark.parametrize(
    ("widths", "n_carried"),
    [
        ([128, 64, 32], 4),
        ([128, 64, 16], 2),
        ([128, 64], 2),
        ([128, 64, 32, 8], 3),
        ([128, 32, 32], 1),
        ([128], 1),
    ],
)
def test_layers_are_taken_over_up_to_the_first_of_another_width(widths, n_carried):
    network, found = carry_into(make_house(), widths, seed=0)
    assert found == n_carried
    assert widths_of(network) == [*widths, 1]
    n_layers = 4 * min(n_carried, 3)
    for ours, theirs in zip(network.layers[:n_layers], make_house().layers, strict=False):
        for name, one in theirs.state_dict().items():
            assert torch.equal(ours.state_dict()[name], one)


def test_nothing_is_drawn_when_all_widths_are_the_same():
    assert carry_into(make_house(), HOUSE, seed=0)[0] is make_house()


@pytest.mark.parametrize("widths", [[64, 64, 32], [], [129]])
def test_widths_are_refused_when_not_even_the_first_layer_fits(widths):
    with pytest.raises(
        DataError, match=r"no layer of the base model fits: .*\[128, 64, 32\]"
    ) as caught:
        carry_into(make_house(), widths, seed=0)
    assert "128 units in the first layer" in caught.value.hint


def test_fresh_layers_are_those_of_the_seed():
    first, again, other = (
        carry_into(make_house(), [128, 16], seed=seed)[0].layers[-1].weight for seed in (1, 1, 2)
    )
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_generator_of_the_caller_stays_as_it_was_when_layers_are_drawn():
    torch.manual_seed(3)
    before = torch.get_rng_state()
    carry_into(make_house(), [128, 16], seed=1)
    assert torch.equal(before, torch.get_rng_state())


def test_fresh_layers_are_never_frozen_nor_counted_as_transferred():
    house, n_carried = carry_into(make_house(), [128, 64, 16], seed=0)
    network = TransferNetwork(house, 2, n_carried=n_carried)
    network.freeze(9)
    layers, parameters = count_layers(network), count_parameters(network)
    assert (layers.transferred, layers.frozen, layers.total) == (4, 4, 9)
    carried = 5 * 128 + 128 + 2 * 128 + 128 * 64 + 64 + 2 * 64
    assert parameters.transferred == parameters.frozen == carried
    assert network.head.weight.requires_grad


@cache
def make_base():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((400, 5))
    y = (rng.random(400) < 1 / (1 + np.exp(-2 * X[:, 0]))).astype(int)
    rows = Rows(X=X[:300], y=y[:300], X_val=X[300:], y_val=y[300:])
    return fit_base(rows, settings=TrainSettings(max_epochs=10))


def make_rows(n=150, seed=4) -> Rows:
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((2 * n, 6))
    y = (rng.random(2 * n) < 1 / (1 + np.exp(-2 * X[:, 0]))).astype(int)
    return Rows(X=X[:n], y=y[:n], X_val=X[n:], y_val=y[n:])


def test_carried_layers_are_the_same_to_the_bit_when_the_rest_has_learned():
    found = fit_transferred(
        make_base(),
        make_rows(),
        level=LEVELS["aggressive"],
        settings=TrainSettings(),
        widths=[128, 64, 16],
    )
    chain = found.model.layers[0].branches[0]
    assert [one.out_features for one in chain if isinstance(one, nn.Linear)] == [128, 64, 16, 1]
    assert found.layers.frozen == 4
    for ours, theirs in zip(chain[1:8], make_base().model.layers[1:8], strict=True):
        for name, one in theirs.state_dict().items():
            assert torch.equal(ours.state_dict()[name], one)
    assert torch.equal(chain[0].weight[:, :5], make_base().model.layers[0].weight)


def test_same_widths_are_the_same_as_none():
    X = make_rows().X
    plain, asked = start_from(make_base(), X)[0], start_from(make_base(), X, widths=HOUSE)[0]
    rows = torch.from_numpy(X).float()
    assert torch.equal(plain.eval()(rows), asked.eval()(rows))
    assert count_layers(plain) == count_layers(asked)


def test_partial_result_is_read_back_as_it_was(tmp_path):
    found = fit_transferred(
        make_base(),
        make_rows(),
        level=LEVELS["moderate"],
        settings=TrainSettings(max_epochs=4),
        widths=[128, 32],
    )
    found.save(tmp_path / "partial")
    again, X = type(found).load(tmp_path / "partial"), make_rows().X
    np.testing.assert_array_equal(again.predict_proba(X), found.predict_proba(X))
