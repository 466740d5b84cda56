import json

import numpy as np
import pytest

from ml_training.evaluation.metrics import measure_auc
from ml_training.evaluation.outcomes import evaluate
from ml_training.evaluation.trading import summarise_trades
from tests.evaluation.builders import HOUR_S, draw_signal, make_outcomes


def evaluate_signal(n=800, strength=0.8, threshold=0.4, **changes):
    p, y = draw_signal(n, strength=strength, seed=0)
    outcomes = make_outcomes(y, **changes)
    return evaluate("network", outcomes, p, threshold=threshold, base_rate=0.36, seed=0), p, y


def test_evaluation_agrees_with_its_parts_when_put_together():
    found, p, y = evaluate_signal()
    assert found.metrics.auc == found.auc.value == measure_auc(y, p)
    assert found.auc.low < found.auc.value < found.auc.high
    assert found.taken.n == np.sum(p >= 0.4)
    assert found.every.n == found.metrics.n == 800
    assert found.taken.expectancy_r == pytest.approx(found.expectancy.value)
    assert found.p_value < 0.01


def test_skill_is_positive_when_the_model_knows_and_zero_when_it_says_the_base_rate():
    found, _, y = evaluate_signal()
    assert found.log_loss_skill > 0.02
    assert found.brier_skill > 0.02
    outcomes = make_outcomes(y)
    nothing = evaluate("base", outcomes, np.full(800, 0.36), threshold=0, base_rate=0.36, seed=0)
    assert nothing.log_loss_skill == pytest.approx(0.0, abs=1e-12)
    assert nothing.auc.value == 0.5
    assert nothing.p_value == 1.0


def test_drawdown_follows_closing_times_when_trades_overlap():
    outcomes = make_outcomes([1, 0, 0], [2.0, -1.0, -1.0], held_s=1)
    late = type(outcomes)(
        y=outcomes.y,
        r=outcomes.r,
        t0=outcomes.t0,
        t1=np.array([10**9, 10**6, 10**6]),
        weight=outcomes.weight,
    )
    found = evaluate("m", late, np.full(3, 0.5), threshold=0, base_rate=0.5, seed=0)
    assert found.every.max_drawdown_r == 2.0
    assert summarise_trades(outcomes.r).max_drawdown_r == 2.0


def test_halves_are_scored_apart_when_the_edge_dies_half_way():
    p, y = draw_signal(1000, strength=1.5, seed=1)
    y[500:] = np.random.default_rng(2).permutation(y[500:])
    found = evaluate("m", make_outcomes(y), p, threshold=0.5, base_rate=0.4, seed=0)
    early, late = found.halves
    assert early.auc > 0.7
    assert abs(late.auc - 0.5) < 0.08
    assert early.n_taken + late.n_taken == found.taken.n
    assert early.expectancy_r > late.expectancy_r


def test_nothing_is_traded_when_no_setup_reaches_the_threshold():
    found, _, _ = evaluate_signal(threshold=1.0)
    assert found.taken.n == 0
    assert found.expectancy is None
    assert found.halves[0].expectancy_r == 0.0


def test_auc_is_none_when_only_one_class_occurs():
    found = evaluate(
        "m", make_outcomes([0] * 30), np.linspace(0, 1, 30), threshold=0, base_rate=0.4, seed=0
    )
    assert found.auc is None
    assert found.p_value is None
    assert found.metrics.notes


def test_effective_number_is_the_sum_of_weights_when_setups_overlap():
    assert make_outcomes([0, 1, 1], weight=[0.5, 0.5, 0.25]).n_effective == 1.25


@pytest.mark.parametrize(("held_h", "overlapping"), [(6, 1), (24, 1), (25, 2), (72, 3)])
def test_overlap_counts_setups_begun_while_one_was_open(held_h, overlapping):
    outcomes = make_outcomes([0, 1] * 10, held_s=held_h * HOUR_S)
    assert outcomes.n_overlapping == overlapping


def test_evaluation_survives_json_when_written_down():
    found, _, _ = evaluate_signal()
    stored = json.loads(json.dumps(found.as_dict()))
    assert stored["auc"] == found.auc.value
    assert stored["trades"]["n"] == found.taken.n
    assert stored["auc_interval"]["low"] == found.auc.low
