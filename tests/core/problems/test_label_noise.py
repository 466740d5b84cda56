import numpy as np
import pytest

from tests.core.builders import make_network
from tests.core.problems.builders import alarms, easy_parts, kept, run, score


def flip(parts, share, *, seed=0):
    X, y, X_val, y_val = parts
    wrong = np.random.default_rng(seed).uniform(size=len(y)) < share
    return X, np.where(wrong, 1 - y, y), X_val, y_val


@pytest.mark.slow
def test_many_wrong_labels_are_found_and_doubtful_rows_left_out():
    parts = flip(easy_parts(1_000), 0.35)
    result = run(parts, make_network(6, width=128), max_epochs=40)
    assert "label_noise" in alarms(result)
    assert score(result, *parts[2:]) > 0.85
    assert "no_signal" not in alarms(result)


def test_a_few_wrong_labels_stay_silent():
    parts = flip(easy_parts(1_000), 0.05)
    assert "label_noise" not in alarms(run(parts, max_epochs=15))


def test_a_handful_of_rows_is_not_judged():
    parts = easy_parts(1_000)
    result = run((parts[0][:16], parts[1][:16], *parts[2:]), max_epochs=5)
    assert "label_noise" not in alarms(result)


def test_doubtful_rows_are_not_left_out_of_clean_data():
    assert "drop_doubtful" not in kept(run(easy_parts(1_000), max_epochs=15))


def test_wrong_labels_are_seen_though_early_stopping_left_nothing_to_overfit():
    parts = flip(easy_parts(1_000), 0.35)
    result = run(parts, max_epochs=40, patience=8)
    assert "label_noise" in alarms(result)
