"""Rolling ranks at chosen bars."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_training.data.features import ranks
from ml_training.data.features.ranks import rank_within


def rank_by_hand(values, at, length):
    window = values[at - length + 1 : at + 1]
    others = np.delete(window, -1)
    return np.mean([0.5 if o == window[-1] else float(o < window[-1]) for o in others])


@given(st.lists(st.integers(0, 5), min_size=12, max_size=40), st.integers(2, 10))
def test_rank_agrees_with_a_loop_when_there_are_ties(numbers, length):
    values = np.array(numbers, float)
    index = np.arange(length - 1, len(values))
    wanted = [rank_by_hand(values, at, length) for at in index]
    np.testing.assert_allclose(rank_within(values, index, length), wanted)


def test_rank_is_one_when_the_value_is_the_highest():
    assert rank_within(np.arange(10.0), np.array([9]), 5).tolist() == [1.0]


def test_rank_is_zero_when_the_value_is_the_lowest():
    assert rank_within(-np.arange(10.0), np.array([9]), 5).tolist() == [0.0]


def test_rank_is_the_middle_when_all_are_equal():
    assert rank_within(np.ones(10), np.array([9]), 5).tolist() == [0.5]


def test_rank_is_unknown_when_the_window_is_not_full():
    found = rank_within(np.arange(10.0), np.array([3, 4]), 5)
    assert np.isnan(found).tolist() == [True, False]


def test_rank_is_unknown_when_the_window_holds_a_nan():
    values = np.arange(10.0)
    values[2] = np.nan
    found = rank_within(values, np.array([6, 7]), 5)
    assert np.isnan(found).tolist() == [True, False]


def test_rank_is_unknown_when_the_series_is_shorter_than_the_window():
    assert np.isnan(rank_within(np.arange(3.0), np.array([2]), 5)).all()


def test_later_values_do_not_matter_when_a_bar_is_ranked():
    values = np.random.default_rng(0).normal(size=300)
    index = np.array([120, 250])
    wanted = rank_within(values, index, 100)
    values[251:] = 99.0
    np.testing.assert_array_equal(rank_within(values, index, 100), wanted)


@pytest.mark.parametrize("rows_at_once", [1, 7, 5000])
def test_rank_is_the_same_when_rows_are_taken_in_portions(rows_at_once, monkeypatch):
    values = np.random.default_rng(0).normal(size=300)
    index = np.arange(40, 300)
    wanted = rank_within(values, index, 20)
    monkeypatch.setattr(ranks, "ROWS_AT_ONCE", rows_at_once)
    np.testing.assert_array_equal(rank_within(values, index, 20), wanted)
