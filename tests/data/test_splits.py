"""Train ends before validation starts, validation before test, whatever the setups."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ml_training.data.splits import EMBARGO_FRACTION, calendar_split
from ml_training.errors import DataError

DAY = 86_400
START = 1_600_000_000


@st.composite
def intervals(draw):
    """Draw label intervals in any order, many of them at equal times."""
    n = draw(st.integers(30, 120))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    t0 = START + rng.integers(0, draw(st.integers(20, 2000)), n) * 3600
    return t0, t0 + rng.integers(1, draw(st.integers(2, 200)), n) * 3600


@settings(max_examples=200, deadline=None)
@given(
    times=intervals(),
    embargo_s=st.none() | st.integers(0, 10 * DAY),
    fractions=st.sampled_from([(0.6, 0.2, 0.2), (0.5, 0.25, 0.25), (0.8, 0.1, 0.1)]),
)
def test_no_label_reaches_a_later_part_when_split(times, embargo_s, fractions):
    t0, t1 = times
    try:
        split = calendar_split(t0, t1, fractions=fractions, embargo_s=embargo_s)
    except DataError:
        assume(False)
        raise
    cuts = split.cuts
    assert t1[split.train].max() + split.embargo_s < cuts.validation_start
    assert t0[split.validation].min() >= cuts.validation_start
    assert t1[split.validation].max() + split.embargo_s < cuts.test_start
    assert t0[split.test].min() >= cuts.test_start
    rows = np.concatenate((split.train, split.validation, split.test))
    assert len(np.unique(rows)) == len(rows) == len(t0) - split.n_purged
    for part in (split.train, split.validation, split.test):
        assert (np.diff(part) > 0).all()


@settings(max_examples=50, deadline=None)
@given(times=intervals())
def test_only_rows_that_reach_across_are_left_out_when_there_is_no_embargo(times):
    t0, t1 = times
    split = calendar_split(t0, t1, embargo_s=0, min_rows=0)
    kept = np.zeros(len(t0), dtype=bool)
    kept[np.concatenate((split.train, split.validation, split.test))] = True
    cuts = np.array([split.cuts.validation_start, split.cuts.test_start])
    reaches = ((t0[:, None] < cuts) & (t1[:, None] >= cuts)).any(axis=1)
    np.testing.assert_array_equal(kept, ~reaches)


def hourly(n: int, *, hours: int = 1) -> tuple[np.ndarray, np.ndarray]:
    t0 = START + 3600 * np.arange(n)
    return t0, t0 + 3600 * hours - 1


def test_parts_have_their_shares_when_nothing_reaches_across():
    split = calendar_split(*hourly(100), embargo_s=0)
    assert (len(split.train), len(split.validation), len(split.test)) == (60, 20, 20)
    assert split.n_purged == 0


def test_row_is_purged_when_it_ends_exactly_at_the_cut():
    t0 = START + 3600 * np.arange(100)
    split = calendar_split(t0, t0 + 3600, embargo_s=0)
    assert split.n_purged == 2
    assert split.train[-1] == 58


def test_symbols_are_cut_at_the_same_moment_when_one_is_denser():
    dense, sparse = START + 3600 * np.arange(900), START + 9 * 3600 * np.arange(100)
    t0 = np.concatenate((dense, sparse))
    split = calendar_split(t0, t0 + 60, embargo_s=0)
    for part, (low, high) in {
        "train": (START, split.cuts.validation_start),
        "validation": (split.cuts.validation_start, split.cuts.test_start),
        "test": (split.cuts.test_start, t0.max() + 1),
    }.items():
        expected = np.flatnonzero((t0 >= low) & (t0 < high))
        np.testing.assert_array_equal(getattr(split, part), expected)


def test_rows_of_one_moment_stay_together_when_the_cut_falls_on_them():
    t0 = START + 3600 * np.repeat(np.arange(10), 10)
    split = calendar_split(t0, t0 + 60, fractions=(0.55, 0.25, 0.2), embargo_s=0)
    moments = [set(t0[part]) for part in (split.train, split.validation, split.test)]
    assert not moments[0] & moments[1]
    assert not moments[1] & moments[2]


def test_embargo_is_a_share_of_the_span_when_none_is_given():
    t0, t1 = hourly(1000)
    assert calendar_split(t0, t1).embargo_s == round(EMBARGO_FRACTION * (t1[-1] - t0[0]))


def test_split_is_refused_when_there_are_too_few_setups():
    with pytest.raises(DataError, match="14 setups cannot be cut into three parts") as caught:
        calendar_split(*hourly(14))
    assert "Add history, symbols or timeframes" in caught.value.hint


def test_split_is_refused_when_purging_empties_a_part():
    with pytest.raises(DataError, match="38 setups reach across a cut, which leaves train"):
        calendar_split(*hourly(100, hours=20), embargo_s=0)


def test_split_is_refused_when_all_setups_have_the_same_time():
    t0 = np.full(100, START)
    with pytest.raises(DataError, match="train 0, validation 0, test 100"):
        calendar_split(t0, t0 + 60, embargo_s=0)


def test_split_is_refused_when_there_are_no_setups_at_all():
    with pytest.raises(DataError, match="0 setups"):
        calendar_split(*hourly(0), min_rows=0)


@pytest.mark.parametrize("fractions", [(0.5, 0.5, 0.0), (0.6, 0.3, 0.3), (0.9, 0.2, -0.1)])
def test_fractions_are_refused_when_they_are_no_shares(fractions):
    with pytest.raises(ValueError, match="three shares above 0 that sum to 1"):
        calendar_split(*hourly(100), fractions=fractions)


def test_embargo_is_refused_when_negative():
    with pytest.raises(ValueError, match="`embargo_s` must be 0 or more, got -1"):
        calendar_split(*hourly(100), embargo_s=-1)
