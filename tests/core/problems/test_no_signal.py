import numpy as np
import pytest

from tests.core.builders import make_network, make_values
from tests.core.problems.builders import alarms, easy_parts, run, split


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("n_classes", [2, 4])
def test_labels_without_signal_are_refused(seed, n_classes):
    rng = np.random.default_rng(seed)
    X, y = rng.normal(size=(900, 6)), rng.integers(0, n_classes, 900)
    network = make_network(6, 1 if n_classes == 2 else n_classes)
    result = run(split(X, y), network)
    assert result.status == "refused"
    assert "no_signal" in alarms(result)
    assert result.model is None


def test_shuffled_labels_are_refused_when_validation_is_honest():
    X, y, X_val, y_val = easy_parts(900)
    y = np.random.default_rng(2).permutation(y)
    assert run((X, y, X_val, y_val)).status == "refused"


def test_shuffled_values_are_refused():
    X, y, X_val, y_val = split(*make_values(900))
    y = np.random.default_rng(1).permutation(y)
    assert "no_signal" in alarms(run((X, y, X_val, y_val), max_epochs=20))


@pytest.mark.slow
def test_a_weak_signal_stays_silent():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(4_000, 12))
    chance = 1 / (1 + np.exp(-(0.2 * X[:, 0] - 0.15 * X[:, 1] + 0.15 * X[:, 2] * X[:, 3])))
    y = (rng.uniform(size=4_000) < chance).astype(int)
    result = run(split(X, y), batch_size=64, learning_rate=1e-3, max_epochs=10)
    assert "no_signal" not in alarms(result)
    assert result.model is not None


def test_a_signal_no_line_sees_stays_silent():
    rng = np.random.default_rng(0)
    X = rng.uniform(0, 2, size=(900, 2))
    y = (np.floor(X).sum(axis=1) % 2).astype(int)
    assert "no_signal" not in alarms(run(split(X, y), learning_rate=1e-4, max_epochs=6))


def test_few_rows_are_not_judged():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(100, 4)), rng.integers(0, 2, 100)
    assert "no_signal" not in alarms(run(split(X, y), max_epochs=8))
