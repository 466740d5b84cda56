import math

import pytest

from ml_training.core.problems.nan_inf_loss import PROBLEM, alarm_lines, detect
from tests.core.builders import make_observations
from tests.core.test_problems import assert_is_sound

NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize(("loss", "norm"), [(NAN, NAN), (INF, 1.0), (-INF, 1.0), (0.5, INF)])
def test_one_batch_is_enough_when_a_number_is_not_finite(loss, norm):
    finding = detect(make_observations([0.5, loss], [1.0, norm]))
    assert_is_sound(finding, PROBLEM.key)
    assert finding.severity == "critical"
    assert finding.step == 1


def test_the_very_first_batch_counts():
    assert detect(make_observations([NAN], [NAN])) is not None


def test_huge_numbers_are_left_to_other_problems():
    assert detect(make_observations([1e30, 1e38], [1e30, 1e38])) is None


def test_a_healed_past_is_forgotten():
    assert detect(make_observations([NAN, 0.5], [NAN, 1.0])) is None


def test_the_gradient_is_named_when_the_loss_is_fine():
    assert "gradient" in detect(make_observations([0.5], [INF])).message


def test_the_error_is_told_when_the_step_raised():
    finding = detect(make_observations([NAN], [NAN], error="ValueError: log of zero"))
    assert "log of zero" in finding.message
    assert finding.evidence["raised"] == 1.0


def test_a_rare_skipped_batch_is_no_finding():
    losses = [0.5] * 49 + [NAN]
    seen = make_observations(losses, losses, skipped=[False] * 49 + [True])
    assert detect(seen) is None


def test_many_skipped_batches_are_a_finding():
    losses = [0.5, NAN] * 20
    seen = make_observations(losses, losses, skipped=[math.isnan(v) for v in losses])
    assert detect(seen).evidence["skipped_share"] == 0.5


def test_the_lines_stop_nothing_but_what_is_not_finite():
    lines = alarm_lines(make_observations())
    assert lines["loss"] >= 1e38
    assert not lines["loss"] >= NAN
    assert not lines["gradient_norm"] >= INF
