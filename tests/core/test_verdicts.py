import numpy as np
import pytest

from ml_training.core.scores import Evaluation, balanced_hits
from ml_training.core.verdicts import (
    epoch_noise,
    is_score_better,
    is_score_ruined,
    judge,
    measure_score_tolerance,
    measure_tolerance,
    paired_error,
)


def evaluate(loss, hits=None, *, n_rows=100, noise=0.0):
    parts = loss + noise * np.random.default_rng(0).normal(size=n_rows)
    score = float("nan") if hits is None else float(np.mean(hits))
    return Evaluation(loss, score, parts, hits=hits)


def hit(n_right, n_rows=100):
    truth = np.arange(n_rows) % 2
    guesses = np.where(np.arange(n_rows) < n_right, truth, 1 - truth)
    return balanced_hits(guesses, truth)


@pytest.mark.parametrize(
    ("without", "with_", "verdict"),
    [
        (0.7, 0.5, "helped"),
        (0.7, 0.65, "no_effect"),
        (0.7, 0.75, "no_effect"),
        (0.7, 0.9, "harmed"),
        (float("nan"), 0.9, "helped"),
        (float("inf"), 0.9, "helped"),
        (0.7, float("nan"), "harmed"),
        (float("nan"), float("nan"), "no_effect"),
    ],
)
def test_a_verdict_weighs_the_difference_against_the_noise(without, with_, verdict):
    assert judge(without, with_, tolerance=0.1) == verdict


def test_the_error_of_a_paired_difference_ignores_what_rows_share():
    rng = np.random.default_rng(0)
    shared = 10 * rng.normal(size=400)
    error = paired_error(shared, shared + 0.1 * rng.normal(size=400))
    assert error == pytest.approx(0.1 / 20, rel=0.2)


def test_the_error_is_zero_when_rows_cannot_be_paired():
    assert paired_error(np.ones(3), np.ones(4)) == 0.0
    assert paired_error(np.ones(1), np.ones(1)) == 0.0
    assert paired_error(np.array([1.0, np.nan]), np.ones(2)) == 0.0


def test_epoch_noise_ignores_the_trend():
    trend = np.linspace(1.0, 0.1, 10)
    noise = 0.05 * np.random.default_rng(0).normal(size=10)
    assert epoch_noise(trend) == pytest.approx(0.0, abs=1e-9)
    assert 0.02 < epoch_noise(trend + noise) < 0.12
    assert epoch_noise(trend[:2]) == 0.0


def test_swings_of_a_branch_do_not_hide_a_gain_that_its_rows_prove():
    assert judge(1e23, 0.5, tolerance=1e24, naive_loss=0.69) == "helped"
    assert judge(0.8, 0.5, tolerance=0.4, naive_loss=0.69) == "no_effect"


def test_a_branch_alive_beside_a_dead_one_must_beat_guessing_when_told_to():
    told = {"tolerance": 0.0, "naive_loss": 0.69, "must_learn": True}
    assert judge(float("nan"), 0.70, **told) == "no_effect"
    assert judge(float("nan"), 0.60, **told) == "helped"
    assert judge(float("nan"), 0.70, tolerance=0.0, must_learn=True) == "helped"


def test_more_rows_told_rightly_count_when_the_loss_agrees():
    assert is_score_better(evaluate(0.5, hit(70)), evaluate(0.4, hit(85)))


@pytest.mark.parametrize(
    ("untreated", "treated"),
    [
        (evaluate(0.5, hit(70)), evaluate(0.6, hit(85))),
        (evaluate(0.5, hit(70)), evaluate(0.4, hit(71))),
        (evaluate(0.5, hit(70)), evaluate(0.4, hit(60))),
        (evaluate(0.5), evaluate(0.4)),
        (evaluate(float("nan"), hit(50)), evaluate(0.4, hit(90))),
    ],
)
def test_a_score_proves_nothing_alone_or_within_its_noise(untreated, treated):
    assert not is_score_better(untreated, treated)


def test_scores_of_values_have_no_tolerance():
    assert np.isnan(measure_score_tolerance(evaluate(0.5), evaluate(0.4)))


def test_random_answers_are_rarely_called_a_better_score():
    rng = np.random.default_rng(1)
    truth = rng.integers(0, 2, 120)
    called = 0
    for _ in range(1_000):
        hits = [balanced_hits(rng.integers(0, 2, 120), truth) for _ in range(2)]
        called += is_score_better(evaluate(0.5, hits[0]), evaluate(0.49, hits[1]))
    assert called <= 80


def test_the_tolerance_follows_the_rows_when_only_the_curve_swings():
    calm = measure_tolerance(evaluate(0.5), evaluate(0.5), np.full(10, 0.5))
    assert calm == pytest.approx(0.0025)
    rows = measure_tolerance(evaluate(0.5), evaluate(0.5, noise=0.1), np.full(10, 0.5))
    swings = np.resize([0.1, 5.0], 10)
    assert rows < measure_tolerance(evaluate(0.5), evaluate(0.5, noise=0.1), swings) <= 1.5 * rows


def test_a_lower_loss_is_no_help_when_the_score_is_ruined():
    assert is_score_ruined(evaluate(0.5, hit(80)), evaluate(0.1, hit(20)))
    assert not is_score_ruined(evaluate(0.5, hit(80)), evaluate(0.1, hit(78)))
    assert not is_score_ruined(evaluate(0.5), evaluate(0.1))
