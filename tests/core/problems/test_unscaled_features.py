import numpy as np
import pytest

from ml_training.core.facts import measure_columns
from ml_training.core.problems.unscaled_features import PROBLEM, detect
from tests.core.builders import make_network, make_observations
from tests.core.problems.builders import alarms, easy_parts, kept, run
from tests.core.test_problems import assert_is_sound


def see(X):
    return make_observations(columns=measure_columns(np.asarray(X, float)))


def make_table(*scales, n=400, seed=0):
    return np.random.default_rng(seed).normal(size=(n, len(scales))) * np.array(scales)


def test_one_huge_column_is_found_and_named():
    finding = detect(see(make_table(1.0, 1e5, 1.0)))
    assert_is_sound(finding, PROBLEM.key)
    assert finding.severity == "warning"
    assert finding.evidence["largest_column"] == 1.0


def test_far_from_zero_is_as_bad_as_wide():
    assert detect(see(make_table(1.0, 1.0) + np.array([0.0, 5000.0]))).severity == "warning"


def test_a_tiny_table_is_found():
    assert detect(see(make_table(1e-5, 1e-6))).severity == "warning"


@pytest.mark.parametrize("scales", [(1.0, 20.0), (30.0, 30.0)])
def test_moderate_scales_are_information_only(scales):
    assert not detect(see(make_table(*scales))).is_alarm


def test_standard_columns_are_left_alone():
    assert detect(see(make_table(1.0, 0.5, 3.0))) is None


def test_rare_binary_columns_are_left_alone():
    X = make_table(1.0, 1.0, 1.0)
    X[:, 1] = np.arange(400) < 2
    assert detect(see(X)) is None


def test_constant_pixels_are_left_alone():
    X = np.random.default_rng(0).uniform(size=(300, 20))
    X[:, 3] = 0.0
    X[:, 4] = 0.0
    X[0, 4] = 0.01
    assert detect(see(X)) is None


def test_heavy_tails_are_left_alone():
    X = np.random.default_rng(0).standard_t(3, size=(500, 5))
    assert detect(see((X - X.mean(axis=0)) / X.std(axis=0))) is None


def test_a_few_outliers_are_left_to_another_problem():
    X = make_table(1.0, 1.0)
    X[:3, 0] = 1e6
    assert detect(see(X)) is None


def test_a_constant_column_near_zero_is_left_alone():
    X = make_table(1.0, 1.0)
    X[:, 0] = 7.0
    assert detect(see(X)) is None


def test_a_table_of_constants_near_zero_is_left_alone():
    assert detect(see(np.full((30, 3), 7.0))) is None


def test_a_constant_column_far_from_zero_is_unscaled():
    X, y, X_val, y_val = easy_parts()
    X, X_val = (np.hstack([rows, np.full((len(rows), 1), 1e6)]) for rows in (X, X_val))
    result = run((X, y, X_val, y_val), make_network(7), max_epochs=12)
    assert "unscaled_features" in alarms(result)
    assert "robust_scaling" in kept(result)


def test_tiny_values_to_predict_are_scaled_for_a_network_that_would_drown_them():
    X, _, X_val, _ = easy_parts()
    y, y_val = 1e-3 * X[:, 0], 1e-3 * X_val[:, 0]
    result = run((X, y, X_val, y_val), make_network(6), max_epochs=12, task="regression")
    assert "unscaled_features" in alarms(result)
    assert "scale_targets" in kept(result)
