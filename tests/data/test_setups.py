"""From signals to setups: entry, costs, pauses, counts, and no look ahead."""

from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml_training.data.candles import Candles
from ml_training.data.frame import Frame
from ml_training.data.labels import Outcome
from ml_training.data.resample import resample
from ml_training.data.rules import evaluate_rules
from ml_training.data.setups import (
    AMBIGUOUS,
    COLUMNS,
    GAPPED,
    NO_END,
    RESOLVED,
    Setups,
    scan_setups,
)
from tests.data.builders import candles_from_rows, random_candles
from tests.data.setup_builders import FREE, HOUR, make_rules

ALWAYS = {"left": {"price": "close"}, "op": ">", "right": 0}
NEVER = {"left": {"price": "close"}, "op": "<", "right": 0}
ATR_EXIT = {"take_profit": {"atr": 2.0}, "stop_loss": {"atr": 1.0}, "max_bars": 12}


def scan(candles, *, instrument=FREE, finer=None, timeframe="1h", **rules) -> Setups:
    return scan_setups(make_rules(**rules), Frame(candles, timeframe), instrument, finer=finer)


def paused(cooldown_bars=0, *, one_open=False):
    return {"cooldown_bars": cooldown_bars, "one_open_per_symbol": one_open}


def test_setup_enters_at_the_next_open_when_the_signal_bar_closes():
    candles = random_candles(100, seed=1)
    setups = scan(candles)
    np.testing.assert_array_equal(setups.t0, candles.time[setups.signal_index + 1])
    np.testing.assert_array_equal(setups.entry, candles.open[setups.signal_index + 1])


def test_signals_become_setups_when_nothing_pauses_them():
    candles = random_candles(100, seed=1)
    signals = evaluate_rules(make_rules(), Frame(candles, "1h"))
    setups = scan(candles)
    side = np.where(signals.long, 1, np.where(signals.short, -1, 0))[:-1]
    np.testing.assert_array_equal(setups.signal_index, np.flatnonzero(side))
    np.testing.assert_array_equal(setups.side, side[side != 0])
    assert {1, -1} <= set(setups.side)


def test_barriers_stand_around_the_price_paid_when_the_spread_is_paid():
    wide = replace(FREE, spread_pips=4.0)
    candles = random_candles(100, seed=1)
    setups = scan(candles, instrument=wide)
    opened = candles.open[setups.signal_index + 1]
    np.testing.assert_allclose(setups.entry, opened + setups.side * 0.0002)
    np.testing.assert_allclose(setups.stop, setups.entry - setups.side * 0.0010)
    np.testing.assert_allclose(setups.target, setups.entry + setups.side * 0.0020)
    np.testing.assert_allclose(setups.risk, 0.0010)


def test_r_counts_spread_and_commission_once_each_way_when_the_target_is_hit():
    costly = replace(FREE, spread_pips=2.0, commission_bps=0.5)
    setups = scan(random_candles(400, seed=1), instrument=costly)
    won = setups.take((setups.outcome == Outcome.TAKE_PROFIT) & (setups.flags == 0))
    assert len(won) > 10
    commission = 2 * 0.5e-4 * won.entry
    np.testing.assert_allclose(won.cost, 0.0002 + commission)
    # the entry already paid half the spread: the target lies 20 pips from what was paid
    np.testing.assert_allclose(won.r, (0.0020 - 0.0001 - commission) / 0.0010)
    np.testing.assert_allclose(won.cost_r, won.cost / 0.0010)


def test_costs_of_the_rules_win_when_they_are_given():
    candles = random_candles(100, seed=1)
    costly = replace(FREE, spread_pips=9.0, commission_bps=9.0)
    own = scan(candles, instrument=costly, costs={"spread_pips": 2.0, "commission_bps": 0.0})
    np.testing.assert_allclose(own.cost, 0.0002)
    mixed = scan(candles, instrument=costly, costs={"spread_pips": 0.0})
    np.testing.assert_allclose(mixed.cost, 2 * 9e-4 * mixed.entry)


def test_bars_are_skipped_and_counted_when_both_sides_signal():
    setups = scan(random_candles(50), long=ALWAYS, short=ALWAYS)
    assert len(setups) == 0
    assert setups.counts.n_both_sides == setups.counts.n_signals == 50


