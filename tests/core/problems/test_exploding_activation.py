import pytest
from torch import nn

from ml_training.core.problems.exploding_activation import LARGE, PROBLEM, detect
from tests.core.builders import make_observations
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


class Exponential(nn.Module):
    def forward(self, inputs):
        return inputs.exp()


@pytest.mark.parametrize("size", [10 * LARGE, float("inf"), float("nan")])
def test_values_out_of_proportion_are_found_at_the_start(size):
    finding = detect(see_network(make_layer(size_after=size)))
    assert_is_sound(finding, PROBLEM.key)
    assert finding.severity == "critical"


@pytest.mark.parametrize(
    "facts", [{}, {"size_after": LARGE / 2}, {"activation": "", "size_out": 3.0}]
)
def test_values_in_proportion_are_left_alone(facts):
    assert detect(see_network(make_layer(**facts))) is None


def test_large_features_explain_large_values():
    assert detect(see_network(make_layer(size_after=1e6), input_size=1e5)) is None


def see_growth(first, last, loss=0.7):
    seen = see_epoch(loss=loss, size_of_1=first)
    seen.history.add_score(see_epoch(loss=loss, size_of_1=last).history.scores[0])
    return seen


def test_growth_is_found_when_nothing_was_gained_by_it():
    assert_is_sound(detect(see_growth(1.0, 1e5)), PROBLEM.key)


@pytest.mark.parametrize(("last", "loss"), [(50.0, 0.7), (1e5, 0.2)])
def test_growth_is_left_alone_when_moderate_or_when_the_network_learns(last, loss):
    assert detect(see_growth(1.0, last, loss)) is None


def test_nothing_is_found_when_nothing_was_measured():
    assert detect(make_observations([0.7] * 30)) is None


def test_exponential_units_are_found_and_replaced_in_training():
    X, y = make_ring()
    result = fit_briefly(make_stack(Exponential, width=32, depth=3), X, y)
    assert "exploding_activation" in alarms_of(result)
    assert "swap_activation" in kept_of(result)
    assert (result.predict(X) == y).mean() > 0.85
