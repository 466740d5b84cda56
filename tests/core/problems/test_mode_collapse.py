"""One answer for all rows is found when a rival tells rows apart."""

import pytest

from ml_training.core.problems.mode_collapse import PROBLEM, detect
from tests.core.problems.epochs import alarms_of, make_epochs, train_rows

COLLAPSED = {"largest_class_share": 1.0, "travel": 0.5, "score": 0.5, "rival": 0.9}


def test_one_answer_is_found():
    found = detect(make_epochs([0.7] * 3, **COLLAPSED))
    assert found is not None
    assert found.evidence["share"] == 1.0


@pytest.mark.parametrize(
    "other",
    [{"largest_class_share": 0.6}, {"travel": 0.001}, {"rival": 0.52}],
    ids=["answers_differ", "not_moved_yet", "nothing_to_tell_apart"],
)
def test_nothing_is_found_otherwise(other):
    assert detect(make_epochs([0.7] * 3, **{**COLLAPSED, **other})) is None


def test_the_first_epoch_is_not_judged():
    assert detect(make_epochs([0.7], **COLLAPSED)) is None


@pytest.mark.slow
def test_a_collapse_is_cured():
    result = train_rows(optimizer="sgd", learning_rate=50.0)
    assert alarms_of(result) & {PROBLEM.key, "lr_too_high", "exploding_gradient", "loss_spike"}
    assert result.report.summary["best_score"] > 0.85


def test_a_slow_start_whose_loss_still_falls_is_given_time():
    losses = [0.70, 0.69, 0.68, 0.66, 0.64, 0.62]
    assert detect(make_epochs(losses, **COLLAPSED)) is None
    assert detect(make_epochs([0.69] * 6, **COLLAPSED)) is not None
