"""Average uniqueness against a count of every second."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml_training.data.weights import average_uniqueness, effective_number
from ml_training.errors import DataError

spans = st.lists(
    st.tuples(st.integers(0, 60), st.integers(1, 25), st.sampled_from(["EURUSD", "XAUUSD"])),
    min_size=1,
    max_size=40,
)


def second_by_second(t0: np.ndarray, t1: np.ndarray, group: np.ndarray) -> np.ndarray:
    """Count who is open in every second: O(n^2) and plain."""
    weights = []
    for row in range(len(t0)):
        shares = []
        for second in range(t0[row], t1[row]):
            is_open = (t0 <= second) & (second < t1) & (group == group[row])
            shares.append(1 / np.count_nonzero(is_open))
        weights.append(np.mean(shares))
    return np.array(weights)


@settings(max_examples=150, deadline=None)
@given(spans=spans)
def test_weights_equal_the_count_of_every_second_when_setups_overlap(spans):
    start, length, group = (np.array(column) for column in zip(*spans, strict=True))
    t0, t1 = start + 1_700_000_000, start + 1_700_000_000 + length
    weight = average_uniqueness(t0, t1, group)
    np.testing.assert_allclose(weight, second_by_second(t0, t1, group), rtol=1e-12)


@settings(max_examples=50, deadline=None)
@given(spans=spans, seed=st.integers(0, 1000))
def test_weights_follow_their_rows_when_the_order_changes(spans, seed):
    start, length, group = (np.array(column) for column in zip(*spans, strict=True))
    order = np.random.default_rng(seed).permutation(len(start))
    straight = average_uniqueness(start, start + length, group)
    mixed = average_uniqueness(start[order], (start + length)[order], group[order])
    np.testing.assert_allclose(mixed, straight[order], rtol=1e-12)
    assert ((straight > 0) & (straight <= 1 + 1e-12)).all()


def test_weight_is_one_when_setups_only_meet_at_their_ends():
    t0 = np.array([0, 10, 20])
    assert average_uniqueness(t0, t0 + 10, np.zeros(3)).tolist() == [1.0, 1.0, 1.0]


def test_copies_share_one_when_they_are_the_same_setup():
    weight = average_uniqueness(np.zeros(5, int), np.full(5, 100), np.full(5, "EURUSD"))
    assert effective_number(weight) == pytest.approx(1.0)


def test_hourly_setup_shares_with_the_daily_one_when_the_symbol_is_the_same():
    day, hour = 86_400, 3_600
    t0, t1 = np.array([0, 6 * hour]), np.array([day, 7 * hour])
    weight = average_uniqueness(t0, t1, np.array(["XAUUSD", "XAUUSD"]))
    assert weight.tolist() == [pytest.approx(1 - 0.5 / 24), 0.5]


def test_pause_between_setups_does_not_matter_when_it_is_long():
    t0 = np.array([0, 10**9])
    assert average_uniqueness(t0, t0 + 60, np.zeros(2)).tolist() == [1.0, 1.0]


def test_no_weights_come_back_when_there_are_no_setups():
    none = np.array([], dtype=np.int64)
    assert len(average_uniqueness(none, none, none)) == 0


@pytest.mark.parametrize("end", [5, -1])
def test_setup_is_refused_when_it_does_not_end_after_its_start(end):
    with pytest.raises(DataError, match="the first in row 1: from 5 to") as caught:
        average_uniqueness(np.array([0, 5]), np.array([4, end]), np.zeros(2))
    assert "unlabelled" in caught.value.hint


def test_many_setups_are_weighed_at_once_when_they_overlap_densely():
    t0 = np.arange(200_000) * 60
    weight = average_uniqueness(t0, t0 + 48 * 60, np.zeros(200_000))
    assert effective_number(weight) == pytest.approx(200_000 / 48, rel=0.001)
