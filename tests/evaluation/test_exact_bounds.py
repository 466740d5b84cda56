"""What happens exactly at a bound, and one step to either side of it."""

import json
from dataclasses import replace

import numpy as np
import pytest

from ml_training.evaluation.bounds import (
    LEAK_AUC,
    LEAK_AUC_LOW,
    LUCK_SIGMAS,
    MAX_P,
    MIN_EFFECTIVE,
    MIN_TAKEN,
    STABLE_P,
)
from ml_training.evaluation.calibration import MIN_SETUPS, N_FOLDS, fit_temperature
from ml_training.evaluation.circumstances import Circumstances, Coverage
from ml_training.evaluation.metrics import measure
from ml_training.evaluation.outcomes import Outcomes, PeriodScore, evaluate
from ml_training.evaluation.significance import Interval, null_auc_sd
from ml_training.evaluation.threshold import Threshold, choose_threshold
from ml_training.evaluation.trading import summarise_trades
from ml_training.evaluation.verdict import judge
from ml_training.evaluation.wording import ask_for_more
from tests.evaluation.builders import COVERAGE, HOUR_S, make_evaluation, make_outcomes

UP, DOWN = np.inf, -np.inf


def key_of(**changes):
    return judge(make_evaluation(**changes), COVERAGE).key


def just(value, towards):
    """Return the nearest number on one side."""
    return float(np.nextafter(value, towards))


def test_leak_is_suspected_only_above_both_bounds():
    high, low = LEAK_AUC, LEAK_AUC_LOW
    assert key_of(auc=Interval(just(high, UP), just(low, UP), 0.9)) == "suspected_leak"
    assert key_of(auc=Interval(high, just(low, UP), 0.9)) == "edge_stable"
    assert key_of(auc=Interval(just(high, UP), low, 0.9)) == "edge_stable"


def test_data_suffice_from_the_bound_on():
    assert key_of(n_effective=MIN_EFFECTIVE) == "edge_stable"
    assert key_of(n_effective=just(MIN_EFFECTIVE, DOWN)) == "not_enough_data"


def test_ranking_counts_up_to_the_largest_p_and_is_stable_up_to_its_own():
    assert key_of(p_value=STABLE_P) == "edge_stable"
    assert key_of(p_value=just(STABLE_P, UP)) == "edge_uncertain"
    assert key_of(p_value=MAX_P) == "edge_uncertain"
    assert key_of(p_value=just(MAX_P, UP)) == "no_edge"


def test_ranking_is_stable_from_the_reach_of_luck_on():
    reach = LUCK_SIGMAS * null_auc_sd(1500.0)
    inside, outside = 0.5 + reach - 1e-9, 0.5 + reach + 1e-9
    assert key_of(auc=Interval(outside, 0.5, 0.6)) == "edge_stable"
    assert key_of(auc=Interval(inside, 0.5, 0.6)) == "edge_uncertain"


def test_trades_are_evidence_from_the_bound_on():
    assert key_of(taken=summarise_trades([0.5] * MIN_TAKEN)) == "edge_stable"
    assert key_of(taken=summarise_trades([0.5] * (MIN_TAKEN - 1))) == "ranks_but_does_not_pay"


def test_nothing_is_paid_when_the_mean_is_exactly_zero():
    even, loss = ([1.0, -1.0] * 100, [1.0, -1.0] * 100 + [-1e-9])
    assert key_of(taken=summarise_trades(even)) == "ranks_but_does_not_pay"
    assert key_of(taken=summarise_trades(loss)) == "ranks_but_does_not_pay"
    assert key_of(taken=summarise_trades([*even, 1e-9])) == "edge_stable"
    assert key_of(expectancy=None) == "ranks_but_does_not_pay"


def test_edge_is_uncertain_when_the_interval_of_its_ranking_reaches_below_one_half():
    assert key_of(auc=Interval(0.56, 0.5, 0.6)) == "edge_stable"
    assert key_of(auc=Interval(0.56, just(0.5, DOWN), 0.6)) == "edge_uncertain"


