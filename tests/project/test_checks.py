"""What would lose or double runs is refused before anything starts."""

import pytest

from ml_training.checks import check_queue


def check(settings, **changes):
    """Return the ids of what the checks say about changed settings."""
    settings.Q_CLUSTER = settings.Q_CLUSTER | changes
    return [found.id for found in check_queue(None)]


def test_settings_of_the_project_are_fine(settings):
    assert check(settings) == []


@pytest.mark.parametrize(
    ("changes", "ids"),
    [
        ({"timeout": 60}, ["ml_training.E003"]),
        ({"retry": 60}, ["ml_training.E004"]),
        ({"timeout": None}, ["ml_training.E004"]),
        ({"sync": True}, ["ml_training.E005"]),
        ({"max_attempts": 0}, ["ml_training.W001"]),
        ({"ack_failures": False}, ["ml_training.W001"]),
        ({"orm": None, "redis": {"host": "h"}}, ["ml_training.W002"]),
    ],
)
def test_setting_is_named_when_it_does_not_fit(settings, changes, ids):
    assert check(settings, **changes) == ids


def test_missing_queue_is_named(settings):
    settings.Q_CLUSTER = {}
    assert [found.id for found in check_queue(None)] == ["ml_training.E002"]


def test_own_settings_are_checked_first(settings):
    settings.ML_TRAINING = {"isolation": "thread"}
    (found,) = check_queue(None)
    assert found.id == "ml_training.E001"
    assert "subprocess, inline, got 'thread'" in found.msg


def test_longer_runs_need_a_longer_timeout(settings):
    settings.ML_TRAINING = {"wall_s": 48 * 3600.0}
    assert check(settings) == ["ml_training.E003"]


def test_queues_are_named_when_no_cluster_can_serve_them(settings):
    settings.ML_TRAINING = {"queues": {"cuda": "train-gpu"}}
    assert check(settings) == []
    settings.Q_CLUSTER = {k: v for k, v in settings.Q_CLUSTER.items() if k != "ALT_CLUSTERS"}
    assert check(settings) == ["ml_training.E006"]
