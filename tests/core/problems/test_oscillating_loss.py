"""Swings between epochs are found; steep descents and small rows are not swings."""

import numpy as np
import pytest
import torch

from ml_training.core.problems.oscillating_loss import PROBLEM, detect
from tests.core.problems.epochs import alarms_of, make_epochs, train_rows

SWINGING = [0.8, 0.5, 0.9, 0.5, 0.85, 0.6]


def test_swings_are_found():
    found = detect(make_epochs([0.6] * 6, SWINGING))
    assert found is not None
    assert found.evidence["swings"] > 0.08


@pytest.mark.parametrize(
    "validation",
    [[5.0, 2.0, 0.6, 0.5, 0.45, 0.44], [0.5, 0.48, 0.49, 0.47, 0.48, 0.46], [0.8, 0.5, 0.9]],
)
def test_descents_ripples_and_short_series_are_no_swings(validation):
    assert detect(make_epochs([0.6] * len(validation), validation)) is None


def test_swings_of_a_good_model_are_rows_on_the_border():
    assert detect(make_epochs([0.05] * 6, SWINGING)) is None


def test_swings_of_few_rows_are_noise():
    mild = list(0.6 + 0.4 * (np.array(SWINGING) - 0.7))
    assert detect(make_epochs([0.6] * 6, mild, n_stopping_rows=25)) is None


@pytest.mark.slow
def test_wild_momentum_ends_well():
    result = train_rows(
        optimizer="sgd", learning_rate=0.5, optimizer_options={"momentum": 0.99}, max_epochs=15
    )
    fair = {PROBLEM.key, "lr_too_high", "diverging_loss", "loss_spike", "unstable_gradient"}
    assert alarms_of(result) & (fair | {"exploding_gradient"})
    assert result.report.summary["best_score"] > 0.85


@pytest.mark.slow
@pytest.mark.parametrize("batch_size", [4, 32])
def test_warm_restarts_and_small_batches_raise_no_alarm(batch_size):
    restarts = torch.optim.lr_scheduler.CosineAnnealingWarmRestarts
    rate = 0.02 if batch_size == 4 else 0.1
    result = train_rows(
        n=500,
        optimizer="sgd",
        learning_rate=rate,
        batch_size=batch_size,
        optimizer_options={"momentum": 0.5},
        scheduler=lambda o: restarts(o, 5),
    )
    assert not alarms_of(result)