HALF = PeriodScore(0.55, 0.2, 300)


@pytest.mark.parametrize(
    "shaky",
    [
        {"expectancy": Interval(0.3, 0.0, 0.5)},
        {"log_loss_skill": 0.0},
        {"halves": (replace(HALF, auc=0.5), HALF)},
        {"halves": (HALF, replace(HALF, auc=0.5))},
        {"halves": (replace(HALF, auc=None), HALF)},
        {"halves": (HALF, replace(HALF, auc=None))},
        {"halves": (replace(HALF, expectancy_r=0.0), HALF)},
        {"halves": (HALF, replace(HALF, expectancy_r=0.0, n_taken=0))},
    ],
)
def test_edge_is_uncertain_when_one_condition_stands_exactly_at_its_bound(shaky):
    assert key_of(**shaky) == "edge_uncertain"


def test_each_opening_multiplies_p_when_an_edge_is_judged():
    found = make_evaluation(p_value=MAX_P / 4)
    keys = [judge(found, COVERAGE, Circumstances(n_openings=n)).key for n in (4, 5)]
    assert keys == ["edge_uncertain", "no_edge"]


def test_leak_found_outranks_missing_data_and_says_which():
    found = Circumstances(leak_found="column 3 repeats the label")
    verdict = judge(make_evaluation(auc=None, p_value=None, n_effective=3.0), COVERAGE, found)
    assert verdict.key == "suspected_leak"
    assert "column 3 repeats the label" in verdict.sentence
    assert any("bars after the signal" in step for step in verdict.next_steps)


def test_setup_is_traded_when_its_chance_equals_the_threshold():
    outcomes = make_outcomes([1, 0, 1, 0])
    p = np.array([0.4, 0.4, 0.6, 0.2])
    found = evaluate("m", outcomes, p, threshold=0.4, base_rate=0.5, seed=0)
    assert found.taken.n == found.metrics.true_positives + found.metrics.false_positives == 3
    assert [half.n_taken for half in found.halves] == [2, 1]


def test_expectancy_is_written_down_when_something_was_taken_and_null_otherwise():
    outcomes = make_outcomes([1, 0] * 20)
    p = np.tile([0.6, 0.3], 20)
    for threshold, is_known in ((0.5, True), (0.9, False)):
        found = evaluate("m", outcomes, p, threshold=threshold, base_rate=0.5, seed=0)
        stored = json.loads(json.dumps(found.as_dict()))
        assert (stored["expectancy_interval"] is not None) == is_known
        assert stored["take_every_setup"]["n"] == 40
        if is_known:
            assert stored["expectancy_interval"]["value"] == 2.0


def test_block_without_setups_overlaps_nothing():
    assert make_outcomes([]).n_overlapping == 0
    assert make_outcomes([]).n_effective == 0.0
    assert len(make_outcomes([])) == 0


def test_drawdown_is_that_of_the_closing_order_when_a_long_trade_wins_late():
    """Entered first and closed last, the winner cannot soften the two losses before."""
    outcomes = Outcomes(
        y=np.array([0, 1, 0]),
        r=np.array([-1.0, 3.0, -1.0]),
        t0=np.array([0, 1, 2]) * HOUR_S,
        t1=np.array([3, 90, 4]) * HOUR_S,
        weight=np.ones(3),
    )
    found = evaluate("m", outcomes, np.full(3, 0.5), threshold=0.0, base_rate=0.5, seed=0)
    assert found.every.max_drawdown_r == 2.0
    assert summarise_trades(outcomes.r).max_drawdown_r == 1.0


def test_taken_trades_keep_the_order_of_closing_too():
    outcomes = Outcomes(
        y=np.array([0, 1, 0, 1]),
        r=np.array([-1.0, 3.0, -1.0, 9.0]),
        t0=np.arange(4) * HOUR_S,
        t1=np.array([3, 90, 4, 2]) * HOUR_S + 4 * HOUR_S,
        weight=np.ones(4),
    )
    p = np.array([0.8, 0.8, 0.8, 0.1])
    found = evaluate("m", outcomes, p, threshold=0.5, base_rate=0.5, seed=0)
    assert found.taken.max_drawdown_r == 2.0
    assert found.taken.total_r == 1.0


