"""Folds train on nothing that touches their test, and agree with another package."""

from itertools import pairwise
from math import comb

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from purgedcv import CombinatorialPurgedCV, WalkForwardSplit

from ml_training.data.folds import FIRST_TRAIN, VALIDATION_SHARE, combine_purged, walk_forward
from ml_training.errors import DataError

HOUR_S = 3600


@st.composite
def setups(draw, *, least=30, most=160):
    """Draw entries, some at the same second, and labels of very different lengths."""
    n = draw(st.integers(least, most))
    seed = draw(st.integers(0, 2**32 - 1))
    rng = np.random.default_rng(seed)
    t0 = rng.integers(0, n * draw(st.sampled_from([1, 3, 50])), n) * HOUR_S
    held = rng.geometric(1 / draw(st.sampled_from([1.5, 8.0, 40.0])), n) * HOUR_S
    if draw(st.booleans()):
        t0 = np.sort(t0)
    return t0, t0 + held


def distinct_setups(seed, n=240):
    """Return entries on even seconds and ends on odd ones: nothing just touches."""
    rng = np.random.default_rng(seed)
    t0 = np.sort(rng.choice(np.arange(40 * n), n, replace=False)) * 2 * HOUR_S
    return t0, t0 + rng.geometric(1 / 60, n) * HOUR_S // 2 * 2 + 1


@given(setups(), st.sampled_from([None, 0, 5 * HOUR_S]))
@settings(max_examples=150, deadline=None)
def test_no_past_label_reaches_the_next_part_when_walking_forward(drawn, embargo_s):
    t0, t1 = drawn
    for fold in take_folds(t0, t1, embargo_s):
        gap = embargo_s if embargo_s is not None else round(0.01 * (t1.max() - t0.min()))
        assert (t1[fold.train] + gap).max() < t0[fold.validation].min()
        assert (t1[fold.validation] + gap).max() < t0[fold.test].min()
        assert fold.start == t0[fold.test].min()
        assert t0[fold.test].max() <= fold.end


@given(setups())
@settings(max_examples=100, deadline=None)
def test_every_later_setup_is_tested_once_when_walking_forward(drawn):
    t0, t1 = drawn
    folds = take_folds(t0, t1, None)
    tested = np.concatenate([fold.test for fold in folds])
    assert len(np.unique(tested)) == len(tested)
    assert set(tested) == set(np.flatnonzero(t0 >= folds[0].start))
    for earlier, later in pairwise(folds):
        assert set(earlier.train) <= set(later.train)


@given(setups(), st.sampled_from([None, 0, 5 * HOUR_S]))
@settings(max_examples=100, deadline=None)
def test_no_train_row_touches_a_tested_stretch_when_combined(drawn, embargo_s):
    t0, t1 = drawn
    gap = embargo_s if embargo_s is not None else round(0.01 * (t1.max() - t0.min()))
    for pair in take_pairs(t0, t1, embargo_s):
        overlap = (t0[pair.train, None] <= t1[pair.test] + gap) & (
            t1[pair.train, None] >= t0[pair.test] - gap
        )
        assert not overlap.any()


@given(setups(least=60))
@settings(max_examples=50, deadline=None)
def test_every_setup_is_tested_equally_often_when_combined(drawn):
    t0, t1 = drawn
    pairs = take_pairs(t0, t1, 0)
    assert len(pairs) == comb(6, 2)
    tested = np.bincount(np.concatenate([pair.test for pair in pairs]), minlength=len(t0))
    assert set(tested) == {comb(5, 1)}


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("embargo_s", [0, 100 * HOUR_S])
def test_walk_forward_agrees_with_purgedcv_when_entries_are_distinct(seed, embargo_s):
    t0, t1 = distinct_setups(seed)
    ours = walk_forward(t0, t1, embargo_s=embargo_s)
    theirs = WalkForwardSplit(
        n_splits=5,
        test_size=round(len(t0) * (1 - FIRST_TRAIN)) // 5,
        **as_times(t0, t1, embargo_s),
    )
    for fold, (train, test) in zip(ours, theirs.split(np.empty((len(t0), 1))), strict=True):
        np.testing.assert_array_equal(fold.test, test)
        cut = t0[fold.validation].min()
        earlier = train[(t0[train] >= cut) | (t1[train] + embargo_s < cut)]
        np.testing.assert_array_equal(np.union1d(fold.train, fold.validation), earlier)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("embargo_s", [0, 100 * HOUR_S])
