from tests.core.problems.builders import alarms, easy_parts, run


def test_sixteen_rows_are_too_few():
    X, y, X_val, y_val = easy_parts()
    result = run((X[:16], y[:16], X_val, y_val), max_epochs=5)
    assert "insufficient_data" in alarms(result)
    assert "Collect more" in result.report.text()


def test_seventy_rows_stay_silent():
    X, y, X_val, y_val = easy_parts()
    assert "insufficient_data" not in alarms(run((X[:70], y[:70], X_val, y_val), max_epochs=5))
