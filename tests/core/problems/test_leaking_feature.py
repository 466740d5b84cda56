import numpy as np

from tests.core.builders import make_values
from tests.core.problems.builders import alarms, easy_parts, run, split


def test_a_copy_of_the_answer_is_an_alarm():
    X, y, X_val, y_val = easy_parts()
    rng = np.random.default_rng(0)
    parts = [np.c_[rows, told + 0.03 * rng.normal(size=len(told))]
             for rows, told in ((X, y), (X_val, y_val))]  # fmt: skip
    result = run((parts[0], y, parts[1], y_val), max_epochs=4)
    assert "leaking_feature" in alarms(result)
    assert result.status == "unresolved"
    assert "Column 6" in result.report.text()


def test_a_copy_of_a_value_is_an_alarm():
    X, y = make_values(500)
    X = np.c_[X[:, 1:], y + 0.02 * np.random.default_rng(0).normal(size=500)]
    y = y + 0.0
    X[:, 0] = np.random.default_rng(1).normal(size=500)
    assert "leaking_feature" in alarms(run(split(X, y), max_epochs=3))


def test_one_honest_dominant_feature_stays_silent():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(600, 6))
    y = (X[:, 0] + 0.15 * rng.normal(size=600) > 0).astype(int)
    assert "leaking_feature" not in alarms(run(split(X, y), max_epochs=3))


def test_separable_clouds_stay_silent():
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 600)
    X = rng.normal(size=(600, 4)) + 20.0 * y[:, None]
    assert "leaking_feature" not in alarms(run(split(X, y), max_epochs=3))


def test_a_single_feature_stays_silent():
    X = np.random.default_rng(0).uniform(0, 3, size=(400, 1))
    assert "leaking_feature" not in alarms(run(split(X, 2.0 * X[:, 0] + 1.0), max_epochs=3))
