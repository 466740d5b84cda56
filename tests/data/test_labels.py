"""Every rule of the labeller on bars made for it; the oracle covers their mixtures."""

import tracemalloc

import numpy as np
import pytest

from ml_training.data.candles import Candles
from ml_training.data.labels import Brackets, FinerPath, Labels, Outcome, label_barriers, placeable
from tests.data.builders import MONDAY, candles_from_rows, random_candles
from tests.data.setup_builders import HOUR, brackets_everywhere, make_brackets

QUIET = (100.0, 101.0, 99.0, 100.0)


def label_long(*rows, max_bars=3, entry=100.0, stop=98.0, target=104.0, exit_cost=0.0, **more):
    """Label one long that enters at the first bar; risk 2, reward 4."""
    candles = candles_from_rows([*rows, *[QUIET] * max(max_bars - len(rows), 0)])
    brackets = make_brackets(0, 1, entry, stop=stop, target=target, exit_cost=exit_cost)
    return label_barriers(candles, brackets, max_bars=max_bars, **more)


def label_short(*rows, max_bars=3, **more):
    """Label the mirror image of `label_long` around 100."""
    flipped = [(200 - o, 200 - low, 200 - high, 200 - c) for o, high, low, c in rows]
    candles = candles_from_rows([*flipped, *[QUIET] * max(max_bars - len(rows), 0)])
    brackets = make_brackets(0, -1, 100.0, stop=102.0, target=96.0, **more)
    return label_barriers(candles, brackets, max_bars=max_bars)


def only(labels: Labels) -> tuple[Outcome, int, float, float]:
    """Return outcome, exit bar, R and bars held of the only row."""
    row = labels.outcome[0], labels.exit_index[0], labels.r[0], labels.bars_held[0]
    return Outcome(row[0]), int(row[1]), float(row[2]), int(row[3])


BOTH = pytest.mark.parametrize("label", [label_long, label_short])


@BOTH
def test_stop_fills_at_its_price_when_the_low_touches_it(label):
    labels = label(QUIET, (100, 101, 98, 99))
    assert only(labels) == (Outcome.STOP_LOSS, 1, -1.0, 2)
    assert not labels.gapped[0]


@BOTH
def test_target_fills_at_its_price_when_the_high_touches_it(label):
    labels = label((100, 104, 99, 103))
    assert only(labels) == (Outcome.TAKE_PROFIT, 0, 2.0, 1)


@BOTH
def test_nothing_is_touched_when_the_price_stays_a_tick_away(label):
    labels = label((100, 103.9, 98.1, 100), (100, 103.9, 98.1, 101))
    assert only(labels) == (Outcome.TIME, 2, 0.0, 3)


@BOTH
def test_stop_comes_first_and_is_flagged_when_one_bar_holds_both(label):
    labels = label(QUIET, (100, 105, 97, 104))
    assert only(labels) == (Outcome.STOP_LOSS, 1, -1.0, 2)
    assert labels.ambiguous[0]
    assert not labels.resolved[0]


@BOTH
def test_gap_through_the_stop_fills_at_the_open_when_the_market_jumps(label):
    labels = label(QUIET, (95, 106, 94, 96))
    assert only(labels) == (Outcome.STOP_LOSS, 1, -2.5, 2)
    assert labels.gapped[0]
    assert not labels.ambiguous[0]
    assert labels.mae[0] == 2.5


@BOTH
def test_gap_through_the_target_fills_at_the_target_when_the_market_jumps(label):
    labels = label(QUIET, (106, 107, 97, 98))
    assert only(labels) == (Outcome.TAKE_PROFIT, 1, 2.0, 2)
    assert labels.gapped[0]
    assert not labels.ambiguous[0]
    assert labels.mfe[0] == 2.0


@BOTH
def test_open_at_the_stop_is_a_gap_when_it_is_equal(label):
    labels = label(QUIET, (98, 99, 97, 98))
    assert only(labels) == (Outcome.STOP_LOSS, 1, -1.0, 2)
    assert labels.gapped[0]


@BOTH
def test_setup_leaves_at_the_close_when_its_time_is_over(label):
    labels = label(QUIET, QUIET, (100, 102, 99, 101))
    assert only(labels) == (Outcome.TIME, 2, 0.5, 3)
    assert labels.exit_price[0] == (101 if label is label_long else 99)


