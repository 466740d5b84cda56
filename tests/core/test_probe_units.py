"""When and how the units of a network are measured in training."""

import pytest
from torch import nn

from ml_training.core.probes import STEPS_BETWEEN_UNITS, measure_epoch
from tests.core.builders import make_run
from tests.core.problems.networks import make_ring, make_stack


def make_state(activation=nn.ReLU, *, epoch=0, step=10, batch=10):
    X, y = make_ring()
    state = make_run(make_stack(activation), X, y).state
    state.epoch, state.step, state.batch = epoch, step, batch
    return state


def measure_units(state):
    return measure_epoch(state, ["units"])


def test_every_activation_between_layers_is_measured():
    assert set(measure_units(make_state())) == {"size.1", "silent.1", "size.3", "silent.3"}
    assert "saturated.1" in measure_units(make_state(nn.Tanh))
    assert set(measure_units(make_state(nn.GELU))) == {"size.1", "size.3"}


def test_a_silent_layer_counts_as_one():
    state = make_state()
    nn.init.constant_(state.model[0].bias, -50.0)
    assert measure_units(state)["silent.1"] == 1.0


@pytest.mark.parametrize(
    ("epoch", "step", "is_measured"),
    [
        (0, 10, True),
        (2, 30, True),
        (3, STEPS_BETWEEN_UNITS - 1, False),
        (3, STEPS_BETWEEN_UNITS, True),
        (9, 3 * STEPS_BETWEEN_UNITS + 50, False),
        (9, 3 * STEPS_BETWEEN_UNITS + 5, True),
    ],
)
def test_late_epochs_are_measured_every_so_many_steps(epoch, step, is_measured):
    assert bool(measure_units(make_state(epoch=epoch, step=step))) is is_measured
