import pytest
import torch
from torch import nn

from ml_training.core.problems.dying_relu import PROBLEM, detect
from tests.core.problems.networks import (
    alarms_of,
    fit_briefly,
    kept_of,
    make_layer,
    make_ring,
    make_stack,
    see_epoch,
    see_network,
)
from tests.core.test_problems import assert_is_sound


def kill_units(model, bias=-20.0):
    """Push the biases of the first layer far below zero; return the model."""
    nn.init.constant_(model[0].bias, bias)
    return model


def test_a_silent_layer_is_found_before_training():
    finding = detect(see_network(make_layer("0", silent_share=1.0)))
    assert_is_sound(finding, PROBLEM.key)
    assert finding.severity == "critical"


def test_a_silent_layer_is_found_after_an_epoch():
    assert detect(see_epoch(silent_of_1=1.0, silent_of_3=0.2)).severity == "critical"


@pytest.mark.parametrize("loss", [0.7, 0.4])
def test_many_silent_units_are_found_when_little_is_learned(loss):
    finding = detect(see_epoch(silent_of_1=0.75, loss=loss))
    assert_is_sound(finding, PROBLEM.key)
    assert finding.severity == "warning"


@pytest.mark.parametrize("signals", [{"loss": 0.15, "silent_of_1": 0.9}, {"silent_of_1": 0.3}, {}])
def test_silent_units_are_left_alone_when_few_or_in_a_network_that_learns(signals):
    assert detect(see_epoch(**signals)) is None


def test_half_of_a_layer_may_be_silent_at_the_start():
    assert detect(see_network(make_layer(silent_share=0.5))) is None


def test_dead_units_are_revived_in_training():
    X, y = make_ring()
    result = fit_briefly(kill_units(make_stack(width=32, depth=1)), X, y)
    assert "dying_relu" in alarms_of(result)
    assert kept_of(result)
    assert (result.predict(X) == y).mean() > 0.85


def test_units_that_die_during_training_are_found():
    X, y = make_ring()

    class DiesLater(nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = make_stack(width=16, depth=1)
            self.n_calls = 0

        def forward(self, rows):
            if self.training:
                self.n_calls += 1
                if self.n_calls == 30:
                    with torch.no_grad():
                        self.layers[0].bias.fill_(-50.0)
            return self.layers(rows)

    assert "dying_relu" in alarms_of(fit_briefly(DiesLater(), X, y, repair=False))


@pytest.mark.parametrize("activation", [nn.ReLU, nn.LeakyReLU, nn.GELU, nn.ELU, nn.Tanh])
def test_sound_networks_are_left_alone(activation):
    X, y = make_ring(200)
    result = fit_briefly(make_stack(activation, width=64), X, y, max_epochs=3, repair=False)
    assert "dying_relu" not in alarms_of(result)
