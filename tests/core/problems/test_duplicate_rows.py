import numpy as np

from tests.core.problems.builders import alarms, easy_parts, kept, run, score


def repeat(parts, n_rows, times, *, flip):
    X, y, X_val, y_val = parts
    answers = 1 - y[:n_rows] if flip else y[:n_rows]
    X = np.vstack([X, np.repeat(X[:n_rows], times, axis=0)])
    return X, np.concatenate([y, np.repeat(answers, times)]), X_val, y_val


def test_copies_with_another_answer_are_left_out():
    parts = repeat(easy_parts(), 25, 30, flip=True)
    result = run(parts, max_epochs=15)
    assert "duplicate_rows" in alarms(result)
    assert "drop_copies" in kept(result)
    assert score(result, *parts[2:]) > 0.85


def test_copies_with_the_same_answer_stay_silent():
    assert "duplicate_rows" not in alarms(run(repeat(easy_parts(), 25, 4, flip=False)))


def test_validation_rows_known_to_training_are_an_alarm():
    X, y, X_val, y_val = easy_parts()
    result = run((np.vstack([X, X_val]), np.concatenate([y, y_val]), X_val, y_val), max_epochs=3)
    assert "duplicate_rows" in alarms(result)
    assert result.status == "unresolved"


def test_rows_of_a_few_categories_stay_silent():
    rng = np.random.default_rng(0)
    X = rng.integers(0, 3, size=(700, 4)).astype(float)
    y = (rng.uniform(size=700) < 0.2 + 0.2 * X[:, 0]).astype(int)
    assert "duplicate_rows" not in alarms(run((X[:450], y[:450], X[450:], y[450:]), max_epochs=4))
