"""What simple methods know: they must see a signal, and never see one in noise."""

import numpy as np
import pytest

from ml_training.core.neighbours import (
    as_targets,
    ask_simple_methods,
    measure_line,
    measure_single,
)

SURE = 3.0


def ask(X, y, *, n_classes=2):
    n = int(0.7 * len(X))
    return ask_simple_methods(X[:n], y[:n], X[n:], y[n:], n_classes=n_classes)


def draw(n=1_000, n_columns=5, *, seed=0):
    return np.random.default_rng(seed).normal(size=(n, n_columns))


def test_a_weak_line_is_seen():
    X = draw(4_000, 12)
    chance = 1 / (1 + np.exp(-0.3 * X[:, 0]))
    y = (np.random.default_rng(1).uniform(size=4_000) < chance).astype(int)
    assert ask(X, y).line > SURE


def test_a_sphere_is_seen_by_bends():
    X = draw(600, 10)
    y = ((X**2).sum(axis=1) > 9.3).astype(int)
    known = ask(X, y)
    assert known.bends > 8.0
    assert known.line < SURE


def test_a_checkerboard_is_seen_by_neighbours():
    X = np.random.default_rng(0).uniform(0, 4, size=(1_000, 2))
    y = (np.floor(X).sum(axis=1) % 2).astype(int)
    assert ask(X, y).near > 8.0


@pytest.mark.parametrize("n_classes", [0, 2, 5])
@pytest.mark.parametrize("seed", range(4))
def test_noise_shows_nothing(seed, n_classes):
    rng = np.random.default_rng(seed)
    y = rng.integers(0, n_classes, 800) if n_classes else rng.normal(size=800)
    known = ask(draw(800, seed=seed + 50), y, n_classes=n_classes)
    assert max(known.line, known.bends, known.near) < SURE


def test_wrong_training_labels_agree_less_than_validation_labels():
    X = draw()
    y = (X[:, 0] > 0).astype(int)
    spoiled = y.copy()
    spoiled[:700:3] = 1 - spoiled[:700:3]
    known = ask(X, spoiled)
    assert known.agreement_held - known.agreement > 0.1


def test_a_hard_task_is_as_hard_in_validation():
    X = draw(2_000)
    y = (X[:, 0] + 2 * np.random.default_rng(1).normal(size=2_000) > 0).astype(int)
    known = ask(X, y)
    assert abs(known.agreement_held - known.agreement) < 0.06


def test_constant_columns_do_no_harm():
    X = draw()
    y = (X[:, 0] > 0).astype(int)
    assert ask(np.column_stack([X, np.ones(1_000)]), y).line > SURE


def test_one_telling_column_of_sixty_is_not_diluted():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(3_000, 60))
    y = np.where(rng.uniform(size=3_000) < 0.56, X[:, 7] > 0, X[:, 7] <= 0).astype(int)
    T = as_targets(y, 2)
    assert measure_single(X, T) > max(measure_line(X, T), 2.5)


def test_the_best_of_many_columns_of_noise_tells_nothing():
    told = []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        T = as_targets(rng.integers(0, 2, 500), 2)
        told.append(measure_single(rng.normal(size=(500, 30)), T))
    assert np.mean(np.array(told) > 2.5) <= 0.05
    assert measure_single(np.zeros((500, 3)), T) < 0