def test_middle_setup_belongs_to_the_first_half_when_the_number_is_odd():
    outcomes = make_outcomes([1, 0, 1, 0, 0], r=[1.0, 1.0, 1.0, -5.0, -5.0])
    found = evaluate("m", outcomes, np.full(5, 0.5), threshold=0.0, base_rate=0.5, seed=0)
    assert [half.n_taken for half in found.halves] == [3, 2]
    assert [half.expectancy_r for half in found.halves] == [1.0, -5.0]
    assert found.halves[1].auc is None


def test_skill_compares_with_the_training_rate_and_not_with_the_blocks_own():
    y = np.tile([1, 0, 0, 0], 50)
    own = np.full(200, 0.25)
    found = evaluate("m", make_outcomes(y), own, threshold=0.0, base_rate=0.5, seed=0)
    before = -np.log(0.5)
    after = -(0.25 * np.log(0.25) + 0.75 * np.log(0.75))
    assert found.log_loss_skill == pytest.approx(1 - after / before)
    assert found.brier_skill == pytest.approx(1 - (0.25 * 0.75) / 0.25)


@pytest.mark.parametrize(("n", "is_applied"), [(MIN_SETUPS - 1, False), (MIN_SETUPS, True)])
def test_temperature_is_fitted_from_the_fewest_setups_on(n, is_applied):
    y = np.tile([0, 1], n)[:n]
    found = fit_temperature(y, np.where(y == 1, 0.6, 0.4), anchor=0.5)
    assert found.applied == is_applied
    assert ("too few" in found.note) != is_applied


@pytest.mark.parametrize(("n_wins", "is_applied"), [(N_FOLDS - 1, False), (N_FOLDS, True)])
@pytest.mark.parametrize("is_turned", [False, True])
def test_temperature_is_fitted_from_the_fewest_of_each_outcome_on(n_wins, is_applied, is_turned):
    y = np.zeros(100, dtype=int)
    y[np.linspace(0, 99, n_wins).astype(int)] = 1
    p = np.where(y == 1, 0.3, 0.05)
    if is_turned:
        y, p = 1 - y, 1 - p
    found = fit_temperature(y, p, anchor=float(y.mean()))
    assert found.applied == is_applied


def test_threshold_pays_only_above_zero():
    assert not Threshold(0.5, 10, 20, 0.0, -0.1).pays
    assert Threshold(0.5, 10, 20, 1e-9, -0.1).pays


def test_threshold_has_words_for_nothing_when_there_are_no_setups():
    chosen = choose_threshold([], [])
    assert (chosen.value, chosen.n_taken, chosen.n) == (0.0, 0, 0)
    assert (chosen.expectancy_r, chosen.take_all_r, chosen.pays) == (0.0, 0.0, False)


def test_need_counts_one_unit_when_nearly_enough_is_there():
    words = ask_for_more(699.9, 700.0, Coverage(100, 1, 1.0))
    assert words == "About 1 more setup would settle it: some 1 more symbol, or 1 more year"


@pytest.mark.parametrize("threshold", [0.0, 0.3, 1.0])
def test_recall_and_precision_know_their_limits_at_any_threshold(threshold):
    y, p = np.array([1, 1, 0, 0]), np.array([0.9, 0.3, 0.3, 0.1])
    found = measure(y, p, threshold=threshold)
    expected = {0.0: (0.5, 1.0), 0.3: (2 / 3, 1.0), 1.0: (0.0, 0.0)}[threshold]
    assert (found.precision, found.recall) == pytest.approx(expected)
    assert found.n == found.true_positives + found.false_positives + (
        found.true_negatives + found.false_negatives
    )
