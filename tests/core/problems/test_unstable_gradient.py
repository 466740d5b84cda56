"""Gradients that differ by factors are found while there is much to learn."""

import pytest

from ml_training.core.problems.unstable_gradient import PROBLEM, detect
from tests.core.problems.epochs import alarms_of, make_epochs, train_rows

WILD = [0.01, 0.1, 1.0, 10.0, 100.0]


def test_wild_norms_are_found():
    found = detect(make_epochs([0.7], norms=WILD))
    assert found is not None
    assert found.evidence["spread"] > 1


def test_wild_norms_of_a_good_model_are_solved_rows():
    assert detect(make_epochs([0.1], norms=WILD)) is None


def test_norms_within_a_factor_of_two_are_steady():
    assert detect(make_epochs([0.7], norms=[1.0, 1.5, 2.0])) is None


def test_a_few_batches_are_not_judged():
    assert detect(make_epochs([0.7], norms=WILD, steps_per_epoch=10)) is None


@pytest.mark.slow
def test_batches_of_two_at_a_high_rate_end_well():
    result = train_rows(n=500, batch_size=2, optimizer="sgd", learning_rate=3.0, max_epochs=4)
    fair = {PROBLEM.key, "lr_too_high", "oscillating_loss", "loss_spike", "exploding_gradient"}
    assert alarms_of(result) & fair
    assert result.report.summary["best_score"] > 0.85
