"""Leaks: each kind is put in where it is said to be, and named."""

import numpy as np
import pytest

from benchmarks.verdicts import leaks
from ml_training.data.features import plan_features
from ml_training.data.frame import Frame
from ml_training.data.presets import PRESETS
from ml_training.data.rules import indicator_uses, parse_rules
from ml_training.data.setups import scan_setups
from ml_training.data.synthetic import make_market


@pytest.fixture(scope="module")
def ground():
    [(spec, candles)] = make_market(n_symbols=1, n_bars=9_000, timeframe="1h", seed=2, edge=False)
    rules = parse_rules(PRESETS["donchian_break"].document)
    setups = scan_setups(rules, Frame(candles, "1h"), spec)
    plan = plan_features(indicator_uses(rules))
    return leaks.Ground(candles, "1h", spec.symbol, plan, setups.take(setups.labelled))


def put_in(ground, kind, seed=0):
    """Return the clean set, the leaky one, what was planted, and both alarms."""
    clean, _ = leaks.inject(ground, leaks.CLEAN, np.random.default_rng(seed))
    dataset, planted = leaks.inject(ground, kind, np.random.default_rng(seed))
    found = leaks.look_again(ground, dataset, np.random.default_rng(seed))
    return clean, dataset, planted, found


@pytest.mark.parametrize("kind", [leaks.SHIFTED, leaks.COPY, leaks.UNCLOSED])
@pytest.mark.parametrize("seed", [0, 1])
def test_one_column_changes_and_is_named_when_a_leak_is_put_in(ground, kind, seed):
    clean, dataset, planted, found = put_in(ground, kind, seed)
    same = (clean.X == dataset.X) | (np.isnan(clean.X) & np.isnan(dataset.X))
    changed = [clean.feature_names[column] for column in np.flatnonzero(~same.all(axis=0))]
    assert changed == [planted]
    assert [leak.columns for leak in found] == [(planted,)]


def test_nothing_is_named_when_the_set_is_clean(ground):
    _, dataset, planted, found = put_in(ground, leaks.CLEAN)
    assert planted is None
    assert found == []
    assert leaks.find_leaks(leaks.cut(dataset, None)) == []


def test_shared_time_is_named_when_the_split_is_shuffled(ground):
    _, dataset, planted, _ = put_in(ground, leaks.SHUFFLED)
    kinds = {leak.kind for leak in leaks.find_leaks(leaks.cut(dataset, np.random.default_rng(0)))}
    assert planted == "shared_time"
    assert planted in kinds


def test_a_forming_bar_is_served_when_a_frame_peeks(ground):
    honest, peeking = (
        kind(ground.candles, "1h").higher("4h") for kind in (Frame, leaks.PeekingFrame)
    )
    inside = slice(100, -100)
    assert np.array_equal(peeking[1][inside], honest[1][inside] + 1)


def make_row(kind, *, is_named):
    return {"case": {"kind": kind}, "is_named": is_named, "by_table": False,
            "by_replay": is_named}  # fmt: skip


def test_the_bar_is_met_when_all_leaks_are_named_and_no_clean_set_is():
    rows = [make_row(kind, is_named=kind != leaks.CLEAN) for kind in leaks.KINDS]
    figures = leaks.summarise(rows)
    assert figures["met"]
    assert figures["kinds"][leaks.COPY]["by_replay"] == 1


@pytest.mark.parametrize("wrong", leaks.KINDS)
def test_the_bar_is_missed_when_one_kind_goes_wrong(wrong):
    rows = [make_row(k, is_named=(k != leaks.CLEAN) != (k == wrong)) for k in leaks.KINDS]
    assert not leaks.summarise(rows)["met"]


def test_every_kind_is_put_into_every_set_when_cases_are_listed():
    cases = leaks.list_cases(2)
    assert [case["kind"] for case in cases] == list(leaks.KINDS) * 2
    first = [{k: v for k, v in case.items() if k != "kind"} for case in cases[:5]]
    assert all(case == first[0] for case in first)
