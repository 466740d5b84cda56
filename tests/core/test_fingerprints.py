from functools import partial

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from torch import nn

from ml_training.core.fingerprints import describe, fingerprint, hash_array
from ml_training.core.prepare import prepare
from ml_training.core.settings import TrainSettings
from tests.core.builders import make_rows


def mark(X, y, *, weight=None, **settings):
    prepared = prepare(X, y, None, None, task="auto", sample_weight=weight)
    return fingerprint(TrainSettings(**settings), prepared)


def differing(some, others):
    return {name for name in some if some[name] != others[name]}


def test_the_same_arguments_have_the_same_marks():
    assert mark(*make_rows(), loss=nn.MSELoss()) == mark(*make_rows(), loss=nn.MSELoss())


def test_lists_have_the_marks_of_the_arrays_they_become():
    X, y = make_rows()
    assert mark(X.tolist(), y.tolist()) == mark(X, y)


def test_one_cell_changes_the_mark_of_its_array_only():
    X, y = make_rows()
    other = X.copy()
    other[0, 0] += 1e-12
    assert differing(mark(X, y), mark(other, y)) == {"X_train"}
    other = X.copy()
    other[-1, 0] = np.nan
    assert differing(mark(X, y), mark(other, y)) == {"X_val"}


def test_other_labels_change_their_mark_only():
    X, y = make_rows()
    assert differing(mark(X, y), mark(X, y + 1)) == {"the classes of y_train"}


def test_weights_change_their_mark_only():
    X, y = make_rows()
    weight = np.linspace(1, 2, len(X))
    assert "sample_weight" in differing(mark(X, y), mark(X, y, weight=weight))


@pytest.mark.parametrize("name", ["seed", "max_epochs", "batch_size"])
def test_a_setting_changes_its_mark_only(name):
    X, y = make_rows()
    assert differing(mark(X, y), mark(X, y, **{name: 7})) == {f"settings.{name}"}


@given(hnp.arrays(np.float64, hnp.array_shapes(max_dims=2, max_side=4)))
def test_an_array_has_the_hash_of_its_copy_and_of_no_other_shape(values):
    assert hash_array(values) == hash_array(values.copy())
    assert hash_array(values) != hash_array(values[None])
    assert hash_array(values) != hash_array(values.view(np.int64))


def test_order_in_memory_does_not_matter():
    values = np.arange(12.0).reshape(3, 4)
    assert hash_array(values) == hash_array(np.asfortranarray(values))


def make_schedule(optimizer, factor=1.0):
    return factor


@pytest.mark.parametrize(
    ("some", "others"),
    [
        (nn.CrossEntropyLoss(), nn.CrossEntropyLoss(label_smoothing=0.1)),
        (nn.CrossEntropyLoss(), nn.CrossEntropyLoss(torch.ones(2))),
        (nn.CrossEntropyLoss(torch.ones(2)), nn.CrossEntropyLoss(torch.tensor([1.0, 2.0]))),
        (nn.MSELoss(), nn.L1Loss()),
        (partial(make_schedule, factor=1.0), partial(make_schedule, factor=2.0)),
        (make_schedule, partial(make_schedule)),
        (torch.optim.SGD, torch.optim.Adam),
        ({"betas": (0.9, 0.99)}, {"betas": (0.9, 0.9)}),
        (frozenset({"a"}), frozenset({"a", "b"})),
        (1e-3, 2e-3),
        (None, 0),
    ],
)
def test_different_values_have_different_words(some, others):
    assert describe(some) != describe(others)


@given(st.frozensets(st.text(max_size=3), max_size=6))
def test_sets_have_the_same_words_in_any_order(names):
    assert describe(names) == describe(frozenset(reversed(list(names))))
    assert describe(dict.fromkeys(names, 1)) == describe(dict.fromkeys(sorted(names), 1))


def test_nothing_in_words_depends_on_where_it_lies_in_memory():
    class Own:
        def __call__(self, optimizer):
            return None

    for value in (make_schedule, lambda outputs, targets: 0, Own(), nn.MSELoss(), Own):
        assert "0x" not in describe(value)
