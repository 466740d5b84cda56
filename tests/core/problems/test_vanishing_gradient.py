import pytest
from torch import nn

from ml_training.core.problems.vanishing_gradient import PROBLEM, detect, smallest_share
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

FLAT = ((1e-6, 1e-3, 1.0),)


def see_signal(last, first=1.0):
    seen = see_network(make_layer(deviation_in=first))
    layers = seen.network.layers
    object.__setattr__(layers[-1], "deviation_in", last)
    return seen


def test_a_front_without_gradient_is_found_when_nothing_is_learned():
    finding = detect(see_epoch(norms=FLAT))
    assert_is_sound(finding, PROBLEM.key)
    assert finding.evidence["smallest_share"] == pytest.approx(1e-6)


def test_it_is_left_alone_when_the_network_learns():
    assert detect(see_epoch(norms=FLAT, loss=0.3)) is None


def test_a_converged_run_with_tiny_gradients_is_left_alone():
    assert detect(see_epoch(norms=((1e-9, 1e-9, 2e-9),))) is None


def test_a_dead_layer_is_not_a_vanishing_gradient():
    assert detect(see_epoch(norms=((0.0, 1.0),))) is None


def test_layers_that_came_later_do_not_confuse_the_ratio():
    assert smallest_share(see_epoch(norms=((0.5, 1.0), (0.5, 1.0, 2.0)))) == 0.5


def test_a_signal_that_is_lost_on_its_way_is_found_at_the_start():
    finding = detect(see_signal(1e-8))
    assert_is_sound(finding, PROBLEM.key)
    assert finding.evidence["signal"] == pytest.approx(1e-8)


@pytest.mark.parametrize(("last", "first"), [(0.01, 1.0), (0.5, 1e7), (1e-9, 1e-8), (0.0, 1.0)])
def test_a_signal_that_comes_through_is_left_alone(last, first):
    assert detect(see_signal(last, first)) is None


@pytest.mark.parametrize(
    "model",
    [
        make_stack(nn.Sigmoid, depth=10),
        draw(make_stack(nn.Tanh, width=16, depth=6), lambda w: nn.init.normal_(w, 0, 0.01)),
    ],
    ids=["sigmoids", "small_weights"],
)
def test_it_is_found_and_cured_in_training(model):
    X, y = make_ring()
    result = fit_briefly(model, X, y)
    assert "vanishing_gradient" in alarms_of(result)
    assert kept_of(result)
    assert (result.predict(X) == y).mean() > 0.8


def make_normalised(depth):
    layers = [nn.Linear(4, 16)]
    for _ in range(depth):
        layers += [nn.BatchNorm1d(16), nn.ReLU(), nn.Linear(16, 16)]
    return nn.Sequential(*layers, nn.Linear(16, 1))


def test_deep_networks_with_normalisation_are_left_alone():
    X, y = make_ring(200)
    result = fit_briefly(make_normalised(8), X, y, max_epochs=3, repair=False)
    assert "vanishing_gradient" not in alarms_of(result)


def test_labels_without_signal_do_not_look_like_a_vanishing_gradient():
    X, y = make_ring(300)
    result = fit_briefly(make_stack(), X[::-1], y, max_epochs=4, repair=False)
    assert "vanishing_gradient" not in alarms_of(result)
