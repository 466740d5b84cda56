import numpy as np
import pytest

from tests.core.problems.builders import alarms, easy_parts, run


def test_moved_validation_rows_are_refused_in_words():
    X, y, X_val, y_val = easy_parts()
    result = run((X, y, X_val + np.array([4.0, 4.0, 4.0, 0, 0, 0]), y_val))
    assert result.status == "refused"
    assert result.model is None
    assert "Distribution shift" in result.report.text()
    assert np.allclose(result.predict_proba(X_val)[:, 1], y.mean())


@pytest.mark.parametrize("factor", [10.0, 0.05])
def test_stretched_validation_rows_are_refused(factor):
    X, y, X_val, y_val = easy_parts()
    assert run((X, y, factor * X_val, y_val)).status == "refused"


def test_one_moved_column_of_many_is_an_alarm_and_training_goes_on():
    X, y, X_val, y_val = easy_parts(n_features=10)
    result = run((X, y, X_val + 5.0 * (np.arange(10) == 9), y_val), max_epochs=4)
    assert "distribution_shift" in alarms(result)
    assert result.status == "unresolved"
    assert result.model is not None


@pytest.mark.parametrize("seed", range(5))
def test_small_identical_samples_stay_silent(seed):
    X, y, X_val, y_val = easy_parts(120, seed=seed, n_features=20)
    assert "distribution_shift" not in alarms(run((X, y, X_val, y_val), max_epochs=2))


def test_nothing_is_refused_when_only_watching():
    X, y, X_val, y_val = easy_parts()
    result = run((X, y, X_val + 4.0, y_val), repair=False, max_epochs=2)
    assert "distribution_shift" in alarms(result)
    assert result.status == "unresolved"
    assert result.model is not None


def test_it_can_be_switched_off():
    X, y, X_val, y_val = easy_parts()
    result = run((X, y, X_val + 4.0, y_val), switched_off={"distribution_shift"}, max_epochs=2)
    assert result.model is not None


def keep_share(parts, share, *, n_rows=200):
    """Return the parts with validation rows in which one class has this share."""
    X, y, X_val, y_val = parts
    ones, zeros = np.flatnonzero(y_val == 1), np.flatnonzero(y_val == 0)
    n_ones = min(round(share * n_rows), len(ones))
    chosen = np.r_[ones[:n_ones], zeros[: round(n_ones * (1 - share) / share)]]
    return X, y, X_val[chosen], y_val[chosen]


def test_answers_that_turned_around_in_validation_are_refused_in_words():
    result = run(keep_share(easy_parts(1_500), 0.9))
    assert result.status == "refused"
    assert "other answers" in result.report.text().replace("\n", " ")


def test_a_moderate_change_of_the_answers_is_an_alarm_and_training_goes_on():
    result = run(keep_share(easy_parts(1_500), 0.74), max_epochs=4)
    assert "distribution_shift" in alarms(result)
    assert result.model is not None


@pytest.mark.parametrize("seed", range(5))
def test_answers_of_a_small_random_part_stay_silent(seed):
    rng = np.random.default_rng(seed)
    X, y, X_val, y_val = easy_parts(400, seed=seed)
    chosen = rng.permutation(len(y_val))[:60]
    result = run((X, y, X_val[chosen], y_val[chosen]), max_epochs=2)
    assert "distribution_shift" not in alarms(result)


def test_training_that_lacks_a_class_is_left_to_the_weights():
    X, y, X_val, y_val = easy_parts(1_500)
    rare = np.flatnonzero((y == 0) | (np.arange(len(y)) % 12 == 0))
    result = run((X[rare], y[rare], X_val, y_val), max_epochs=3)
    assert "distribution_shift" not in alarms(result)
