import numpy as np
import pytest
from torch import nn

from tests.core.builders import make_network, make_values
from tests.core.problems.builders import alarms, easy_parts, kept, run, score, split


def throw(X, distance, share=0.02, *, seed=0):
    rows = np.random.default_rng(seed).choice(len(X), int(share * len(X)), replace=False)
    X = X.copy()
    X[rows] += distance * np.where(rows % 2 == 0, 1.0, -1.0)[:, None]
    return X


@pytest.mark.parametrize("distance", [1e3, 1e6])
def test_far_rows_are_left_out_and_scores_come_back(distance):
    X, y, X_val, y_val = easy_parts()
    X = throw(X, distance)
    centre, width = X.mean(axis=0), X.std(axis=0)  # as a careless user would scale them
    result = run(((X - centre) / width, y, (X_val - centre) / width, y_val), max_epochs=20)
    assert "outliers" in alarms(result)
    assert result.status == "repaired"
    assert score(result, (X_val - centre) / width, y_val) > 0.85


def test_far_targets_are_left_out():
    X, y, X_val, y_val = split(*make_values(600))
    y = y.copy()
    y[::50] += 500.0
    model = make_network(4, width=16, is_normalised=False)
    result = run((X, y, X_val, y_val), model, loss=nn.MSELoss(), max_epochs=30)
    assert "drop_outliers" in kept(result)
    assert np.corrcoef(result.predict(X_val), y_val)[0, 1] > 0.95
    assert np.abs(result.predict(X_val) - y_val).mean() < 1.0


def test_later_far_rows_are_pulled_back():
    X, y, X_val, y_val = easy_parts()
    result = run((throw(X, 1e4), y, X_val, y_val), max_epochs=8)
    assert np.isfinite(result.predict_proba(X_val * 1e9)).all()


def test_heavy_tails_stay_silent():
    rng = np.random.default_rng(0)
    X = rng.standard_t(3, size=(900, 6))
    y = (X[:, 0] - X[:, 1] + 0.4 * rng.normal(size=900) > 0).astype(int)
    assert "outliers" not in alarms(run(split(X, y), max_epochs=4))


def test_healthy_rows_stay_silent():
    assert alarms(run(easy_parts(), max_epochs=6)) == set()


def test_wild_cells_of_validation_alone_are_fenced():
    X, y, X_val, y_val = easy_parts()
    wild = X_val.copy()
    wild[:3, 0] = 1e6
    result = run((X, y, wild, y_val), max_epochs=12)
    assert "outliers" in alarms(result)
    assert {"winsorise_cells", "robust_scaling"} & set(kept(result))
    assert score(result, X_val, y_val) > 0.85


def test_validation_with_tails_like_those_of_training_is_left_alone():
    rng = np.random.default_rng(0)
    X, X_val = rng.standard_t(2.0, size=(900, 6)), rng.standard_t(2.0, size=(300, 6))
    parts = X, (X[:, 0] > 0).astype(int), X_val, (X_val[:, 0] > 0).astype(int)
    assert "outliers" not in alarms(run(parts, max_epochs=3))