@pytest.mark.parametrize("n_test", [1, 2, 3])
def test_combinations_agree_with_purgedcv_when_entries_are_distinct(seed, embargo_s, n_test):
    t0, t1 = distinct_setups(seed)
    ours = combine_purged(t0, t1, n_test=n_test, embargo_s=embargo_s)
    theirs = CombinatorialPurgedCV(6, n_test, **as_times(t0, t1, embargo_s))
    for pair, (train, test) in zip(ours, theirs.split(np.empty((len(t0), 1))), strict=True):
        np.testing.assert_array_equal(pair.test, test)
        np.testing.assert_array_equal(pair.train, train)


def test_validation_is_the_last_quarter_of_the_past_when_nothing_overlaps():
    t0 = np.arange(1000) * 10 * HOUR_S
    for fold in walk_forward(t0, t0 + HOUR_S, embargo_s=0):
        past = len(fold.train) + len(fold.validation)
        assert past == fold.test[0]
        assert len(fold.validation) == pytest.approx(VALIDATION_SHARE * past, abs=1)


def test_setups_of_one_second_stay_together_when_a_cut_falls_among_them():
    t0 = np.repeat(np.arange(60), 5) * 100 * HOUR_S
    for fold in walk_forward(t0, t0 + HOUR_S, embargo_s=0):
        assert len(fold.test) % 5 == 0
        assert not set(t0[fold.test]) & set(t0[fold.validation])
    for pair in combine_purged(t0, t0 + HOUR_S, embargo_s=0):
        assert not set(t0[pair.test]) & set(t0[pair.train])


@pytest.mark.parametrize("cut", [walk_forward, combine_purged])
@pytest.mark.parametrize("n", [0, 1, 4])
def test_folds_are_refused_in_words_when_setups_are_few(cut, n):
    t0 = np.arange(n) * HOUR_S
    with pytest.raises(DataError, match=f"{n} setups cannot be cut") as caught:
        cut(t0, t0 + HOUR_S)
    assert caught.value.hint


def test_folds_are_refused_when_every_label_lasts_to_the_end():
    t0 = np.arange(100) * HOUR_S
    with pytest.raises(DataError, match="a part would be empty"):
        walk_forward(t0, np.full(100, 200 * HOUR_S))
    with pytest.raises(DataError, match="a part would be empty"):
        combine_purged(t0, np.full(100, 200 * HOUR_S), n_test=5)


@pytest.mark.parametrize(
    ("cut", "wrong"),
    [
        (walk_forward, {"n_folds": 0}),
        (walk_forward, {"first_train": 1.0}),
        (walk_forward, {"embargo_s": -1}),
        (combine_purged, {"n_test": 0}),
        (combine_purged, {"n_test": 6}),
        (combine_purged, {"embargo_s": -1}),
    ],
)
def test_impossible_choice_is_refused_with_its_value(cut, wrong):
    t0 = np.arange(100) * HOUR_S
    with pytest.raises(ValueError, match=str(next(iter(wrong.values())))):
        cut(t0, t0 + HOUR_S, **wrong)


def take_folds(t0, t1, embargo_s):
    try:
        return walk_forward(t0, t1, embargo_s=embargo_s)
    except DataError:
        assume(False)
        raise


def take_pairs(t0, t1, embargo_s):
    try:
        return combine_purged(t0, t1, embargo_s=embargo_s)
    except DataError:
        assume(False)
        raise


def as_times(t0, t1, embargo_s):
    """Return the same intervals for the other package: its purge pads both sides."""
    return {
        "prediction_times": pd.to_datetime(t0, unit="s").to_series(),
        "evaluation_times": pd.to_datetime(t1, unit="s").to_series(),
        "purge_horizon": pd.Timedelta(seconds=embargo_s),
    }
