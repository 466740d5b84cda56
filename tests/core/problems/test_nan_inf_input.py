import numpy as np
import pytest

from tests.core.problems.builders import alarms, easy_parts, run, score


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e300])
def test_scattered_cells_are_an_alarm_and_harm_nobody(value):
    X, y, X_val, y_val = easy_parts()
    X = X.copy()
    X[np.random.default_rng(0).uniform(size=X.shape) < 0.01] = value
    result = run((X, y, X_val, y_val))
    assert "nan_inf_input" in alarms(result)
    assert result.status == "repaired"
    assert score(result, X_val, y_val) > 0.85


def test_the_warm_up_of_an_indicator_is_information():
    X, y, X_val, y_val = easy_parts()
    X = X.copy()
    X[:20, 3] = np.nan
    result = run((X, y, X_val, y_val))
    assert [f.severity for f in result.findings if f.problem == "nan_inf_input"] == ["info"]
    assert result.status == "healthy"


def test_a_single_cell_is_information():
    X, y, X_val, y_val = easy_parts()
    X = X.copy()
    X[200, 3] = np.nan
    assert run((X, y, X_val, y_val)).status == "healthy"


def test_complete_rows_are_not_mentioned():
    assert not [f for f in run(easy_parts(), max_epochs=3).findings if "nan" in f.problem]