def test_signal_waits_when_its_entry_bar_does_not_exist_yet():
    setups = scan(random_candles(50), long=ALWAYS, short=NEVER)
    assert setups.counts.n_awaiting_entry == 1
    assert setups.signal_index[-1] == 48


def test_signals_are_dropped_and_counted_when_the_atr_warms_up():
    setups = scan(random_candles(50), long=ALWAYS, short=NEVER, exit=ATR_EXIT)
    assert setups.counts.n_unplaceable == 14
    assert setups.signal_index[0] == 14


def test_signals_are_dropped_when_the_level_is_already_passed():
    level = {"take_profit": {"r": 2.0}, "stop_loss": {"level": {"price": "close"}}, "max_bars": 5}
    candles = random_candles(200, seed=6)
    setups = scan(candles, long=ALWAYS, short=NEVER, exit=level)
    passed = candles.open[1:] <= candles.close[:-1]
    assert 0 < passed.sum() == setups.counts.n_unplaceable
    assert (setups.stop < setups.entry).all()


def test_every_signal_is_accounted_for_when_counted():
    candles = random_candles(500, seed=8)
    setups = scan(candles, exit=ATR_EXIT, filters=paused(3, one_open=True))
    counts = setups.counts
    lost = counts.n_both_sides + counts.n_awaiting_entry + counts.n_unplaceable + counts.n_skipped
    assert counts.n_signals == len(setups) + lost
    assert counts.n_bars == 500
    assert counts.n_skipped > 100


def test_setups_keep_their_distance_when_there_is_a_cooldown():
    setups = scan(random_candles(100), long=ALWAYS, short=NEVER, filters=paused(4))
    assert set(np.diff(setups.signal_index)) == {5}


def test_next_setup_enters_after_the_exit_bar_when_one_may_be_open():
    candles = random_candles(600, seed=3)
    setups = scan(candles, long=ALWAYS, short=NEVER, filters=paused(one_open=True))
    exit_index = setups.signal_index + setups.bars_held
    np.testing.assert_array_equal(setups.signal_index[1:], exit_index[:-1][: len(setups) - 1])
    assert (setups.t0[1:] >= setups.t1[:-1]).all()


def greedy_oracle(free: Setups, candles: Candles, cooldown: int) -> list[int]:
    """Choose one signal after the other, looking at what is open at that close."""
    chosen, allowed_from, open_until = [], 0, 0
    for row in range(len(free)):
        t = int(free.signal_index[row])
        if t >= allowed_from and t >= open_until:
            chosen.append(t)
            allowed_from = t + cooldown + 1
            open_until = t + int(free.bars_held[row])
            if free.outcome[row] == Outcome.OPEN:
                break
    return chosen


@pytest.mark.parametrize("cooldown", [0, 2, 9])
@pytest.mark.parametrize("block", [1, 7, 100_000])
def test_pauses_equal_a_plain_walk_when_signals_come_in_blocks(monkeypatch, cooldown, block):
    monkeypatch.setattr("ml_training.data.setups.BLOCK", block)
    candles = random_candles(300, seed=cooldown)
    free = scan(candles)
    setups = scan(candles, filters=paused(cooldown, one_open=True))
    expected = greedy_oracle(free, candles, cooldown)
    assert setups.signal_index.tolist()[: len(expected)] == expected
    assert not setups.labelled[len(expected) :].any()


@pytest.mark.parametrize("one_open", [True, False])
def test_blocks_do_not_show_when_their_size_changes(monkeypatch, one_open):
    candles = random_candles(300, seed=5)
    whole = scan(candles, filters=paused(2, one_open=one_open))
    monkeypatch.setattr("ml_training.data.setups.BLOCK", 13)
    parts = scan(candles, filters=paused(2, one_open=one_open))
    for name in COLUMNS:
        np.testing.assert_array_equal(getattr(parts, name), getattr(whole, name))
    assert parts.counts == whole.counts


def assert_same_setups(setups: Setups, other: Setups, rows: np.ndarray) -> None:
    found = np.searchsorted(other.signal_index, setups.signal_index[rows])
    for name in COLUMNS:
        np.testing.assert_array_equal(
            getattr(other, name)[found], getattr(setups, name)[rows], err_msg=name
        )


def alter_after(candles: Candles, cut: int) -> Candles:
    columns = [column.copy() for column in candles.columns]
    for column in columns[1:5]:
        column[cut:] = column[cut:][::-1] * 1.3
    return Candles.from_columns(*columns)


