"""The labelled set keeps its rows together, in order and hashed."""

from dataclasses import fields, replace

import numpy as np
import pytest

from ml_training.data.frame import Frame
from ml_training.data.labelled import concat_sets, empty_set, set_from_setups
from ml_training.data.setups import scan_setups
from ml_training.errors import DataError
from tests.data.builders import random_candles
from tests.data.setup_builders import FREE, HOUR, make_rules, make_set


def test_rows_are_sorted_by_time_when_sets_are_joined():
    late = make_set(30, symbol="XAUUSD", start=1_704_067_200 + 10 * HOUR)
    joined = concat_sets([late, make_set(20)])
    assert len(joined) == 50
    assert (np.diff(joined.t0) >= 0).all()
    assert joined.symbol[0] == "EURUSD"
    rows = joined.symbol == "XAUUSD"
    np.testing.assert_array_equal(joined.X[rows], late.X)
    np.testing.assert_array_equal(joined.y[rows], late.y)


def test_joined_set_is_the_same_when_the_parts_come_in_another_order():
    parts = [make_set(30, symbol=name) for name in ("XAUUSD", "EURUSD", "GBPUSD")]
    assert concat_sets(parts).digest() == concat_sets(parts[::-1]).digest()


def test_weights_are_shared_when_two_timeframes_of_one_symbol_are_joined():
    hourly, twice = make_set(10), make_set(10)
    other = replace(twice, timeframe=np.full(10, "4h"))
    assert concat_sets([hourly, other]).n_effective == pytest.approx(10)
    apart = replace(other, symbol=np.full(10, "XAUUSD"))
    assert concat_sets([hourly, apart]).n_effective == pytest.approx(20)


def test_joining_is_refused_when_the_features_differ():
    other = replace(make_set(10), feature_digest="0" * 64)
    with pytest.raises(DataError, match="000000000000, ffffffffffff") as caught:
        concat_sets([make_set(10), other])
    assert "Scan the setups again" in caught.value.hint


def test_joining_is_refused_when_there_is_nothing():
    with pytest.raises(ValueError, match="at least one set"):
        concat_sets([])


def test_digest_changes_when_any_column_does():
    base = make_set(20)
    changed = [replace(base, X=base.X + 1e-12), replace(base, y=1 - base.y)]
    changed += [replace(base, r=base.r + 1e-12), replace(base, t1=base.t1 + 1)]
    changed += [replace(base, weight=base.weight / 2), replace(base, side=-base.side)]
    changed += [replace(base, symbol=np.full(20, "A")), replace(base, timeframe=np.full(20, "1d"))]
    changed += [replace(base, t0=base.t0 - 1), replace(base, feature_names=("a", "b", "c"))]
    changed += [replace(base, feature_digest="0")]
    assert len(changed) == len(fields(base))
    assert len({one.digest() for one in [base, *changed]}) == len(changed) + 1


def test_digest_stays_when_the_layout_in_memory_differs():
    base = make_set(20)
    copied = replace(base, X=np.asfortranarray(base.X), symbol=base.symbol.astype("U30"))
    assert copied.digest() == base.digest() == make_set(20).digest()


def test_some_rows_keep_their_weights_when_taken():
    base = make_set(20, overlap=4)
    part = base.take(np.arange(5, 15))
    assert len(part) == 10
    np.testing.assert_array_equal(part.X, base.X[5:15])
    assert part.n_effective == base.n_effective / 2
    assert part.feature_names == base.feature_names


def test_empty_set_knows_its_features_when_nothing_was_found():
    none = empty_set(("a", "b"), "f" * 64)
    assert len(none) == 0
    assert none.n_features == 2
    assert len(concat_sets([none, none])) == 0


def test_columns_cannot_be_written_when_the_set_is_made():
    base = make_set(10)
    with pytest.raises(ValueError, match="read-only"):
        base.y[0] = 1


def test_caller_can_still_write_his_own_array_when_the_set_is_made():
    X = np.zeros((10, 3))
    replace(make_set(10), X=X)
    X[0] = 1.0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"t0": np.arange(10)[::-1].copy()}, "sorted by `t0`"),
        ({"t1": np.zeros(10, int)}, "`t1` must lie after `t0`"),
        ({"y": np.full(10, 2)}, r"`y` must be 0 or 1, got \[2\]"),
        ({"r": np.full(10, np.nan)}, "`r` must be finite"),
        ({"X": np.zeros((10, 4))}, "X 3 columns"),
        ({"side": np.ones(9)}, r"got \{'side': \(9,\)\}"),
    ],
)
def test_set_is_refused_when_its_columns_contradict(change, message):
    with pytest.raises(ValueError, match=message):
        replace(make_set(10), **change)


def test_missing_cells_are_kept_when_features_warm_up():
    X = make_set(10).X.copy()
    X[0, 0], X[1, 1] = np.nan, np.inf
    kept = replace(make_set(10), X=X).X
    assert np.isnan(kept[0, 0])
    assert np.isinf(kept[1, 1])


def test_only_labelled_setups_are_kept_when_a_scan_becomes_a_set():
    candles = random_candles(300, seed=2)
    setups = scan_setups(make_rules(), Frame(candles, "1h"), FREE)
    X = np.arange(2.0 * len(setups)).reshape(-1, 2)
    plan = {"feature_names": ("a", "b"), "feature_digest": "f" * 64}
    rows = set_from_setups(setups, X, symbol="EURUSD", timeframe="1h", **plan)
    assert 0 < len(rows) == setups.labelled.sum() < len(setups)
    np.testing.assert_array_equal(rows.X, X[setups.labelled])
    np.testing.assert_array_equal(rows.y, rows.r > 0)
    assert set(rows.symbol) == {"EURUSD"}
    assert 0 < rows.n_effective < len(rows)
