"""Weights thrown about are found; lively but sound runs are left alone."""

import numpy as np
import pytest

from ml_training.core.problems.lr_too_high import PROBLEM, detect
from tests.core.problems.epochs import alarms_of, make_epochs, train_rows


def test_violent_steps_without_progress_are_found_after_one_epoch():
    found = detect(make_epochs([0.72], travel=8.0))
    assert found is not None
    assert found.evidence["shake"] == pytest.approx(8.0 / np.sqrt(30))


def test_violent_steps_are_forgiven_when_the_loss_came_down():
    assert detect(make_epochs([0.3], travel=8.0)) is None


def test_a_loss_that_stays_above_guessing_is_found():
    assert detect(make_epochs([2.0, 2.0], travel=1.0)) is not None


def test_a_loss_that_falls_steadily_from_far_above_is_given_time():
    seen = make_epochs([9.0, 6.0, 4.0], travel=1.0)
    assert detect(seen) is None


def test_a_relapse_is_found():
    found = detect(make_epochs([0.5, 0.3, 0.1, 0.6], travel=0.5))
    assert found is not None
    assert "thrown back" in found.message


def test_a_bump_after_a_warm_restart_is_no_relapse():
    assert detect(make_epochs([0.5, 0.3, 0.1, 0.16], travel=0.3)) is None


def test_a_rise_of_weights_that_stay_is_no_relapse():
    assert detect(make_epochs([0.1, 0.5], travel=0.01)) is None


def test_nothing_is_found_when_the_loss_is_not_a_number():
    assert detect(make_epochs([np.nan], travel=8.0, noise=0.0)) is None


@pytest.mark.slow
@pytest.mark.parametrize(("optimizer", "rate"), [("adam", 1.0), ("sgd", 30.0), ("rmsprop", 1e3)])
def test_a_hot_run_ends_well(optimizer, rate):
    result = train_rows(optimizer=optimizer, learning_rate=rate)
    assert alarms_of(result) & {PROBLEM.key, "exploding_gradient", "loss_spike"}
    assert result.report.summary["best_score"] > 0.85


@pytest.mark.slow
@pytest.mark.parametrize(("optimizer", "rate"), [("adam", 0.02), ("sgd", 0.3), ("rmsprop", 0.005)])
def test_a_lively_run_raises_no_alarm(optimizer, rate):
    assert not alarms_of(train_rows(optimizer=optimizer, learning_rate=rate))
