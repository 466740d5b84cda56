import pytest
from torch import nn

from ml_training.core.problems.poor_init import FAR_OUT, PROBLEM, TOO_WIDE, detect, widest
from tests.core.problems.networks import (
    alarms_of,
    draw,
    fit_briefly,
    kept_of,
    make_layer,
    make_ring,
    make_stack,
    see_network,
)
from tests.core.test_problems import assert_is_sound


def test_units_that_start_alike_are_found():
    finding = detect(see_network(make_layer(alike=1.0)))
    assert_is_sound(finding, PROBLEM.key)
    assert finding.severity == "critical"
    assert "start alike" in finding.message


def test_weights_at_zero_are_called_so():
    assert "start zero" in detect(see_network(make_layer(alike=1.0, weight_size=0.0))).message


def test_an_output_layer_of_equal_units_is_usual():
    seen = see_network(make_layer())
    assert detect(seen) is None


def test_a_start_far_beyond_the_targets_is_found_when_weights_are_to_blame():
    seen = see_network(make_layer(weight_size=5.0), output_deviation=2 * FAR_OUT)
    finding = detect(seen)
    assert_is_sound(finding, PROBLEM.key)
    assert finding.evidence["weight_width"] == pytest.approx(10.0)


@pytest.mark.parametrize(
    "facts",
    [
        {"output_deviation": FAR_OUT - 1},
        {"output_deviation": 9 * FAR_OUT, "input_size": 100.0},
        {"output_deviation": 9 * FAR_OUT, "target_deviation": 100.0},
        {"output_deviation": float("nan")},
    ],
)
def test_a_start_within_reach_of_the_targets_is_left_alone(facts):
    assert detect(see_network(make_layer(weight_size=5.0), **facts)) is None


def test_wide_outputs_of_sound_weights_are_not_called_poor():
    assert detect(see_network(make_layer(), output_deviation=9 * FAR_OUT)) is None


def test_weights_before_a_normalisation_do_not_count():
    seen = see_network(make_layer(weight_size=9.0, is_normalised=True))
    assert widest(seen.network) < TOO_WIDE


@pytest.mark.parametrize(
    "how",
    [nn.init.zeros_, lambda w: nn.init.constant_(w, 0.1), lambda w: nn.init.normal_(w, 0, 8)],
    ids=["zero", "alike", "wide"],
)
def test_a_poor_start_is_found_and_cured_in_training(how):
    X, y = make_ring()
    result = fit_briefly(draw(make_stack(depth=3), how), X, y)
    assert "poor_init" in alarms_of(result)
    assert "redraw_weights" in kept_of(result)
    assert (result.predict(X) == y).mean() > 0.8


@pytest.mark.parametrize(
    "how",
    [
        nn.init.orthogonal_,
        nn.init.kaiming_normal_,
        nn.init.xavier_uniform_,
        lambda w: nn.init.normal_(w, 0, 0.6),
    ],
    ids=["orthogonal", "kaiming", "xavier", "large"],
)
def test_sound_starts_are_left_alone(how):
    X, y = make_ring(200)
    result = fit_briefly(draw(make_stack(), how), X, y, max_epochs=2, repair=False)
    assert "poor_init" not in alarms_of(result)


def test_a_network_without_a_hidden_layer_may_start_at_zero():
    X, y = make_ring(200)
    model = draw(nn.Sequential(nn.Linear(4, 1)), nn.init.zeros_)
    assert "poor_init" not in alarms_of(fit_briefly(model, X, y, max_epochs=2, repair=False))