@settings(max_examples=40, deadline=None)
@given(cut=st.integers(60, 399), seed=st.integers(0, 10_000), one_open=st.booleans())
def test_labelled_setup_stays_when_later_bars_are_removed_or_altered(cut, seed, one_open):
    candles = random_candles(400, seed=seed)
    choices = {"exit": ATR_EXIT, "filters": paused(2, one_open=one_open)}
    whole = scan(candles, **choices)
    prefix = scan(candles.slice(0, cut), **choices)
    rows = np.flatnonzero(whole.signal_index + 1 + ATR_EXIT["max_bars"] <= cut)
    assert len(rows) == prefix.labelled.sum() > 2
    assert_same_setups(whole, prefix, rows)
    assert_same_setups(whole, scan(alter_after(candles, cut), **choices), rows)
    assert_same_setups(prefix, whole, np.flatnonzero(prefix.labelled))


def test_new_setup_is_seen_when_the_open_one_has_already_left():
    candles = random_candles(200, seed=3)
    hold = {"take_profit": {"pips": 20}, "stop_loss": {"pips": 10}, "max_bars": 100}
    setups = scan(candles, long=ALWAYS, short=NEVER, exit=hold, filters=paused(one_open=True))
    assert (~setups.labelled).sum() > 3
    assert (setups.t1[~setups.labelled] == NO_END).all()
    assert not setups.win[~setups.labelled].any()


def test_nothing_follows_when_the_newest_setup_is_still_open():
    quiet = candles_from_rows([(1.0, 1.0001, 0.9999, 1.0)] * 23)
    setups = scan(quiet, long=ALWAYS, short=NEVER, filters=paused(one_open=True))
    assert setups.outcome.tolist() == [Outcome.TIME] * 4 + [Outcome.OPEN]
    assert setups.signal_index.tolist() == [0, 5, 10, 15, 20]


def test_label_ends_with_the_exit_bar_when_it_is_known():
    candles = random_candles(200, seed=3)
    setups = scan(candles)
    known = setups.take(setups.labelled)
    exit_index = known.signal_index + known.bars_held
    np.testing.assert_array_equal(known.t1, candles.time[exit_index] + HOUR)
    assert (known.t1 > known.t0).all()


def test_flags_tell_what_happened_when_bars_are_wild():
    rows = [(1.0, 1.01, 0.99, 1.0)] * 10
    tie = scan(candles_from_rows(rows), long=ALWAYS, short=NEVER)
    assert set(tie.flags[tie.labelled]) == {AMBIGUOUS}
    falling = [
        (1 - 0.01 * i, 1.0001 - 0.01 * i, 0.9999 - 0.01 * i, 1 - 0.01 * i) for i in range(9)
    ]
    gap = scan(candles_from_rows(falling), long=ALWAYS, short=NEVER)
    assert set(gap.flags[gap.labelled]) == {GAPPED}
    assert (gap.r[gap.labelled] < -1).all()


def test_finer_candles_settle_ties_when_they_are_at_hand():
    finer = random_candles(4000, seed=11, step_s=HOUR // 4)
    candles = resample(finer, HOUR // 4, HOUR)
    alone, settled = scan(candles), scan(candles, finer=finer)
    tied = (alone.flags & AMBIGUOUS) > 0
    told = (settled.flags & RESOLVED) > 0
    assert told.sum() > 20
    assert (tied >= told).all()
    np.testing.assert_array_equal(settled.r[~tied], alone.r[~tied])
    assert settled.win.sum() > alone.win.sum()


def test_scan_is_empty_when_there_are_no_signals_or_no_bars():
    for candles in (random_candles(50), Candles.empty()):
        setups = scan(candles, long=NEVER, short=NEVER)
        assert len(setups) == 0
        assert setups.counts.n_signals == 0
        assert {getattr(setups, name).dtype.kind for name in COLUMNS} == {"i", "f", "u"}


def test_gold_and_yen_use_their_own_pip_when_exits_are_in_pips():
    candles = random_candles(100, seed=1, price=2000.0, digits=2)
    setups = scan(candles, instrument=replace(FREE, pip=0.1, digits=2))
    np.testing.assert_allclose(setups.risk, 1.0)


def test_every_column_is_documented_when_it_exists():
    text = Setups.__doc__ or ""
    assert all(field.name in text for field in fields(Setups))
