import json

import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier

from ml_training.errors import DataError
from ml_training.evaluation import forest
from ml_training.evaluation.forest import ForestBaseline, read_forest
from ml_training.evaluation.metrics import measure_auc
from ml_training.evaluation.trees import LEAF
from tests.evaluation.tables import draw_table


@pytest.fixture(scope="module")
def table():
    X, y, weight = draw_table(700, strength=2.0, gaps=0.05)
    X[::9, 0] = np.inf
    X[1::9, 3] = -1e300  # beyond single precision
    return X, y, weight


@pytest.fixture(scope="module")
def model(table):
    return ForestBaseline.fit(*table)


def again(model):
    return ForestBaseline.from_stored(json.loads(json.dumps(model.as_dict())), model.as_arrays())


def test_winners_are_ranked_first_when_two_columns_together_tell_them(model):
    X_new, y_new, _ = draw_table(1500, strength=2.0, seed=1)
    assert measure_auc(y_new, model.predict_proba(X_new)) > 0.8


def test_numbers_are_the_same_to_the_last_bit_when_read_back(table, model):
    np.testing.assert_array_equal(
        again(model).predict_proba(table[0]), model.predict_proba(table[0])
    )


@pytest.mark.parametrize("n_threads", [1, 3])
def test_number_of_threads_changes_no_digit(n_threads, table, model, monkeypatch):
    monkeypatch.setattr(forest, "N_THREADS", n_threads)
    twin = ForestBaseline.fit(*table)
    np.testing.assert_array_equal(twin.predict_proba(table[0]), model.predict_proba(table[0]))


def test_chances_are_scikit_learns_when_nothing_pulls_at_the_leaves(monkeypatch):
    X, y, weight = draw_table(300)
    monkeypatch.setattr(forest, "PULL", 0.0)
    model = ForestBaseline.fit(X, y, weight, seed=4)
    share = forest.LEAF_SHARE * forest.SHARE_OF_ROWS
    rival = RandomForestClassifier(
        forest.N_TREES,
        min_samples_leaf=max(forest.SMALLEST_LEAF, round(share * 300)),
        max_samples=forest.SHARE_OF_ROWS,
        random_state=4,
    ).fit(X, y, weight)
    expected = rival.predict_proba(X)[:, 1]
    np.testing.assert_allclose(model.predict_proba(X), expected, rtol=0, atol=1e-12)


def test_leaves_lie_nearer_to_the_base_rate_when_it_pulls():
    X, y, weight = draw_table(300)
    base = np.average(y, weights=weight)
    rival = RandomForestClassifier(3, min_samples_leaf=20, random_state=0).fit(X, y, weight)
    free, drawn = (read_forest(rival, base_rate=base, pull=pull) for pull in (0.0, 100.0))
    leaf = free.feature == LEAF
    assert (np.abs(drawn.value - base) < np.abs(free.value - base))[leaf].all()


def test_chances_hardly_leave_the_base_rate_when_there_is_nothing_to_learn():
    X, y, weight = draw_table(2000, strength=0.0)
    new, _, _ = draw_table(500, strength=0.0, seed=1)
    chances = ForestBaseline.fit(X, y, weight).predict_proba(new)
    assert np.abs(chances - np.average(y, weights=weight)).max() < 0.1


def test_forest_refuses_in_words_when_one_class_occurs_or_columns_differ(table, model):
    with pytest.raises(DataError, match="needs wins and losses"):
        ForestBaseline.fit(table[0], np.ones(700))
    with pytest.raises(DataError, match="fitted on 6 features"):
        model.predict_proba(table[0][:, :5])


def test_stored_forest_is_refused_when_a_leaf_holds_no_share(model):
    arrays = {**model.as_arrays(), "value": model.trees.value + 1.0}
    with pytest.raises(ValueError, match="leaves are shares"):
        ForestBaseline.from_stored(model.as_dict(), arrays)
    with pytest.raises(ValueError, match="asks about column"):
        ForestBaseline.from_stored({"n_features": 1}, model.as_arrays())
