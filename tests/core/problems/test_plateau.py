"""A run that is stuck is found; one that is done, or has nothing to learn, is not."""

import numpy as np
import pytest
from torch import nn

from ml_training.core.problems.plateau import detect
from tests.core.problems.epochs import alarms_of, make_epochs, train_rows

FLAT = [0.69] * 8


def test_a_flat_loss_is_found_when_a_rival_does_clearly_better():
    found = detect(make_epochs(FLAT, score=0.5, rival=0.9))
    assert found is not None
    assert found.evidence["fall"] == pytest.approx(0.0)


def test_a_flat_loss_without_a_better_rival_is_a_weak_signal():
    assert detect(make_epochs(FLAT, score=0.54, rival=0.55)) is None


def test_a_converged_run_is_no_plateau():
    assert detect(make_epochs([0.1] * 8, score=0.9, rival=0.99)) is None


def test_a_falling_loss_is_no_plateau():
    assert detect(make_epochs(np.linspace(0.7, 0.5, 8), score=0.5, rival=0.9)) is None


def test_a_few_epochs_are_no_plateau():
    assert detect(make_epochs(FLAT[:4], score=0.5, rival=0.9)) is None


@pytest.mark.slow
def test_a_network_of_dead_units_is_seen_to_be_stuck():
    dead = nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Linear(8, 1))
    nn.init.constant_(dead[0].bias, -100.0)
    result = train_rows(model=dead)
    assert alarms_of(result)
    assert result.report.summary["best_score"] > 0.85


@pytest.mark.slow
def test_long_after_convergence_there_is_no_alarm():
    assert not alarms_of(train_rows(max_epochs=40, patience=None, learning_rate=0.003))


def test_a_rate_that_still_warms_up_is_given_time():
    rising = list(np.linspace(1e-4, 8e-4, 8))
    assert detect(make_epochs(FLAT, score=0.5, rival=0.9, rates=rising)) is None
    assert detect(make_epochs(FLAT, score=0.5, rival=0.9, rates=rising[::-1])) is not None
