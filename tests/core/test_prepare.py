import numpy as np
import pytest

from ml_training.core.arrays import LARGEST, as_column, as_rows, as_weights
from ml_training.core.errors import DataError
from ml_training.core.prepare import decide_task, prepare
from tests.core.builders import make_rows


def prepare_plainly(X, y, X_val=None, y_val=None, *, task="auto", sample_weight=None):
    return prepare(X, y, X_val, y_val, task=task, sample_weight=sample_weight)


@pytest.mark.parametrize(
    ("y", "task"),
    [
        ([0, 1, 1], "binary"),
        ([0.0, 1.0, 1.0], "binary"),
        ([True, False, True], "binary"),
        (["up", "down", "up"], "binary"),
        ([5, 6, 7], "multiclass"),
        ([0.5, 1.5, 2.0], "regression"),
        ([1.0, 2.0, 3.0], "regression"),
    ],
)
def test_the_task_follows_from_the_targets(y, task):
    assert decide_task(np.array(y), "auto") == task


def test_the_task_asked_for_is_kept_when_it_fits():
    assert decide_task(np.array([1, 2, 3]), "regression") == "regression"
    assert decide_task(np.array([0, 1]), "multiclass") == "multiclass"


def test_labels_become_places():
    prepared = prepare_plainly(np.zeros((4, 1)), [9, 4, 9, 4], np.zeros((1, 1)), [9])
    assert prepared.classes.tolist() == [4, 9]
    assert prepared.train.y.tolist() == [1, 0, 1, 0]
    assert prepared.validation.y.tolist() == [1]


def test_validation_rows_of_unknown_classes_are_left_out_and_counted():
    X, y = make_rows(20)
    prepared = prepare_plainly(X, y, X[:3], [0, 1, 7])
    assert len(prepared.validation) == 2
    assert "1 validation rows of classes unknown" in prepared.notes[0]


def test_training_rows_validate_when_no_validation_row_is_usable():
    X, y = make_rows(50)
    prepared = prepare_plainly(X, y, X[:3], [7, 8, 9])
    assert len(prepared.validation) == 10
    assert len(prepared.notes) == 2


def test_the_last_rows_validate_when_none_are_given():
    X, y = make_rows(50)
    prepared = prepare_plainly(X, y)
    assert np.array_equal(prepared.validation.X, X[40:])
    assert len(prepared.train) == 40


def test_every_class_is_trained_on_when_targets_are_sorted():
    X, _ = make_rows(50)
    prepared = prepare_plainly(X, np.repeat([0, 1], [40, 10]))
    assert set(prepared.train.y) == {0, 1}
    assert "fifth row" in prepared.notes[0]


def test_few_rows_are_shared():
    X, y = make_rows(6)
    prepared = prepare_plainly(X, y)
    assert len(prepared.train) == len(prepared.validation) == 6


def test_empty_validation_counts_as_none():
    X, y = make_rows(50)
    assert len(prepare_plainly(X, y, X[:0], y[:0]).validation) == 10


def test_targets_that_are_not_numbers_are_left_out():
    X = np.zeros((4, 2))
    prepared = prepare_plainly(X, [1.5, np.nan, 2.5, np.inf], X, [0.5, 1.0, np.nan, 2.0])
    assert prepared.train.y.tolist() == [1.5, 2.5]
    assert prepared.validation.y.tolist() == [0.5, 1.0, 2.0]
    assert len(prepared.notes) == 2


def test_nothing_usable_is_refused():
    with pytest.raises(DataError, match="no training row has a finite target"):
        prepare_plainly(np.zeros((3, 2)), np.full(3, np.nan), task="regression")


def test_weights_follow_their_rows():
    X, y = make_rows(50)
    prepared = prepare_plainly(X, y, sample_weight=np.arange(50.0))
    assert np.allclose(prepared.train.weight, np.arange(40.0) / 24.5)


def test_one_answer_is_noticed():
    assert prepare_plainly(np.zeros((5, 1)), [3] * 5).has_one_answer
    assert prepare_plainly(np.zeros((5, 1)), [0.5] * 5).has_one_answer
    assert not prepare_plainly(np.zeros((5, 1)), [3, 3, 3, 3, 2]).has_one_answer


def test_the_callers_arrays_stay_as_they_are():
    X, y = make_rows(50)
    X[0, 0] = np.inf
    before = X.copy()
    prepare_plainly(X, y)
    assert np.array_equal(X, before)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 2 * LARGEST, -1e300])
def test_cells_that_cannot_be_used_are_marked_missing(bad):
    assert np.isnan(as_rows([[1.0, bad]], name="X")).tolist() == [[False, True]]


def test_whole_numbers_and_truth_values_are_rows():
    assert as_rows([[1, 2]], name="X").dtype == np.float64
    assert as_rows([[True, False]], name="X").tolist() == [[1.0, 0.0]]


def test_missing_values_of_an_object_table_are_marked():
    assert np.isnan(as_rows(np.array([[1.0, None]], dtype=object), name="X")[0, 1])


def test_a_column_may_have_a_second_dimension_of_one():
    assert as_column([[1], [2]], name="y", n_rows=2).tolist() == [1, 2]


def test_equal_weights_count_as_none():
    assert as_weights(np.full(5, 3.0), n_rows=5) is None


def test_weights_have_a_mean_of_one():
    assert as_weights([1.0, 3.0], n_rows=2).tolist() == [0.5, 1.5]


@pytest.mark.parametrize("bad", [[-1.0, 2.0], [0.0, 0.0], [np.nan, 1.0], [np.inf, 1.0]])
def test_weights_without_sense_are_refused(bad):
    with pytest.raises(DataError, match="leave it out"):
        as_weights(bad, n_rows=2)
