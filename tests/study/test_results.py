import json
from dataclasses import replace

import pytest

from ml_training.evaluation.verdict import TITLES
from ml_training.services.jsonable import to_jsonable
from ml_training.study.report import list_recommendations
from ml_training.study.results import describe_study
from ml_training.study.run import run_study
from tests.study.builders import make_set, quick_settings
from tests.study.engine_words import make_finding, make_trial


@pytest.fixture(scope="module")
def study():
    return run_study(make_set(400, edge=0.8), quick_settings(epochs=4))


@pytest.fixture(scope="module")
def results(study):
    return describe_study(study)


def test_verdict_is_one_of_the_ladder_with_its_words(results):
    assert results["verdict"] in TITLES
    details = results["verdict_details"]
    assert details["key"] == results["verdict"]
    assert details["title"] == TITLES[results["verdict"]]
    assert details["sentence"]
    assert details["evidence"]
    assert details["next_steps"]


def test_confusion_counts_add_up_in_each_block(results):
    for block, name in (("test", "test_samples"), ("validation", "validation_samples")):
        part = results["metrics"][block]
        counts = [
            part[f"{truth}_{side}"]
            for truth in ("true", "false")
            for side in ("positives", "negatives")
        ]
        assert sum(counts) == part["n"] == results[name]
        right = part["true_positives"] + part["true_negatives"]
        assert part["accuracy"] == pytest.approx(right / part["n"])


def test_samples_add_up_to_all_setups(results, study):
    parts = ("training_samples", "validation_samples", "test_samples", "purged_samples")
    assert sum(results[part] for part in parts) == len(study.dataset)


def test_trades_of_the_served_model_match_its_predicted_wins(results):
    for block in ("test", "validation"):
        part = results["metrics"][block]
        assert part["trades"]["n"] == part["true_positives"] + part["false_positives"]
        assert part["trades"]["win_rate"] == pytest.approx(part["precision"])


def test_taking_every_setup_is_the_same_for_every_model(results, study):
    every = results["baselines"]["take_every_setup"]
    assert every["test"]["n"] == len(study.blocks.test)
    assert every["validation"]["n"] == len(study.blocks.validation)
    assert every["test"]["total_r"] == pytest.approx(float(study.blocks.test.r.sum()))


def test_base_rate_has_no_ranking_and_no_skill(results):
    base = results["baselines"]["base_rate"]["test"]
    assert base["auc"] == 0.5
    assert base["log_loss_skill"] == pytest.approx(0.0, abs=1e-9)


def test_served_model_is_named_with_its_reason_and_its_figures(results, study):
    served = results["served_model"]
    key = served["name"].replace(" ", "_")
    assert served["reason"] == study.choice.reason
    for block in ("test", "validation"):
        assert results["metrics"][block] == results["baselines"][key][block]


def test_finding_carries_the_trials_that_answered_it(study):
    findings = (make_finding(step=20), make_finding(step=90))
    trials = (make_trial(step=20, kept=False), make_trial(step=20), make_trial(step=90))
    fitted = replace(study.fitted, findings=findings, trials=trials)
    results = describe_study(replace(study, fitted=fitted))
    first, second = results["fix_events"]
    assert [trial["kept"] for trial in first["trials"]] == [False, True]
    assert len(second["trials"]) == 1
    assert first["message"] == findings[0].message
    assert len(results["fixes_applied"]) == 2
    json.dumps(to_jsonable(results), allow_nan=False)


def test_recommendation_of_an_information_is_left_out(study):
    told = {"exploding_gradient": "Scale the features."}
    report = replace(study.fitted.report, unresolved=told)
    for severity, is_told in (("info", False), ("warning", True)):
        findings = (make_finding(severity=severity),)
        fitted = replace(study.fitted, findings=findings, report=report)
        advice = list_recommendations(replace(study, fitted=fitted))
        assert ("Scale the features." in advice) == is_told


def test_quality_and_transfer_are_plain_values(results):
    stored = json.loads(json.dumps(to_jsonable(results["data_quality"]), allow_nan=False))
    assert stored["level"] in {"critical", "poor", "good", "excellent"}
    assert results["transfer"]["strategy"] == "from_scratch"


def test_history_holds_every_epoch_with_its_losses(results):
    shown = [one for one in results["history"] if one["is_visible"]]
    assert len(shown) == results["epochs_run"]
    assert [one["epoch"] for one in shown] == list(range(len(shown)))
    assert all(one["validation_loss"] > 0 for one in shown)
