import numpy as np
import pytest

from ml_training.core.problems.exploding_gradient import (
    LARGE_NORM,
    PROBLEM,
    SEVERE_NORM,
    alarm_lines,
    detect,
)
from tests.core.builders import make_observations
from tests.core.test_problems import assert_is_sound


def make_norms(last, *, n=40, usual=1.0):
    return [usual] * n + [last]


def see(norms, loss=0.7, last_loss=None, **others):
    losses = [loss] * len(norms)
    losses[-1] = loss if last_loss is None else last_loss
    return make_observations(losses, norms, **others)


def test_a_jump_that_spoils_the_loss_is_found_within_its_batch():
    finding = detect(see(make_norms(500.0), last_loss=9.0))
    assert_is_sound(finding, PROBLEM.key)
    assert finding.severity == "warning"
    assert finding.evidence["usual_norm"] == 1.0


def test_a_jump_is_critical_when_it_is_severe():
    assert detect(see(make_norms(10 * SEVERE_NORM), last_loss=9.0)).severity == "critical"


@pytest.mark.parametrize(("last", "usual"), [(LARGE_NORM - 1, 0.01), (400.0, 10.0), (5.0, 1.0)])
def test_a_gradient_is_left_alone_when_small_or_usual(last, usual):
    assert detect(see(make_norms(last, usual=usual), last_loss=9.0)) is None


def test_a_jump_is_found_one_batch_later_when_the_loss_shows_it_then():
    norms = [*make_norms(500.0), 2.0]
    assert detect(see(norms[:-1])) is None
    assert detect(see(norms, last_loss=9.0)) is not None


def test_a_jump_is_left_alone_when_the_loss_stays_usual():
    assert detect(see([*make_norms(2000.0), 1.0, 1.0])) is None


def test_heavy_tailed_gradients_are_left_alone():
    norms = np.abs(np.random.default_rng(0).standard_t(3, size=200)) + 1.0
    assert detect(see(norms.tolist())) is None


def test_large_first_gradients_are_left_alone_when_they_come_down():
    norms = np.geomspace(1e5, 10.0, 15).tolist()
    for n in range(1, 16):
        assert detect(see(norms[:n], loss=100.0)) is None


def test_large_gradients_are_found_when_they_never_come_down():
    norms = [5e5] * 12
    assert detect(see(norms[:5], loss=1e4)) is None
    finding = detect(see(norms, loss=1e4))
    assert_is_sound(finding, PROBLEM.key)
    assert "does not come down" in finding.message


def test_large_gradients_are_left_alone_when_the_loss_is_near_naive():
    assert detect(see([5e3] * 12, loss=1.0)) is None


def test_large_gradients_are_left_alone_when_the_naive_loss_is_unknown():
    assert detect(see([5e3] * 12, loss=1e4, naive_loss=float("nan"))) is None


def test_numbers_that_are_not_finite_are_left_to_another_problem():
    assert detect(see(make_norms(float("inf")))) is None


def test_the_line_follows_what_is_usual():
    assert alarm_lines(see([1.0] * 40))["gradient_norm"] == LARGE_NORM
    assert alarm_lines(see([1e3] * 40))["gradient_norm"] > 1e4
    assert alarm_lines(see([1.0] * 3))["gradient_norm"] == SEVERE_NORM
    assert alarm_lines(see([1.0] * 40))["loss"] == pytest.approx(2.1)
