import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml_training.data.candles import Candles
from ml_training.data.resample import last_closed_index, resample
from ml_training.data.timeframes import TIMEFRAMES
from ml_training.errors import DataError
from tests.data.builders import MONDAY, candles_from_rows, random_candles

HOUR = 3600
DAY = 24 * HOUR
WEEK = 7 * DAY

PAIRS = [
    (fine, coarse)
    for fine in TIMEFRAMES.values()
    for coarse in TIMEFRAMES.values()
    if fine < coarse and coarse % fine == 0
]


@st.composite
def markets(draw):
    """Make candles with gaps, off the grid as brokers' days are, and two timeframes."""
    fine, coarse = draw(st.sampled_from(PAIRS))
    offset = draw(st.sampled_from([0, 0, -2 * HOUR, 1800, fine // 2]))
    candles = random_candles(
        draw(st.integers(1, 200)),
        draw(st.integers(0, 2**32 - 1)),
        step_s=fine,
        start=MONDAY + fine * draw(st.integers(0, 500)) + offset,
        gap_rate=draw(st.sampled_from([0.0, 0.2, 0.7])),
    )
    return candles, fine, coarse


def resample_by_loop(candles, from_s, to_s):
    """The definition, bar by bar: a bar belongs to the bucket in which it closes."""
    buckets = {}
    for bar in zip(*(column.tolist() for column in candles.columns), strict=True):
        anchor = 4 * DAY if to_s == WEEK else 0
        last_second = bar[0] + from_s - 1
        bucket = (last_second - anchor) // to_s * to_s + anchor
        buckets.setdefault(bucket, []).append(bar)
    return [
        (
            bucket,
            bars[0][1],
            max(bar[2] for bar in bars),
            min(bar[3] for bar in bars),
            bars[-1][4],
            sum(bar[5] for bar in bars),
        )
        for bucket, bars in sorted(buckets.items())
    ]


@given(markets())
def test_coarse_bars_equal_those_of_a_loop(market):
    candles, fine, coarse = market
    higher = resample(candles, fine, coarse)
    rows = list(zip(*(column.tolist() for column in higher.columns), strict=True))
    assert rows == resample_by_loop(candles, fine, coarse)


@given(markets())
def test_last_closed_index_equals_that_of_a_loop(market):
    candles, fine, coarse = market
    higher = resample(candles, fine, coarse)
    index = last_closed_index(candles.time, fine, higher.time, coarse)
    for bar, time in enumerate(candles.time):
        closed = np.flatnonzero(higher.time + coarse <= time + fine)
        assert index[bar] == (closed[-1] if len(closed) else -1)


@given(markets(), st.data())
def test_what_a_bar_sees_never_changes_when_later_bars_are_removed(market, data):
    """Prefix invariance: of the index, and of the coarse bar that it points to."""
    candles, fine, coarse = market
    stop = data.draw(st.integers(1, len(candles)))
    seen = []
    for part in (candles, candles.slice(0, stop)):
        higher = resample(part, fine, coarse)
        index = last_closed_index(part.time, fine, higher.time, coarse)[:stop]
        bars = np.column_stack([column[np.maximum(index, 0)] for column in higher.columns])
        seen.append((index, np.where((index >= 0)[:, None], bars, -1.0)))
    assert np.array_equal(seen[0][0], seen[1][0])
    assert np.array_equal(seen[0][1], seen[1][1])


@given(markets(), st.data())
def test_what_a_bar_sees_never_changes_when_later_bars_are_altered(market, data):
    candles, fine, coarse = market
    stop = data.draw(st.integers(1, len(candles)))
    later = np.arange(len(candles)) >= stop
    prices = [np.where(later, column * 2.0, column) for column in candles.columns[1:]]
    altered = Candles.from_columns(candles.time, *prices)
    index = last_closed_index(candles.time, fine, resample(candles, fine, coarse).time, coarse)[
        :stop
    ]
    used = np.unique(index[index >= 0])
    for before, after in zip(
        resample(candles, fine, coarse).columns,
        resample(altered, fine, coarse).columns,
        strict=True,
    ):
        assert np.array_equal(before[used], after[used])


@given(markets())
def test_coarse_candles_are_sound_and_lose_no_volume(market):
    candles, fine, coarse = market
    higher = resample(candles, fine, coarse)
    assert higher.volume.sum() == pytest.approx(candles.volume.sum())
    assert higher.high.max() == candles.high.max()
    assert higher.low.min() == candles.low.min()
    assert np.all((higher.high >= higher.open) & (higher.low <= higher.close))


@settings(max_examples=30)
@given(st.integers(0, 1000))
def test_two_steps_give_the_bars_of_one_step_when_all_lie_on_the_grid(seed):
    candles = random_candles(500, seed, step_s=900, gap_rate=0.3)
    once = resample(candles, 900, 4 * HOUR)
    twice = resample(resample(candles, 900, HOUR), HOUR, 4 * HOUR)
    assert once.digest() == twice.digest()


def test_candles_come_back_as_they_are_when_nothing_is_to_do():
    candles = random_candles(10)
    assert resample(candles, HOUR, HOUR) is candles
    assert len(resample(Candles.empty(), HOUR, DAY)) == 0


def test_weeks_begin_on_monday():
    higher = resample(random_candles(21, step_s=DAY, start=MONDAY - 3 * DAY), DAY, WEEK)
    assert (higher.time - MONDAY).tolist() == [-WEEK, 0, WEEK, 2 * WEEK]


def test_days_of_brokers_fall_into_their_own_week():
    """Monday's bar opens on Sunday at 22:00 UTC and closes on Monday."""
    daily = candles_from_rows([(1, 2, 1, 2)] * 5, step_s=DAY, start=MONDAY - 2 * HOUR)
    assert resample(daily, DAY, WEEK).time.tolist() == [MONDAY]


def test_a_coarse_bar_is_seen_from_the_close_of_its_last_fine_bar():
    candles = random_candles(8)
    index = last_closed_index(candles.time, HOUR, resample(candles, HOUR, 4 * HOUR).time, 4 * HOUR)
    assert index.tolist() == [-1, -1, -1, 0, 0, 0, 0, 1]


def test_a_coarse_bar_is_seen_after_a_gap_when_its_end_passed_within():
    candles = Candles.from_columns(*(c[[0, 1, 5]] for c in random_candles(6).columns))
    higher = resample(candles, HOUR, 4 * HOUR)
    assert last_closed_index(candles.time, HOUR, higher.time, 4 * HOUR).tolist() == [-1, -1, 0]


def test_nothing_is_seen_when_there_are_no_coarse_bars():
    none = np.array([], dtype=np.int64)
    assert last_closed_index(np.array([0, 60]), 60, none, HOUR).tolist() == [-1, -1]


@pytest.mark.parametrize(("fine", "coarse"), [(HOUR, 60), (7200, 3 * HOUR), (0, 60), (DAY, HOUR)])
def test_timeframes_are_refused_when_one_is_no_multiple_of_the_other(fine, coarse):
    with pytest.raises(
        DataError, match=rf"bars of {fine} s cannot be built into bars of {coarse}"
    ):
        resample(random_candles(5), fine, coarse)
    with pytest.raises(DataError, match="whole multiple"):
        last_closed_index(np.array([0]), fine, np.array([0]), coarse)
