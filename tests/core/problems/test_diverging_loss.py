"""A loss that rises beyond guessing is found; a rise of a good model is not this."""

import numpy as np
import pytest

from ml_training.core.problems.diverging_loss import PROBLEM, detect
from tests.core.problems.epochs import alarms_of, make_epochs, train_rows


def test_a_rise_beyond_guessing_is_found_within_two_epochs():
    found = detect(make_epochs([0.72, 0.85]))
    assert found is not None
    assert found.severity == "critical"
    assert found.evidence["trend_z"] > 4


@pytest.mark.parametrize("train", [[0.2, 0.5], [0.9, 0.7], [0.75, 0.75], [0.69, 0.70]])
def test_nothing_is_found_below_guessing_or_without_a_trend(train):
    assert detect(make_epochs(train)) is None


def test_noise_is_no_trend():
    assert detect(make_epochs([0.75] * 6, noise=0.3)) is None


def test_the_first_batches_stand_in_where_guessing_is_unknown():
    assert detect(make_epochs([1.0, 1.5, 3.0], naive_loss=np.nan)) is not None
    assert detect(make_epochs([3.0, 2.0, 1.0], naive_loss=np.nan)) is None


@pytest.mark.slow
def test_a_flipped_sign_is_found_and_the_optimizer_replaced():
    result = train_rows(optimizer="adam", optimizer_options={"maximize": True})
    assert PROBLEM.key in alarms_of(result)
    assert result.trials[-1].remedy == "sound_optimizer"
    assert result.trials[-1].kept
    assert result.report.summary["best_score"] > 0.85


@pytest.mark.slow
def test_without_repair_the_finding_is_the_same_and_nothing_is_tried():
    spoiled = {"optimizer": "adam", "optimizer_options": {"maximize": True}}
    result = train_rows(**spoiled, repair=False)
    assert PROBLEM.key in alarms_of(result)
    assert not result.trials
