import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier

from ml_training.errors import DataError
from ml_training.evaluation.boosting import read_base, read_boosted
from ml_training.evaluation.forest import read_forest
from ml_training.evaluation.trees import KINDS, Trees, blank_infinite, join_trees
from tests.evaluation.tables import draw_table

EXACT = 1e-12
"""What is asked of stored trees against scikit-learn's own."""


def hand_made() -> Trees:
    """Return two trees: a question about column 1 and then 0, and a bare leaf."""
    asks = {
        "feature": [1, -1, 0, -1, -1],
        "threshold": [0.5, 9.0, -1.0, 9.0, 9.0],
        "left": [1, 0, 3, 0, 0],
        "right": [2, 0, 4, 0, 0],
        "missing_left": [1, 0, 0, 0, 0],
        "value": [9.0, 1.0, 9.0, 2.0, 4.0],
    }
    leaf = {name: [entries[1]] for name, entries in asks.items()} | {"value": [0.25]}
    return join_trees([asks, leaf])


def changed(trees, **entries) -> dict:
    arrays = {name: array.copy() for name, array in trees.as_arrays().items()}
    for name, (at, value) in entries.items():
        arrays[name][at] = value
    return arrays


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ([0.0, 0.5], 1.0),  # equal goes left
        ([-1.0, 0.6], 2.0),
        ([0.0, 0.6], 4.0),
        ([0.0, np.nan], 1.0),  # missing goes left at the first question
        ([np.nan, 0.6], 4.0),  # and right at the second
        ([np.inf, np.inf], 4.0),
        ([-np.inf, 0.6], 2.0),
    ],
)
def test_row_falls_into_the_leaf_its_cells_lead_to(row, expected):
    assert hand_made().add_up([row]).tolist() == [expected + 0.25]


def test_depth_counts_questions_and_trees_are_counted():
    trees = hand_made()
    assert (len(trees), trees.depth) == (2, 2)
    assert (len(trees.keep(1)), trees.keep(1).depth) == (1, 2)
    assert trees.keep(0).add_up(np.zeros((3, 2))).tolist() == [0.0, 0.0, 0.0]


def test_no_rows_give_no_sums():
    assert hand_made().add_up(np.empty((0, 2))).shape == (0,)


@pytest.mark.parametrize("seed", range(6))
def test_boosted_trees_equal_scikit_learn_when_cells_are_missing(seed):
    X, y, weight = draw_table(800, gaps=0.1 * (seed % 3), seed=seed)
    model = HistGradientBoostingClassifier(
        max_iter=30, max_leaf_nodes=9, max_features=0.5, random_state=seed
    ).fit(X, y, weight)
    rows, _, _ = draw_table(500, gaps=0.3, seed=seed + 100)
    rows[::50] = 1e6
    ours = 1 / (1 + np.exp(-(read_base(model) + read_boosted(model).add_up(rows))))
    np.testing.assert_allclose(ours, model.predict_proba(rows)[:, 1], rtol=0, atol=EXACT)


@pytest.mark.parametrize("seed", range(6))
def test_forest_equals_scikit_learn_when_cells_are_missing(seed):
    X, y, weight = draw_table(800, gaps=0.1 * (seed % 3), seed=seed)
    model = RandomForestClassifier(25, min_samples_leaf=3, random_state=seed).fit(X, y, weight)
    rows, _, _ = draw_table(500, gaps=0.3, seed=seed + 100)
    single = rows.astype(np.float32).astype(np.float64)  # as scikit-learn reads them
    ours = read_forest(model).add_up(single) / 25
    np.testing.assert_allclose(ours, model.predict_proba(rows)[:, 1], rtol=0, atol=EXACT)


def test_missing_cells_alone_can_be_the_question():
    X, _, _ = draw_table(400)
    X[::3, 0] = np.nan
    y = np.isnan(X[:, 0]).astype(int)
    model = HistGradientBoostingClassifier(max_iter=5, random_state=0).fit(X, y)
    ours = 1 / (1 + np.exp(-(read_base(model) + read_boosted(model).add_up(X))))
    np.testing.assert_allclose(ours, model.predict_proba(X)[:, 1], rtol=0, atol=EXACT)
    assert ours[::3].min() > ours[1::3].max()


def test_sum_of_a_row_is_the_same_whichever_rows_stand_beside_it():
    X, y, _ = draw_table(3000, gaps=0.1)
    trees = read_boosted(HistGradientBoostingClassifier(max_iter=99, random_state=0).fit(X, y))
    one_by_one = np.concatenate([trees.add_up(X[i : i + 1]) for i in range(0, 3000, 100)])
    np.testing.assert_array_equal(one_by_one, trees.add_up(X)[::100])


def test_trees_are_the_same_when_read_back_from_arrays():
    trees = hand_made()
    again = Trees.from_arrays(trees.as_arrays())
    X = np.random.default_rng(0).standard_normal((50, 2))
    np.testing.assert_array_equal(again.add_up(X), trees.add_up(X))


@pytest.mark.parametrize(
    ("entries", "words"),
    [
        ({"left": (0, 0)}, "behind their parents"),  # a circle
        ({"right": (0, 5)}, "behind their parents"),  # into the next tree
        ({"right": (0, 3)}, "one parent"),  # two ways to one node
        ({"left": (1, 3)}, "behind their parents"),  # a leaf that goes on
        ({"feature": (0, -2)}, "0 or more"),
        ({"value": (1, np.nan)}, "finite"),
        ({"threshold": (0, np.nan)}, "numbers"),
        ({"roots": (0, 1)}, "first tree"),
        ({"roots": (1, 6)}, "rise from 0"),
        ({"roots": (1, 0)}, "rise from 0"),
    ],
)
def test_arrays_are_refused_when_they_are_no_trees(entries, words):
    with pytest.raises(ValueError, match=words):
        Trees.from_arrays(changed(hand_made(), **entries))


@pytest.mark.parametrize("name", KINDS)
def test_arrays_are_refused_when_one_is_of_another_kind_or_length(name):
    arrays = hand_made().as_arrays()
    with pytest.raises(ValueError, match=f"`{name}` must be of kind"):
        Trees.from_arrays(arrays | {name: arrays[name].astype(np.float16)})
    with pytest.raises(ValueError, match="node"):
        Trees.from_arrays(arrays | {name: arrays[name][:0]})


def test_trees_are_refused_when_they_ask_about_a_column_that_is_not_there():
    hand_made().check_columns(2)
    with pytest.raises(ValueError, match="asks about column 1, there are 1"):
        hand_made().check_columns(1)


def test_infinite_cells_count_as_missing_and_other_columns_are_refused():
    rows = blank_infinite([[np.inf, 1.0], [-np.inf, np.nan]], 2, "forest")
    assert np.isnan(rows).tolist() == [[True, False], [True, True]]
    with pytest.raises(DataError, match=r"forest was fitted on 3 features, got .*\(1, 2\)"):
        blank_infinite([[1.0, 2.0]], 3, "forest")
