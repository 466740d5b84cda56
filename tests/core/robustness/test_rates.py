"""Learning rates that nobody should choose."""

import pytest

from ml_training.core.network import HouseNetwork
from ml_training.core.remedies.fallback_network import FallbackNetwork
from tests.core.builders import make_classes, make_network, make_rows, make_run, make_values
from tests.core.robustness.fitting import accuracy, fit_quickly, has_trained, refusal

OPTIMIZERS = ["adamw", "adam", "sgd", "rmsprop"]


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("rate", [1e12, 1e30, 1e300])
def test_a_rate_far_too_high_is_healed(optimizer, rate):
    X, y = make_rows()
    result = fit_quickly(make_network(), X, y, optimizer=optimizer, learning_rate=rate)
    assert has_trained(result)
    assert accuracy(result, X, y) > 0.7


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_rate_far_too_low_is_healed(optimizer):
    X, y = make_rows()
    result = fit_quickly(make_network(), X, y, optimizer=optimizer, learning_rate=1e-300)
    assert has_trained(result)
    assert accuracy(result, X, y) > 0.7


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("rate", [1e12, 1e300, 1e-300])
def test_a_senseless_rate_is_reported_when_repair_is_off(optimizer, rate):
    settings = {"optimizer": optimizer, "learning_rate": rate, "repair": False}
    result = fit_quickly(make_network(), *make_rows(), **settings)
    assert result.status == "unresolved"
    assert not result.trials


@pytest.mark.parametrize(
    ("model", "rows"),
    [
        (None, make_rows),
        (None, make_classes),
        (None, make_values),
        (make_network(4, 3), make_classes),
        (make_network(4), make_values),
    ],
)
def test_a_rate_of_a_million_millions_is_healed_in_every_task(model, rows):
    result = fit_quickly(model, *rows(), learning_rate=1e12, max_epochs=15)
    assert has_trained(result)


@pytest.mark.parametrize("rate", [0.0, -1.0, float("nan"), float("inf"), "fast", None])
def test_a_rate_that_is_no_rate_is_refused(rate):
    words = refusal(make_network(), *make_rows(), learning_rate=rate)
    assert "`learning_rate` must be a finite number above 0" in words


@pytest.mark.parametrize(
    ("settings", "rule"),
    [
        ({"seed": 2**63}, "`seed` must be at most"),
        ({"n_threads": 10**9}, "`n_threads` must be at most"),
        ({"switched_off": {"platau"}}, "known problems, got 'platau'"),
        ({"max_epochs": 0}, "`max_epochs` must be a whole number"),
        ({"clip_norm": -1.0}, "`clip_norm` must be a finite number above 0"),
    ],
)
def test_settings_without_sense_are_refused(settings, rule):
    assert rule in refusal(make_network(), *make_rows(), **settings)


@pytest.mark.parametrize(("rate", "is_refused"), [(1e-3, True), (10.0, False)])
def test_the_house_network_is_replaced_by_itself_when_its_rate_is_at_fault_too(rate, is_refused):
    state = make_run(HouseNetwork(6, 1), learning_rate=rate).state
    assert bool(FallbackNetwork().objection(state)) is is_refused
