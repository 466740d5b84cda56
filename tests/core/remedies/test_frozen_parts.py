"""Networks of which a part was learned elsewhere, and must stay as it is."""

import numpy as np
import pytest
import torch
from torch import nn

from ml_training.core.fit import fit
from ml_training.core.problems import PROBLEMS
from ml_training.core.remedies.flag_missing import FlagMissing
from ml_training.core.remedies.insert_nonlinearity import InsertNonlinearity
from ml_training.core.remedies.insert_normalisation import InsertNormalisation
from ml_training.core.remedies.redraw_weights import RedrawWeights
from ml_training.core.remedies.swap_activation import SwapActivation
from ml_training.core.remedies.widen import Widen
from ml_training.core.settings import TrainSettings
from ml_training.core.surgery import no_dense_layers, no_free_layers
from tests.core.remedies.test_surgery_of_networks import make_patient

REBUILDING = [RedrawWeights(), SwapActivation("SELU"), Widen(), InsertNormalisation()]
FROZEN = "parts of the network are frozen"


def make_half_frozen(bias=0.0) -> nn.Sequential:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 1))
    nn.init.constant_(model[2].bias, bias)
    model[0].requires_grad_(requires_grad=False)
    return model


@pytest.mark.parametrize("remedy", REBUILDING, ids=lambda one: one.key)
def test_frozen_parts_are_not_rebuilt_when_a_remedy_asks(remedy):
    run = make_patient(make_half_frozen())
    assert FROZEN in remedy.objection(run.state)
    for parameter in run.state.model.parameters():
        parameter.requires_grad = True
    assert FROZEN not in remedy.objection(run.state)


def test_straight_network_stays_straight_when_a_part_is_frozen():
    model = nn.Sequential(nn.Linear(6, 8), nn.Linear(8, 1))
    model[0].requires_grad_(requires_grad=False)
    assert FROZEN in InsertNonlinearity().objection(make_patient(model).state)


def test_free_layers_are_those_of_any_sound_network_when_nothing_is_frozen():
    run = make_patient(make_half_frozen())
    assert no_dense_layers(run.state) == ""
    assert FROZEN in no_free_layers(run.state)


def test_gaps_are_not_marked_when_the_first_layer_is_frozen():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((400, 6))
    y = (X[:, 0] > 0).astype(int)
    X[(y == 1) & (rng.random(400) < 0.6), 3] = np.nan
    model = make_half_frozen()
    first = model[0].weight.clone()
    found = fit(model, X, y, settings=TrainSettings(max_epochs=4))
    assert FlagMissing.key not in {one.remedy for one in found.trials if one.kept}
    assert torch.equal(model[0].weight, first)
    assert "flag_missing" in {one.key for one in PROBLEMS["nan_inf_input"].remedies}


@pytest.mark.parametrize("rate", [1e-3, 3.0])
def test_frozen_weights_are_the_same_to_the_bit_when_dead_layers_were_treated(rate):
    rng = np.random.default_rng(1)
    X = rng.standard_normal((300, 6))
    y = (X[:, 0] - X[:, 1] > 0).astype(int)
    model = make_half_frozen(bias=-100.0)
    first = model[0].weight.clone(), model[0].bias.clone()
    found = fit(model, X, y, settings=TrainSettings(max_epochs=10, learning_rate=rate))
    assert found.findings
    assert torch.equal(model[0].weight, first[0])
    assert torch.equal(model[0].bias, first[1])
    assert not model[0].weight.requires_grad
