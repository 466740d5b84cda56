"""What must hold whatever the setups: symmetries, monotony, bounds."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ml_training.evaluation.bounds import LEAK_AUC, MAX_P, MIN_EFFECTIVE
from ml_training.evaluation.calibration import fit_temperature
from ml_training.evaluation.circumstances import Circumstances
from ml_training.evaluation.metrics import measure, measure_auc
from ml_training.evaluation.outcomes import PeriodScore, evaluate
from ml_training.evaluation.significance import (
    Interval,
    bootstrap_auc,
    bootstrap_mean,
    cut_blocks,
    rotation_p_value,
)
from ml_training.evaluation.threshold import choose_threshold
from ml_training.evaluation.trading import summarise_trades
from ml_training.evaluation.verdict import TITLES, judge
from tests.evaluation.builders import COVERAGE, make_evaluation, make_outcomes

LADDER = ("no_edge", "ranks_but_does_not_pay", "edge_uncertain", "edge_stable")
SEEDS = st.integers(0, 9_999)


def draw_block(seed, n):
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 2, n)
    y[:2] = 0, 1
    return y, rng.random(n).round(2), np.where(y == 1, 2.0, -1.0) + 0.1 * rng.standard_normal(n)


@st.composite
def evaluations(draw):
    """Draw any figures an evaluation can hold, sensible or not."""
    auc = draw(st.floats(0, 1))
    width = draw(st.floats(0, 0.2))
    expectancy = draw(st.floats(-2, 2))
    n_taken = draw(st.integers(0, 500))
    half = PeriodScore(draw(st.floats(0, 1)), draw(st.floats(-2, 2)), 10)
    if draw(st.integers(0, 9)) == 0:
        one_class = measure([1, 1], [0.5, 0.6])
        return make_evaluation(auc=None, p_value=None, metrics=one_class)
    return make_evaluation(
        auc=Interval(auc, auc - width, auc + width),
        p_value=draw(st.one_of(st.none(), st.floats(0.0001, 1))),
        n_effective=draw(st.floats(1, 20_000)),
        taken=summarise_trades(np.full(n_taken, expectancy)),
        expectancy=Interval(expectancy, expectancy - width, expectancy + width),
        log_loss_skill=draw(st.floats(-0.5, 0.5)),
        halves=(half, half),
    )


@settings(max_examples=300, deadline=None)
@given(evaluations(), st.booleans(), st.integers(1, 50))
def test_every_verdict_has_words_whatever_was_measured(found, is_synthetic, n_openings):
    verdict = judge(found, COVERAGE, Circumstances(is_synthetic, n_openings))
    assert verdict.key in TITLES
    assert verdict.sentence
    assert all(verdict.evidence)
    assert all(verdict.next_steps)
    assert "nan" not in " ".join((verdict.sentence, *verdict.evidence, *verdict.next_steps))


@settings(max_examples=300, deadline=None)
@given(evaluations(), st.booleans())
def test_no_edge_is_claimed_unless_every_condition_holds(found, is_synthetic):
    verdict = judge(found, COVERAGE, Circumstances(is_synthetic=is_synthetic))
    if verdict.claims_edge:
        assert found.n_effective >= MIN_EFFECTIVE
        assert found.p_value <= MAX_P
        assert found.auc.value > 0.5
        assert found.taken.expectancy_r > 0
        assert is_synthetic or found.auc.value <= LEAK_AUC or found.auc.low <= 0.55


@settings(max_examples=200, deadline=None)
@given(evaluations(), st.integers(1, 20), st.integers(1, 20))
def test_verdict_never_climbs_when_the_test_block_is_opened_more_often(found, few, more):
    first, second = (
        judge(found, COVERAGE, Circumstances(is_synthetic=True, n_openings=n)).key
        for n in sorted((few, more))
    )
    if first in LADDER:
        assert LADDER.index(second) <= LADDER.index(first)
    else:
        assert second == first


@settings(max_examples=60, deadline=None)
@given(SEEDS, st.integers(10, 80))
def test_auc_stays_when_scores_are_stretched_and_flips_when_they_are_turned(seed, n):
    y, p, _ = draw_block(seed, n)
    assert measure_auc(y, p**3) == measure_auc(y, p)
    assert measure_auc(y, -p) == pytest.approx(1 - measure_auc(y, p))
    assert measure_auc(1 - y, p) == pytest.approx(1 - measure_auc(y, p))


@settings(max_examples=40, deadline=None)
@given(SEEDS, st.integers(20, 120))
def test_intervals_hold_their_value_within_the_possible(seed, n):
    y, p, r = draw_block(seed, n)
    blocks = np.arange(n) // 4
    auc = bootstrap_auc(y, p, blocks, seed=seed)
    assert 0 <= auc.low <= auc.high <= 1
    mean = bootstrap_mean(r, blocks, seed=seed)
    assert r.min() <= mean.low <= mean.high <= r.max()
    assert mean.low <= mean.value + 1e-9
    assert mean.value <= mean.high + 1e-9


@settings(max_examples=40, deadline=None)
@given(SEEDS, st.integers(20, 120), st.floats(0.1, 5.0))
def test_mean_interval_scales_when_results_are_counted_in_other_units(seed, n, factor):
    _, _, r = draw_block(seed, n)
    blocks = np.arange(n) // 4
    once, scaled = (bootstrap_mean(one, blocks, seed=1) for one in (r, factor * r))
    assert scaled.low == pytest.approx(factor * once.low, rel=1e-6, abs=1e-9)
    assert scaled.high == pytest.approx(factor * once.high, rel=1e-6, abs=1e-9)


@settings(max_examples=60, deadline=None)
@given(SEEDS, st.integers(20, 120), st.integers(0, 5))
def test_p_value_is_a_share_and_turns_with_the_ranking(seed, n, min_shift):
    y, p, _ = draw_block(seed, n)
    p_value = rotation_p_value(y, p, min_shift=min_shift)
    assert 0 < p_value <= 1
    assert p_value + rotation_p_value(y, -p, min_shift=min_shift) >= 1


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 10**8), st.integers(1, 10**7)), min_size=1, max_size=60))
def test_blocks_follow_the_clock_on_any_setups(times):
    t0 = np.sort(np.array([start for start, _ in times]))
    t1 = t0 + np.array([held for _, held in times])
    blocks = cut_blocks(t0, t1)
    assert blocks[0] == 0
    assert set(np.diff(blocks)) <= {0, 1}
    assert cut_blocks(t0 + 777, t1 + 777).tolist() == blocks.tolist()


@settings(max_examples=60, deadline=None)
@given(SEEDS, st.integers(25, 120), st.floats(0.1, 4.0))
def test_threshold_stays_when_results_are_counted_in_other_units(seed, n, factor):
    _, p, r = draw_block(seed, n)
    assume(len(np.unique(p)) > 1)
    once, scaled = choose_threshold(p, r), choose_threshold(p, factor * r)
    assert scaled.value == pytest.approx(once.value, rel=1e-12)
    assert abs(scaled.n_taken - once.n_taken) <= 1


@settings(max_examples=30, deadline=None)
@given(SEEDS, st.integers(60, 200))
def test_calibrated_chances_stay_chances_on_any_setups(seed, n):
    y, p, _ = draw_block(seed, n)
    calibrated = fit_temperature(y, p, anchor=0.4).apply(np.linspace(0, 1, 50))
    assert ((calibrated >= 0) & (calibrated <= 1)).all()
    assert (np.diff(calibrated) >= 0).all()


@settings(max_examples=30, deadline=None)
@given(SEEDS, st.integers(20, 100), st.floats(0, 1))
def test_evaluation_is_whole_on_any_setups(seed, n, threshold):
    y, p, r = draw_block(seed, n)
    found = evaluate("m", make_outcomes(y, r), p, threshold=threshold, base_rate=0.4, seed=0)
    metrics = found.metrics
    assert metrics.true_positives + metrics.false_positives == found.taken.n
    assert found.halves[0].n_taken + found.halves[1].n_taken == found.taken.n
    assert found.taken.total_r == pytest.approx(r[p >= threshold].sum())
    assert found.every.n == n
    again = evaluate("m", make_outcomes(y, r), p, threshold=threshold, base_rate=0.4, seed=0)
    assert again == found
