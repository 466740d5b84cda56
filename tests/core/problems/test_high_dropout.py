import pytest
from torch import nn

from ml_training.core.problems.high_dropout import PROBLEM, detect
from tests.core.problems.networks import (
    alarms_of,
    fit_briefly,
    kept_of,
    make_layer,
    make_ring,
    see_network,
)
from tests.core.test_problems import assert_is_sound


def make_dropping(share, width=32):
    layers = [nn.Linear(4, width), nn.ReLU(), nn.Dropout(share), nn.Linear(width, 1)]
    return nn.Sequential(*layers)


def test_a_layer_of_which_little_stays_is_found():
    finding = detect(see_network(make_layer(n_units=32, dropout=0.95)))
    assert_is_sound(finding, PROBLEM.key)
    assert finding.severity == "warning"
    assert finding.evidence["units_kept"] == pytest.approx(1.6)


def test_it_is_only_noted_when_enough_units_stay():
    assert detect(see_network(make_layer(n_units=1024, dropout=0.9))).severity == "info"


@pytest.mark.parametrize("share", [0.0, 0.2, 0.5, 0.6])
def test_usual_dropout_is_left_alone(share):
    assert detect(see_network(make_layer(n_units=4, dropout=share))) is None


def test_it_is_cured_in_training():
    X, y = make_ring()
    result = fit_briefly(make_dropping(0.95), X, y)
    assert "high_dropout" in alarms_of(result)
    assert set(kept_of(result)) == {"lower_dropout"}
    assert (result.predict(X) == y).mean() > 0.85


def test_dropout_of_one_half_raises_no_alarm_in_training():
    X, y = make_ring()
    assert "high_dropout" not in alarms_of(fit_briefly(make_dropping(0.5), X, y, max_epochs=3))


def test_two_dropouts_behind_each_other_count_together():
    X, y = make_ring(200)
    layers = [nn.Linear(4, 8), nn.Dropout(0.6), nn.ReLU(), nn.Dropout(0.6), nn.Linear(8, 1)]
    result = fit_briefly(nn.Sequential(*layers), X, y, max_epochs=1, repair=False)
    assert "high_dropout" in alarms_of(result)
