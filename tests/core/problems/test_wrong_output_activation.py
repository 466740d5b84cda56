import numpy as np
import pytest
import torch
from torch import nn

from ml_training.core.problems.wrong_output_activation import OUT_OF_REACH, PROBLEM, detect
from tests.core.builders import make_classes, make_network, make_rows, make_values
from tests.core.problems.builders import alarms, easy_parts, kept, run, score
from tests.core.problems.networks import (
    alarms_of,
    fit_briefly,
    kept_of,
    make_layer,
    make_stack,
    see_network,
)
from tests.core.test_problems import assert_is_sound

INF = float("inf")


def see_range(low, high, kind="logit", **facts):
    return see_network(make_layer(), output_low=low, output_high=high, output_kind=kind, **facts)


@pytest.mark.parametrize(
    ("low", "high", "kind"),
    [
        (1.0, 1.0, "probability"),
        (0.0, INF, "logit"),
        (0.0, 1.0, "logit"),
        (-1.0, 1.0, "logit"),
        (-INF, 0.0, "logit"),
        (-INF, INF, "probability"),
        (0.0, INF, "probability"),
        (-INF, INF, "log_probability"),
    ],
)
def test_outputs_that_do_not_fit_the_loss_are_found(low, high, kind):
    assert_is_sound(detect(see_range(low, high, kind)), PROBLEM.key)


@pytest.mark.parametrize(
    ("low", "high", "kind"),
    [
        (-INF, INF, "logit"),
        (-10.0, 10.0, "logit"),
        (0.0, 1.0, "probability"),
        (-INF, 0.0, "log_probability"),
        (-INF, INF, "value"),
        (0.0, 1.0, "value"),
        (-INF, INF, "unknown"),
        (0.0, 1.0, "unknown"),
    ],
)
def test_outputs_that_fit_are_left_alone(low, high, kind):
    assert detect(see_range(low, high, kind)) is None


def test_targets_out_of_reach_are_found():
    finding = detect(see_range(0.0, INF, "value", out_of_reach=0.5))
    assert finding.severity == "critical"
    assert "50%" in finding.message


def test_a_target_that_sticks_out_a_little_is_left_alone():
    assert detect(see_range(0.0, 1.0, "value", out_of_reach=OUT_OF_REACH / 2)) is None


def test_a_network_that_cannot_be_looked_into_is_left_alone():
    seen = see_network()
    assert detect(seen) is None


def raw_log_loss(outputs, targets):
    shares = outputs.clamp(1e-7, 1 - 1e-7)
    return -(targets * shares.log() + (1 - targets) * (1 - shares).log()).mean()


@pytest.mark.parametrize(
    ("ending", "loss"),
    [
        (nn.ReLU(), "auto"),
        (nn.Sigmoid(), nn.BCEWithLogitsLoss()),
        (nn.Softmax(dim=-1), nn.BCELoss()),
        (nn.Identity(), raw_log_loss),
    ],
    ids=["relu", "sigmoid", "softmax_of_one", "raw"],
)
def test_a_wrong_ending_of_a_classifier_is_found_and_cured(ending, loss):
    X, y = make_rows(1200)
    model = nn.Sequential(*make_stack(n_features=6), ending)
    result = fit_briefly(model, X, y, loss=loss)
    assert "wrong_output_activation" in alarms_of(result)
    assert kept_of(result) == ["match_output"]
    assert (result.predict(X) == y).mean() > 0.85


def test_a_bounded_output_for_far_targets_is_found_and_cured():
    X, y = make_values(400)
    model = nn.Sequential(*make_stack(), nn.Sigmoid())
    result = fit_briefly(model, X, 500.0 + 100.0 * y)
    assert "wrong_output_activation" in alarms_of(result)
    assert "match_output" in kept_of(result)
    assert np.corrcoef(result.predict(X), y)[0, 1] > 0.95


def pair(model, loss, make=make_rows):
    X, y = make(200)
    return alarms_of(fit_briefly(model, X, y, loss=loss, max_epochs=2, repair=False))


def test_endings_that_belong_to_their_loss_are_left_alone():
    six, four = make_stack(n_features=6), make_stack(n_features=4)
    many = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3))
    key = "wrong_output_activation"
    assert key not in pair(nn.Sequential(*six, nn.Sigmoid()), nn.BCELoss())
    assert key not in pair(nn.Sequential(*six, nn.Sigmoid()), raw_log_loss)
    assert key not in pair(nn.Sequential(*many, nn.LogSoftmax(1)), nn.NLLLoss(), make_classes)
    assert key not in pair(many, nn.CrossEntropyLoss(), make_classes)
    assert key not in pair(four, nn.HuberLoss(), make_values)
    assert key not in pair(six, nn.MSELoss())


def test_positive_targets_may_have_a_positive_output():
    X, y = make_values(300)
    model = nn.Sequential(*make_stack(), nn.Softplus())
    result = fit_briefly(model, X, np.exp(y / 2), max_epochs=2, repair=False)
    assert "wrong_output_activation" not in alarms_of(result)


class EndsInFunction(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = make_stack(n_features=6)

    def forward(self, rows):
        return torch.relu(self.layers(rows))


def test_an_ending_that_is_a_function_is_seen_and_the_network_replaced():
    X, y = make_rows(400)
    result = fit_briefly(EndsInFunction(), X, y)
    assert "wrong_output_activation" in alarms_of(result)
    assert kept_of(result) == ["fallback_network"]
    assert (result.predict(X) == y).mean() > 0.85


def test_a_log_loss_below_zero_proves_nothing():
    X, y, X_val, y_val = easy_parts()
    network = make_network(6, 2)
    result = run((X, y, X_val, y_val), network, loss=nn.NLLLoss(), max_epochs=12)
    assert "wrong_output_activation" in alarms(result)
    assert "match_output" in kept(result)
    assert score(result, X_val, y_val) > 0.8


def test_a_log_softmax_that_the_loss_undoes_is_left_alone():
    X, y = make_classes()
    network = nn.Sequential(make_network(X.shape[1], len(np.unique(y))), nn.LogSoftmax(dim=1))
    assert "wrong_output_activation" not in alarms_of(fit_briefly(network, X, y))
