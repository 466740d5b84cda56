"""Runs that end too early are found and go on; weak signals are not underfitting."""

import pytest
from torch import nn

from ml_training.core.problems.underfitting import PROBLEM, detect
from tests.core.problems.epochs import alarms_of, make_epochs, train_rows


def test_a_run_that_ends_behind_a_rival_is_found():
    assert detect(make_epochs([0.7, 0.68], score=0.6, rival=0.9, epochs_left=0.0)) is not None


def test_a_run_that_goes_on_is_not_judged():
    assert detect(make_epochs([0.7, 0.68], score=0.6, rival=0.9, epochs_left=3.0)) is None


def test_a_run_about_to_be_stopped_early_is_judged():
    validation = [0.6, *[0.65] * 3]
    seen = make_epochs([0.6] * 4, validation, score=0.6, rival=0.9, epochs_left=9.0, patience=3.0)
    assert detect(seen) is not None


@pytest.mark.parametrize(("score", "rival"), [(0.55, 0.57), (0.9, 0.92), (0.9, float("nan"))])
def test_a_weak_signal_or_an_equal_rival_is_no_underfitting(score, rival):
    assert detect(make_epochs([0.69], score=score, rival=rival, epochs_left=0.0)) is None


@pytest.mark.slow
def test_a_plan_that_is_too_short_goes_on_past_its_end():
    result = train_rows(max_epochs=2, optimizer="sgd", learning_rate=0.003)
    assert alarms_of(result) & {PROBLEM.key, "lr_too_low"}
    assert result.report.summary["best_score"] > 0.85
    assert result.report.summary["n_steps"] <= 5_500


@pytest.mark.slow
def test_heavy_decay_ends_well():
    result = train_rows(optimizer="adam", optimizer_options={"weight_decay": 2.0})
    assert result.report.summary["best_score"] > 0.85


@pytest.mark.slow
def test_a_bottleneck_is_widened():
    narrow = nn.Sequential(nn.Linear(6, 1), nn.ReLU(), nn.Linear(1, 1))
    nn.init.constant_(narrow[0].bias, -30.0)
    assert train_rows(model=narrow).report.summary["best_score"] > 0.85
