"""The ML_TRAINING setting is read into one object and checked."""

import pytest
from django.core.exceptions import ImproperlyConfigured

from ml_training.conf import MLTrainingConf, read_conf


def test_defaults_hold_when_nothing_is_set(settings):
    del settings.ML_TRAINING
    assert read_conf() == MLTrainingConf()


def test_value_is_taken_when_set(settings):
    settings.ML_TRAINING = {"batch_points": 10}
    assert read_conf().batch_points == 10


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ({"batch_point": 10}, "no 'batch_point'; it knows"),
        ({"batch_points": 0}, "at least 1, got 0"),
        ({"record_interval_s": -1}, "must be >= 0, got -1"),
        ({"keep_states_days": -1}, "'keep_states_days'. must be >= 0, got -1"),
        ({"token_days": -0.5}, "'token_days'. must be >= 0, got -0.5"),
        ({"queues": {"tpu": "x"}}, "'queues'. must name a queue for some of auto, cpu"),
        ({"queues": {"cpu": ""}}, "'queues'. must name a queue"),
        ({"max_failures": 0}, "'max_failures'. must be at least 1, got 0"),
        ({"isolation": "thread"}, "one of subprocess, inline, got 'thread'"),
        ({"heartbeat_s": 20.0}, "at least twice 'heartbeat_s'"),
        ({"heartbeat_s": 0.0}, "must be\n?.*> 0"),
    ],
)
def test_setting_is_refused_when_it_makes_no_sense(settings, setting, words):
    settings.ML_TRAINING = setting
    with pytest.raises(ImproperlyConfigured, match=words):
        read_conf()
