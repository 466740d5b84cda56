import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml_training.core.ensemble_splits import FEWEST_ROWS, split_members
from ml_training.core.errors import DataError


def labels_of(n_rows, seed=0):
    return np.random.default_rng(seed).integers(0, 2, n_rows)


def times_of(n_rows, length, seed=0):
    start = np.sort(np.random.default_rng(seed).uniform(0, n_rows, n_rows))
    return start, start + length


def test_no_row_is_learned_from_and_held_out():
    splits = split_members(labels_of(500), 16, seed=0)
    assert not (splits.trained & splits.held).any()
    assert (splits.trained | splits.held).all()
    assert splits.n_members == 16


def test_each_member_holds_out_a_fifth_when_nothing_overlaps():
    shares = split_members(labels_of(1000), 16, seed=0).held.mean(axis=0)
    assert shares == pytest.approx(np.full(16, 0.2), abs=0.001)


def test_rows_are_held_out_about_equally_often():
    times_held = split_members(labels_of(1000), 16, seed=0).held.sum(axis=1)
    assert times_held.max() - times_held.min() <= 1


def test_held_rows_are_blocks_in_time():
    held = split_members(labels_of(1000), 16, seed=0).held
    changes = np.abs(np.diff(held.astype(int), axis=0)).sum(axis=0)
    assert changes.max() <= 4  # two blocks have four ends at most


@given(length=st.floats(0, 60), seed=st.integers(0, 1000))
@settings(max_examples=40, deadline=None)
def test_no_label_learned_from_touches_a_held_one(length, seed):
    start, end = times_of(200, length, seed)
    splits = split_members(
        labels_of(200, seed), 8, seed=seed, times=(start, end), is_classes=False
    )
    for trained, held in zip(splits.trained.T, splits.held.T, strict=True):
        if trained.any() and held.any():
            touches = (start[trained, None] <= end[held]) & (end[trained, None] >= start[held])
            assert not touches.any()


def test_a_group_is_never_torn_apart():
    groups = np.random.default_rng(0).integers(0, 30, 600)
    held = split_members(labels_of(600), 16, seed=0, groups=groups).held
    for group in range(30):
        of_group = held[groups == group]
        assert (of_group == of_group[0]).all()


def test_two_groups_are_enough():
    groups = np.repeat(["a", "b"], 100)
    held = split_members(labels_of(200), 4, seed=0, groups=groups).held
    assert (held.sum(axis=0) == 100).all()


def test_both_sides_see_every_class_when_blocks_would_not():
    y = (np.arange(200) >= 195).astype(int)
    splits = split_members(y, 8, seed=0)
    for trained, held in zip(splits.trained.T, splits.held.T, strict=True):
        assert set(y[trained]) == {0, 1}
        assert not (trained & held).any()


def test_nothing_is_held_out_when_rows_are_few():
    splits = split_members(labels_of(FEWEST_ROWS - 1), 4, seed=0)
    assert splits.trained.all()
    assert not splits.held.any()


def test_the_same_seed_holds_out_the_same_rows():
    one, same, other = (split_members(labels_of(300), 8, seed=seed).held for seed in (1, 1, 2))
    assert (one == same).all()
    assert (one != other).any()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"groups": np.zeros(100)}, "2 groups at least, got 1"),
        ({"groups": np.arange(99)}, "for each of 100 rows"),
        ({"times": (np.arange(99), np.arange(99))}, "a begin and an end for each of 100 rows"),
        ({"times": (np.arange(100), np.arange(100) - 1.0)}, "must not end before they begin"),
    ],
)
def test_unfit_arguments_are_refused_in_words(arguments, words):
    with pytest.raises(DataError, match=words):
        split_members(labels_of(100), 4, seed=0, **arguments)
