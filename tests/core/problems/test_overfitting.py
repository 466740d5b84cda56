"""Learning by heart is found; creeping, noise and good validation are not alarms."""

import numpy as np
import pytest

from ml_training.core.problems.overfitting import PROBLEM, detect
from tests.core.builders import make_network
from tests.core.problems.epochs import alarms_of, make_epochs, train_rows

RISING = [0.65, 0.55, 0.5, 0.55, 0.62, 0.68, 0.72, 0.75]


def test_validation_getting_worse_while_training_improves_is_found():
    found = detect(make_epochs([0.3] * 8, RISING, train_loss_still=0.2))
    assert found is not None
    assert found.severity == "warning"
    assert found.evidence["best"] == 0.5


def test_creeping_up_a_little_is_information():
    creeping = [0.6, 0.4, 0.3, 0.31, 0.32, 0.33, 0.35, 0.36, 0.36]
    found = detect(make_epochs([0.1] * 9, creeping, train_loss_still=0.05, n_stopping_rows=5000))
    assert found is not None
    assert not found.is_alarm


def test_nothing_is_found_when_training_is_no_better():
    assert detect(make_epochs([0.7] * 8, RISING, train_loss_still=0.72)) is None


def test_a_rise_that_few_rows_explain_is_noise():
    assert detect(make_epochs([0.3] * 8, RISING, train_loss_still=0.2, n_stopping_rows=20)) is None


def test_nothing_is_found_while_validation_improves():
    assert detect(make_epochs([0.1] * 8, np.linspace(0.7, 0.3, 8), train_loss_still=0.1)) is None


@pytest.mark.slow
def test_noise_learned_by_heart_is_found():
    wide = make_network(is_normalised=False, width=256)
    result = train_rows(n=400, noise=3.0, model=wide, max_epochs=60, patience=None)
    assert alarms_of(result) & {PROBLEM.key, "label_noise"}


@pytest.mark.slow
def test_early_stopping_with_enough_rows_raises_no_alarm():
    assert not alarms_of(train_rows(max_epochs=40, patience=6))
