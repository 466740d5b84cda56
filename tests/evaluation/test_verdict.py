import json

import numpy as np
import pytest

from ml_training.evaluation.bounds import MIN_EFFECTIVE, MIN_TAKEN
from ml_training.evaluation.circumstances import Circumstances
from ml_training.evaluation.metrics import measure
from ml_training.evaluation.outcomes import PeriodScore
from ml_training.evaluation.significance import Interval
from ml_training.evaluation.trading import summarise_trades
from ml_training.evaluation.verdict import TITLES, judge
from tests.evaluation.builders import COVERAGE, make_evaluation

ONE_CLASS = {"auc": None, "p_value": None, "metrics": measure([0, 0], [0.3, 0.4])}
LOSING = {"taken": summarise_trades(np.full(300, -0.1)), "expectancy": Interval(-0.1, -0.2, 0.0)}
WEAK_HALF = (PeriodScore(0.48, 0.2, 300), PeriodScore(0.6, 0.3, 300))
LOSING_HALF = (PeriodScore(0.55, 0.2, 300), PeriodScore(0.57, -0.1, 300))


@pytest.mark.parametrize(
    ("key", "changes"),
    [
        ("edge_stable", {}),
        ("edge_uncertain", {"expectancy": Interval(0.2, -0.1, 0.5)}),
        ("edge_uncertain", {"p_value": 0.02}),
        ("edge_uncertain", {"halves": WEAK_HALF}),
        ("edge_uncertain", {"halves": LOSING_HALF}),
        ("edge_uncertain", {"log_loss_skill": -0.001}),
        ("ranks_but_does_not_pay", LOSING),
        ("ranks_but_does_not_pay", {"taken": summarise_trades([2.0] * (MIN_TAKEN - 1))}),
        ("no_edge", {"p_value": 0.03}),
        ("edge_uncertain", {"auc": Interval(0.53, 0.51, 0.55)}),
        ("no_edge", {"auc": Interval(0.44, 0.41, 0.47), "p_value": 0.99}),
        ("not_enough_data", {"n_effective": MIN_EFFECTIVE - 1}),
        ("not_enough_data", ONE_CLASS),
        ("suspected_leak", {"auc": Interval(0.63, 0.58, 0.68)}),
        ("suspected_leak", {"auc": Interval(0.9, 0.8, 1.0), "n_effective": 60.0}),
        ("not_enough_data", {"auc": Interval(0.63, 0.5, 0.75), "n_effective": 60.0}),
    ],
)
def test_verdict_stands_on_the_right_rung_when_one_thing_is_spoilt(key, changes):
    verdict = judge(make_evaluation(**changes), COVERAGE)
    assert verdict.key == key
    assert verdict.title == TITLES[key]
    assert verdict.claims_edge == key.startswith("edge")
    assert verdict.sentence.endswith(".")
    assert verdict.evidence
    assert verdict.next_steps


def test_high_auc_is_an_edge_when_the_market_is_synthetic():
    planted = make_evaluation(auc=Interval(0.7, 0.67, 0.73))
    assert judge(planted, COVERAGE).key == "suspected_leak"
    synthetic = Circumstances(is_synthetic=True)
    assert judge(planted, COVERAGE, synthetic).key == "edge_stable"


def test_leak_is_suspected_when_another_check_found_one():
    found = Circumstances(is_synthetic=True, leak_found="column 7 equals the label")
    verdict = judge(make_evaluation(n_effective=10.0), COVERAGE, found)
    assert verdict.key == "suspected_leak"
    assert "column 7 equals the label" in verdict.sentence


def test_edge_fades_when_the_test_block_was_opened_often():
    evaluation = make_evaluation(p_value=0.004)
    keys = [judge(evaluation, COVERAGE, Circumstances(n_openings=n)).key for n in (1, 3, 10)]
    assert keys == ["edge_stable", "edge_uncertain", "no_edge"]
    opened = judge(evaluation, COVERAGE, Circumstances(n_openings=10))
    assert any("opened 10 times" in fact for fact in opened.evidence)


def test_accuracy_moves_nothing_when_all_else_stays():
    perfect = measure([0, 1, 0, 1], [0.1, 0.9, 0.2, 0.8])
    useless = measure([0, 1, 0, 1], [0.9, 0.1, 0.8, 0.2])
    verdicts = {judge(make_evaluation(metrics=m), COVERAGE).key for m in (perfect, useless)}
    assert verdicts == {"edge_stable"}


def test_verdict_survives_json_when_written_down():
    stored = json.loads(json.dumps(judge(make_evaluation(), COVERAGE).as_dict()))
    assert set(stored) == {"key", "title", "sentence", "evidence", "next_steps"}
