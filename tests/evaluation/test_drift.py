"""Drift is told from stored shares as it would be from the rows themselves."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from ml_training.evaluation.drift import (
    MIN_RECENT,
    N_LEVELS,
    ColumnProfile,
    correct,
    describe_column,
    gap_p_value,
    mark_outside,
    measure_drift,
    measure_gap,
    measure_psi,
)


def draw(n, *, seed=0, shift=0.0):
    return np.random.default_rng(seed).standard_normal(n) + shift


def compare(trained, recent):
    profiles = {"one": describe_column(trained)}
    sizes = {"n_effective": len(recent), "n_effective_trained": len(trained)}
    (found,) = measure_drift(profiles, np.asarray(recent)[:, None], **sizes)
    return found


def test_profile_comes_back_as_it_was_when_stored_as_json():
    profile = describe_column([3.0, np.nan, 1.0, np.inf, 2.0])
    assert (profile.n, profile.n_missing, profile.low, profile.high) == (5, 2, 1.0, 3.0)
    assert ColumnProfile.from_dict(json.loads(json.dumps(profile.as_dict()))) == profile


@given(st.integers(0, 10_000), st.floats(-2.0, 2.0))
def test_gap_is_that_of_the_rows_to_one_level(seed, shift):
    trained, recent = draw(400, seed=seed), draw(120, seed=seed + 1, shift=shift)
    exact = stats.ks_2samp(trained, recent).statistic
    told = measure_gap(describe_column(trained), recent)
    assert exact - 1.5 / N_LEVELS <= told <= exact + 1e-12


@pytest.mark.parametrize("gap", [0.01, 0.05, 0.1, 0.15, 0.2, 0.4, 0.9])
def test_p_value_is_the_one_of_an_independent_implementation(gap):
    root = np.sqrt(400 * 150 / 550)
    reach = (root + 0.12 + 0.11 / root) * gap
    assert gap_p_value(gap, 400, 150) == pytest.approx(stats.kstwobign.sf(reach), abs=1e-9)


def test_psi_is_the_textbook_sum_when_both_are_drawn_in_full():
    trained = np.arange(1000.0)
    recent = np.concatenate([np.arange(0.0, 500.0), np.arange(0.0, 500.0)])
    n, half = 1000, 0.5
    before = (np.array([100.0] * 10) + half) / (n + half * 10)
    now = (np.array([200.0] * 5 + [0.0] * 5) + half) / (n + half * 10)
    expected = float(np.sum((now - before) * np.log(now / before)))
    assert measure_psi(describe_column(trained), recent) == pytest.approx(expected, abs=1e-12)


def test_nothing_is_found_when_both_come_from_one_market():
    levels = [compare(draw(800, seed=s), draw(200, seed=s + 999)).level for s in range(200)]
    assert levels.count("stable") == len(levels)


def test_large_drift_is_found_when_the_market_has_moved():
    found = [compare(draw(800, seed=s), draw(200, seed=s + 999, shift=0.8)) for s in range(50)]
    assert all(one.level == "large" for one in found)
    assert np.mean([one.shift for one in found]) == pytest.approx(0.8 / 1.349, abs=0.05)


def test_missing_values_are_drift_when_training_had_none():
    gone = np.where(np.arange(200) % 2 == 0, np.nan, draw(200))
    assert measure_psi(describe_column(draw(800)), gone) > 0.25


def test_nothing_is_said_when_there_are_too_few_setups():
    profiles = {"one": describe_column(draw(100))}
    few = draw(MIN_RECENT - 1, shift=9.0)[:, None]
    assert measure_drift(profiles, few, n_effective=49, n_effective_trained=100) == ()


def test_overlapping_setups_count_for_less_than_their_number():
    profiles = {"one": describe_column(draw(800))}
    recent = draw(200, seed=5, shift=0.4)[:, None]
    full, worth = (
        measure_drift(profiles, recent, n_effective=n, n_effective_trained=800)[0].p_value
        for n in (200, 40)
    )
    assert full < 0.01 < worth


def test_farthest_column_comes_first():
    profiles = {name: describe_column(draw(800, seed=1)) for name in ("still", "moved")}
    X = np.column_stack([draw(200, seed=2), draw(200, seed=3, shift=1.0)])
    found = measure_drift(profiles, X, n_effective=200, n_effective_trained=800)
    assert [one.name for one in found] == ["moved", "still"]
    assert found[0].as_dict()["level"] == "large"


@pytest.mark.parametrize(
    ("value", "is_new"),
    [(0.0, False), (10.0, False), (10.9, False), (11.1, True), (-1.1, True), (np.nan, True)],
)
def test_value_is_new_when_it_lies_well_outside_the_training_range(value, is_new):
    assert mark_outside(describe_column(np.arange(11.0)), [value]).tolist() == [is_new]


def test_missing_value_is_not_new_when_training_had_some():
    profile = describe_column([1.0, np.nan, 2.0])
    assert mark_outside(profile, [np.nan, np.inf]).tolist() == [False, False]


def test_any_value_is_new_when_training_had_none():
    profile = describe_column([np.nan, np.nan])
    assert mark_outside(profile, [1.0, np.nan]).tolist() == [True, False]
    assert measure_gap(profile, [1.0]) == 0.0
    assert np.isfinite(measure_psi(profile, [1.0]))


def test_constant_column_is_compared_without_dividing_by_zero():
    profile = describe_column(np.full(100, 2.0))
    assert mark_outside(profile, [2.0, 2.1]).tolist() == [False, True]
    assert measure_psi(profile, np.full(60, 2.0)) < 0.01
    assert compare(np.full(100, 2.0), np.full(60, 3.0)).shift is None
    assert measure_gap(profile, np.full(60, 1.0)) == 0.0  # a gap below the only edge is unseen
    assert measure_psi(profile, np.full(60, 3.0)) > 0.25


@given(st.lists(st.floats(0.0, 1.0), min_size=1, max_size=30))
def test_correction_agrees_with_the_definition(p_values):
    told = correct(p_values)
    order = sorted(range(len(p_values)), key=lambda i: p_values[i])
    highest = 0.0
    for rank, row in enumerate(order):
        highest = max(highest, (len(p_values) - rank) * p_values[row])
        assert told[row] == pytest.approx(min(highest, 1.0))
