import numpy as np

from tests.core.problems.builders import alarms, easy_parts, kept, run, score


def freeze(parts, columns):
    X, y, X_val, y_val = parts
    X, rng = X.copy(), np.random.default_rng(0)
    X[:, columns] = 1e-9 * rng.normal(size=(len(X), len(columns)))
    centre, width = X.mean(axis=0), X.std(axis=0)
    return (X - centre) / width, y, (X_val - centre) / width, y_val


def test_a_feature_frozen_in_training_is_taken_out_of_sight():
    parts = freeze(easy_parts(n_features=8), [4, 6])
    result = run(parts, max_epochs=15)
    assert alarms(result) == {"constant_feature"}
    assert kept(result) == {"drop_feature"}
    assert score(result, *parts[2:]) > 0.85


def test_columns_that_never_change_stay_silent():
    X, y, X_val, y_val = easy_parts()
    parts = (np.c_[X, np.full(len(X), 3.0)], y, np.c_[X_val, np.full(len(X_val), 3.0)], y_val)
    assert alarms(run(parts, max_epochs=4)) == set()


def test_indicator_columns_stay_silent():
    rng = np.random.default_rng(0)
    level = rng.integers(0, 10, 800)
    X, y = np.eye(10)[level], (level < 4).astype(int)
    assert "constant_feature" not in alarms(run((X[:500], y[:500], X[500:], y[500:])))


def test_a_single_wild_cell_in_validation_makes_no_column_constant():
    X, y, X_val, y_val = easy_parts()
    X_val = X_val.copy()
    X_val[5, 0] = 1e5
    assert "constant_feature" not in alarms(run((X, y, X_val, y_val), max_epochs=3))
