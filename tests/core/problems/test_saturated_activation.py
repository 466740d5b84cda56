import pytest
from torch import nn

from ml_training.core.problems.saturated_activation import AT_START, PROBLEM, detect
from tests.core.problems.networks import (
    alarms_of,
    draw,
    fit_briefly,
    kept_of,
    make_layer,
    make_ring,
    make_stack,
    see_epoch,
    see_network,
)
from tests.core.test_problems import assert_is_sound


def see_share(share):
    return see_network(make_layer(activation="squashing", saturated_share=share))


def test_a_layer_at_its_limits_is_found_at_the_start():
    assert_is_sound(detect(see_share(0.95)), PROBLEM.key)


def test_a_layer_that_is_mostly_free_is_left_alone():
    assert detect(see_share(AT_START)) is None


def test_it_is_found_later_when_nothing_is_learned():
    assert detect(see_epoch(saturated_of_1=0.97)) is not None


@pytest.mark.parametrize(
    "signals", [{"loss": 0.2, "saturated_of_1": 0.97}, {"saturated_of_1": 0.7}, {}]
)
def test_sharp_networks_that_learn_are_left_alone(signals):
    assert detect(see_epoch(**signals)) is None


@pytest.mark.parametrize("activation", [nn.Tanh, nn.Sigmoid])
def test_large_weights_on_large_features_are_found_and_cured(activation):
    X, y = make_ring()
    model = draw(make_stack(activation, width=32), lambda w: nn.init.normal_(w, 0, 1))
    result = fit_briefly(model, 50.0 * X, y)
    assert "saturated_activation" in alarms_of(result)
    assert kept_of(result)
    assert (result.predict(50.0 * X) == y).mean() > 0.8


@pytest.mark.parametrize("activation", [nn.Tanh, nn.Sigmoid, nn.Softsign, nn.ReLU])
def test_sound_networks_are_left_alone(activation):
    X, y = make_ring(200)
    result = fit_briefly(make_stack(activation), X, y, max_epochs=3, repair=False)
    assert "saturated_activation" not in alarms_of(result)
