import pytest
from torch import nn

from ml_training.core.problems.missing_nonlinearity import PROBLEM, detect
from tests.core.builders import make_rows, make_values
from tests.core.problems.networks import (
    alarms_of,
    fit_briefly,
    kept_of,
    make_layer,
    make_ring,
    make_stack,
    see_network,
)
from tests.core.test_problems import assert_is_sound

CURVED = {"curvature": 1e-7, "curved_gain": 20.0, "curved_share": 0.4}


def make_straight(n_features=4):
    return nn.Sequential(nn.Linear(n_features, 16), nn.Linear(16, 1))


def test_a_straight_network_on_curved_rows_is_found():
    finding = detect(see_network(make_layer(), **CURVED))
    assert_is_sound(finding, PROBLEM.key)
    assert "40%" in finding.message


@pytest.mark.parametrize(
    "change", [{"curvature": 0.5}, {"curved_gain": 2.0}, {"curved_share": 0.01}]
)
def test_it_is_left_alone_when_bent_or_when_no_curve_does_clearly_better(change):
    assert detect(see_network(make_layer(), **{**CURVED, **change})) is None


@pytest.mark.parametrize(("answers", "severity"), [(5.0, "warning"), (0.4, "info")])
def test_it_is_a_note_when_a_curve_names_no_more_classes_rightly(answers, severity):
    finding = detect(see_network(make_layer(), **CURVED, curved_answers=answers))
    assert_is_sound(finding, PROBLEM.key)
    assert finding.severity == severity
    assert ("nothing is done" in finding.message) is (severity == "info")


def test_a_straight_network_is_bent_in_training():
    X, y = make_ring()
    result = fit_briefly(make_straight(), X, y)
    assert "missing_nonlinearity" in alarms_of(result)
    assert kept_of(result) == ["insert_nonlinearity"]
    assert (result.predict(X) == y).mean() > 0.85


def test_a_single_layer_is_replaced_when_the_rows_are_curved():
    X, y = make_ring()
    result = fit_briefly(nn.Linear(4, 1), X, y)
    assert "missing_nonlinearity" in alarms_of(result)
    assert kept_of(result) == ["fallback_network"]


@pytest.mark.parametrize("make", [make_rows, make_values])
def test_a_straight_network_on_straight_rows_is_left_alone(make):
    X, y = make(400)
    result = fit_briefly(make_straight(X.shape[1]), X, y, max_epochs=2, repair=False)
    assert "missing_nonlinearity" not in alarms_of(result)


@pytest.mark.parametrize("activation", [nn.ReLU, nn.Tanh, nn.GELU, nn.SELU, nn.LeakyReLU])
def test_bent_networks_are_left_alone(activation):
    X, y = make_ring(200)
    result = fit_briefly(make_stack(activation), X, y, max_epochs=2, repair=False)
    assert "missing_nonlinearity" not in alarms_of(result)


def test_a_rate_that_kills_is_treated_before_the_missing_bend():
    X, y = make_ring()
    settings = {"optimizer": "sgd", "learning_rate": 1e4}
    result = fit_briefly(make_straight(), X, y, **settings)
    assert "missing_nonlinearity" in alarms_of(result)
    first = result.trials[0]
    assert first.problem in {"nan_inf_loss", "exploding_gradient", "diverging_loss"}
    assert "missing_nonlinearity" not in result.report.unresolved