@BOTH
def test_touch_counts_when_it_comes_in_the_last_bar(label):
    assert only(label(QUIET, QUIET, (100, 104, 99, 100)))[0] is Outcome.TAKE_PROFIT


@BOTH
def test_touch_is_not_seen_when_it_comes_after_the_last_bar(label):
    assert only(label(QUIET, QUIET, QUIET, (100, 104, 99, 100)))[0] is Outcome.TIME


@pytest.mark.parametrize("touched", [True, False])
def test_setup_stays_open_when_its_horizon_is_not_in_the_data(touched):
    rows = [QUIET, (100, 101, 97, 99) if touched else QUIET]
    brackets = make_brackets(0, 1, 100.0, stop=98.0, target=104.0)
    labels = label_barriers(candles_from_rows(rows), brackets, max_bars=3)
    assert only(labels)[0] is Outcome.OPEN
    assert labels.exit_index[0] == (1 if touched else -1)
    assert np.isnan([labels.r[0], labels.mae[0], labels.mfe[0], labels.exit_price[0]]).all()
    assert not labels.labelled[0]


def test_costs_of_leaving_come_off_when_the_target_is_hit():
    assert only(label_long((100, 104, 99, 103), exit_cost=0.5))[2] == 1.75


def test_small_gain_is_a_loss_when_costs_exceed_it():
    labels = label_long(QUIET, QUIET, (100, 102, 99, 100.2), exit_cost=0.5)
    assert labels.outcome[0] == Outcome.TIME
    assert labels.r[0] < 0


def test_excursions_take_the_adverse_side_first_when_the_exit_bar_is_counted():
    stopped = label_long((100, 103, 99, 100), (101.5, 103.5, 97, 98))
    assert (stopped.mae[0], stopped.mfe[0]) == (1.0, 1.5)  # the high of the exit bar is not seen
    won = label_long((100, 101, 99, 100), (100, 105, 98.5, 104))
    assert (won.mae[0], won.mfe[0]) == (0.75, 2.0)  # its low is, and the target is the limit
    timed = label_long(QUIET, QUIET, (100, 103, 98.5, 100))
    assert (timed.mae[0], timed.mfe[0]) == (0.75, 1.5)


def test_excursions_start_at_the_price_paid_when_the_spread_is_wide():
    labels = label_long((100, 100.5, 100, 100), max_bars=1, entry=101.0)
    assert labels.mfe[0] == 0.0
    assert labels.mae[0] == pytest.approx(1 / 3)


