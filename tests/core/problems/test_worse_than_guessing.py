import dataclasses

import numpy as np
import pytest

from ml_training.core.problems.worse_than_guessing import PROBLEM, detect
from tests.core.builders import make_network, make_observations
from tests.core.problems.builders import alarms, easy_parts, run
from tests.core.test_problems import assert_is_sound


def see(**closing):
    seen = make_observations([0.5] * 5)
    return dataclasses.replace(seen, data=dataclasses.replace(seen.data, closing=closing))


def test_a_best_model_that_costs_more_than_guessing_is_found():
    finding = detect(see(standing=-0.08, standing_errors=-4.0))
    assert_is_sound(finding, PROBLEM.key)
    assert finding.is_alarm
    assert "8%" in finding.message


@pytest.mark.parametrize(
    "closing",
    [
        {},
        {"standing": 0.2, "standing_errors": 6.0},
        {"standing": -0.08, "standing_errors": -1.0},
        {"standing": -0.01, "standing_errors": -5.0},
    ],
)
def test_gains_doubts_and_trifles_stay_silent(closing):
    assert detect(see(**closing)) is None


def test_labels_that_turn_around_in_validation_are_no_healthy_run():
    X, y, X_val, y_val = easy_parts()
    result = run((X, y, X_val, 1 - y_val), make_network(), max_epochs=6, repair=False)
    assert "worse_than_guessing" in alarms(result)


def test_a_model_that_learns_is_not_blamed():
    assert "worse_than_guessing" not in alarms(run(easy_parts(), max_epochs=8))


def test_weights_that_even_out_the_classes_are_not_blamed_for_their_price():
    X, y, X_val, y_val = easy_parts(1_500)
    rare, rare_val = (
        np.flatnonzero((told == 0) | (np.arange(len(told)) % 10 == 0)) for told in (y, y_val)
    )
    parts = X[rare], y[rare], X_val[rare_val], y_val[rare_val]
    result = run(parts, max_epochs=12)
    assert "worse_than_guessing" not in alarms(result)
