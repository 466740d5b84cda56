"""Rates that lead nowhere are found and raised; slow but sound runs are left alone."""

import numpy as np
import pytest
import torch

from ml_training.core.problems.lr_too_low import PROBLEM, detect
from tests.core.problems.epochs import alarms_of, make_epochs, train_rows

STANDING = {"score": 0.5, "rival": 0.9, "epochs_left": 10.0}


def test_it_is_found_when_the_weights_will_not_move_and_a_rival_learned():
    found = detect(make_epochs([0.7, 0.7], travel=0.0001, **STANDING))
    assert found is not None
    assert found.evidence["expected_travel"] == pytest.approx(0.0012)
    assert "simple model" in found.message


def test_nothing_is_found_when_no_rival_does_better():
    assert detect(make_epochs([0.7, 0.7], travel=0.0001, score=0.52, rival=0.55)) is None


def test_nothing_is_found_when_the_plan_is_long_enough():
    seen = make_epochs([0.7, 0.7], travel=0.02, score=0.5, rival=0.9, epochs_left=80.0)
    assert detect(seen) is None


def test_nothing_is_found_while_the_rate_is_warming_up():
    assert detect(make_epochs([0.7, 0.7], travel=1e-4, rates=[1e-5, 1e-4], **STANDING)) is None


def test_one_epoch_is_enough_when_it_was_the_last():
    left = {**STANDING, "epochs_left": 0.0}
    assert detect(make_epochs([0.7], travel=0.001, **left)) is not None
    assert detect(make_epochs([0.7], travel=0.001, **STANDING)) is None


def test_nothing_is_found_when_surgery_hid_the_travel():
    assert detect(make_epochs([0.7, 0.7], travel=np.nan, **STANDING)) is None


@pytest.mark.slow
@pytest.mark.parametrize(("optimizer", "rate"), [("sgd", 1e-5), ("adam", 3e-6)])
def test_a_cold_run_ends_well(optimizer, rate):
    result = train_rows(optimizer=optimizer, learning_rate=rate)
    assert PROBLEM.key in alarms_of(result)
    assert any(trial.kept for trial in result.trials)
    assert result.report.summary["best_score"] > 0.85


@pytest.mark.slow
def test_a_rate_that_fades_is_replaced():
    fading = {"scheduler": lambda o: torch.optim.lr_scheduler.ExponentialLR(o, 0.2)}
    result = train_rows(optimizer="sgd", learning_rate=0.003, **fading)
    assert PROBLEM.key in alarms_of(result)
    assert result.report.summary["best_score"] > 0.85


@pytest.mark.slow
@pytest.mark.parametrize("rate", [0.003, 0.01])
def test_a_sound_run_raises_no_alarm(rate):
    assert not alarms_of(train_rows(learning_rate=rate, max_epochs=15))