def quarters(*rows) -> FinerPath:
    return FinerPath(candles_from_rows(rows, step_s=HOUR // 4, start=MONDAY), HOUR)


TIE = (100.0, 105.0, 97.0, 100.0)
UP_FIRST = [(100, 105, 99.5, 104), (104, 104, 97, 98), (98, 101, 98, 100), (100, 101, 99, 100)]


def test_finer_candles_tell_the_target_when_it_came_first():
    labels = label_long(TIE, finer=quarters(*UP_FIRST))
    assert only(labels) == (Outcome.TAKE_PROFIT, 0, 2.0, 1)
    assert labels.resolved[0]
    assert not labels.ambiguous[0]
    assert labels.mae[0] == 0.25  # the later low is not its own


def test_finer_candles_tell_the_stop_when_it_came_first():
    labels = label_long(TIE, finer=quarters((100, 101, 97, 98), (98, 105, 98, 104)))
    assert only(labels)[0] is Outcome.STOP_LOSS
    assert labels.resolved[0]
    assert not labels.ambiguous[0]


def test_stop_comes_first_when_the_finer_bars_tie_too():
    labels = label_long(TIE, finer=quarters((100, 105, 97, 98), *UP_FIRST[1:]))
    assert only(labels)[0] is Outcome.STOP_LOSS
    assert labels.ambiguous[0]
    assert not labels.resolved[0]


@pytest.mark.parametrize("rows", [[], [QUIET, QUIET]], ids=["missing", "contradicting"])
def test_stop_comes_first_when_the_finer_candles_do_not_tell(rows):
    finer = quarters(*rows) if rows else FinerPath(Candles.empty(), HOUR)
    labels = label_long(TIE, finer=finer)
    assert only(labels)[0] is Outcome.STOP_LOSS
    assert labels.ambiguous[0]


def test_finer_candles_are_not_asked_when_one_barrier_is_touched():
    contradicting = quarters((100, 105, 97, 98))
    labels = label_long((100, 101, 98, 99), finer=contradicting)
    assert only(labels) == (Outcome.STOP_LOSS, 0, -1.0, 1)


def test_label_stays_when_bars_after_the_horizon_are_removed_or_altered():
    candles = random_candles(300, seed=4)
    brackets = brackets_everywhere(candles, risks=(0.002,), rewards=(0.003,))
    whole = label_barriers(candles, brackets, max_bars=10)
    cut = 200
    altered = [column.copy() for column in candles.columns]
    for column in altered[1:5]:
        column[cut:] *= 1.5
    inside = brackets.entry_index < cut
    prefix = Brackets(*(getattr(brackets, name)[inside] for name in brackets.__dataclass_fields__))
    safe = np.flatnonzero(prefix.entry_index + 10 <= cut)
    for other in (candles.slice(0, cut), Candles.from_columns(*altered)):
        labels = label_barriers(other, prefix, max_bars=10)
        for name in labels.__dataclass_fields__:
            np.testing.assert_array_equal(getattr(labels, name)[safe], getattr(whole, name)[safe])
    assert not label_barriers(candles.slice(0, cut), prefix, max_bars=10).labelled[-1]


def test_labels_come_in_the_order_of_the_brackets_when_these_are_not_sorted():
    candles = random_candles(200, seed=9)
    brackets = brackets_everywhere(candles, risks=(0.002,), rewards=(0.003,))
    order = np.random.default_rng(0).permutation(len(brackets))
    mixed = Brackets(*(getattr(brackets, name)[order] for name in brackets.__dataclass_fields__))
    straight = label_barriers(candles, brackets, max_bars=8)
    shuffled = label_barriers(candles, mixed, max_bars=8)
    np.testing.assert_array_equal(shuffled.r, straight.r[order])


def test_memory_stays_bounded_when_every_bar_is_a_setup():
    candles = random_candles(200_000, seed=1)
    brackets = brackets_everywhere(candles, risks=(0.002,), rewards=(0.004,))
    tracemalloc.start()
    labels = label_barriers(candles, brackets, max_bars=48)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    kept = sum(getattr(labels, name).nbytes for name in labels.__dataclass_fields__)
    assert peak - kept < 30 * 2**20  # a table of 48 bars per setup would take 300 MB


def test_nothing_comes_back_when_there_are_no_brackets():
    none = make_brackets([], 1, 100.0, stop=98.0, target=104.0)
    assert len(label_barriers(candles_from_rows([QUIET]), none, max_bars=3)) == 0


def test_max_bars_is_refused_when_below_one():
    with pytest.raises(ValueError, match="`max_bars` must be at least 1, got 0"):
        label_long(QUIET, max_bars=0)


@pytest.mark.parametrize("index", [-1, 3])
def test_entry_is_refused_when_its_bar_does_not_exist(index):
    brackets = make_brackets(index, 1, 100.0, stop=98.0, target=104.0)
    with pytest.raises(ValueError, match=r"must lie in 0\.\.2"):
        label_barriers(candles_from_rows([QUIET] * 3), brackets, max_bars=1)


@pytest.mark.parametrize(
    ("side", "stop", "target"),
    [(1, 100, 104), (1, 101, 104), (1, 98, 100), (-1, 98, 96), (1, np.nan, 104), (1, 98, np.inf)],
)
def test_bracket_is_refused_when_a_barrier_stands_wrong(side, stop, target):
    with pytest.raises(ValueError, match="finite and in that order"):
        make_brackets(0, side, 100.0, stop=stop, target=target)


def test_bracket_is_refused_when_its_side_or_length_is_wrong():
    with pytest.raises(ValueError, match="1 \\(long\\) or -1"):
        make_brackets(0, 0, 100.0, stop=98.0, target=104.0)
    one, two = np.array([100.0]), np.array([98.0, 98.0])
    with pytest.raises(ValueError, match="same length"):
        Brackets(np.array([0]), np.array([1], dtype=np.int8), one, two, one + 4, one)


def test_rows_are_marked_when_they_can_be_placed():
    side = np.array([1, -1, 1, -1, 1], dtype=np.int8)
    stop = np.array([98.0, 102.0, 100.0, 99.0, np.nan])
    target = np.array([104.0, 96.0, 104.0, 96.0, 104.0])
    good = placeable(side, np.full(5, 100.0), stop, target)
    assert good.tolist() == [True, True, False, False, False]
