"""A study from labelled setups to a verdict; the engine trains for real, briefly."""

import json
import logging
from dataclasses import replace

import numpy as np
import pytest

from ml_training.errors import DataError
from ml_training.evaluation.metrics import measure
from ml_training.services.jsonable import to_jsonable
from ml_training.study.leak_alarm import name_leaks
from ml_training.study.models import (
    BASE_RATE,
    BLEND,
    BOOSTING,
    ENSEMBLE,
    FOREST,
    LOGISTIC,
    NETWORK,
    PAIRWISE,
)
from ml_training.study.page import WIDTH
from ml_training.study.report import write_report
from ml_training.study.results import describe_study
from ml_training.study.run import _judge, run_study
from ml_training.study.serving import load_served
from tests.study.builders import change, make_set, quick_settings
from tests.study.engine_words import make_finding

RESULT_NAMES = {
    *("success", "verdict", "final_accuracy", "metrics", "baselines", "training_samples"),
    *("validation_samples", "test_samples", "fixes_applied", "fix_events", "stopped_early"),
    *("epochs_run", "data_quality", "transfer", "history"),
}


@pytest.fixture(scope="module")
def heard():
    return {"events": [], "progress": []}


@pytest.fixture(scope="module")
def study(heard):
    return run_study(
        make_set(600, edge=0.8),
        quick_settings(),
        emit=heard["events"].append,
        listen=heard["progress"].append,
    )


def test_five_steps_are_announced_in_order_when_a_study_runs(study, heard):
    steps = [progress.step for progress in heard["progress"]]
    assert steps == sorted(steps)
    assert set(steps) == {1, 2, 3, 4, 5}
    told = [line for progress in heard["progress"] for line in progress.lines]
    for number in range(1, 6):
        assert any(line.startswith(f"STEP {number}: ") for line in told)
        assert any(line.startswith(f"STEP {number}: ") for line in study.story)


def test_engine_events_reach_the_caller_when_a_study_runs(study, heard):
    names = [type(event).__name__ for event in heard["events"]]
    assert names[0] in {"RunStarted", "FindingMade"}
    assert "RunEnded" in names
    assert names.count("EpochEnded") >= len(study.fitted.history.scores)


def test_every_candidate_is_measured_on_both_blocks_when_a_study_runs(study):
    for evaluations, block in (
        (study.validation, study.blocks.validation),
        (study.test, study.blocks.test),
    ):
        names = [NETWORK, ENSEMBLE, LOGISTIC, PAIRWISE, BOOSTING, FOREST, BLEND, BASE_RATE]
        assert [one.name for one in evaluations] == names
        assert {one.metrics.n for one in evaluations} == {len(block)}


def test_test_figures_come_from_the_served_model_and_the_test_block_alone(study):
    test = study.blocks.test
    chances = study.served.predict_proba(test.X)
    again = measure(test.y, chances, threshold=study.served.threshold)
    assert study.served_test.metrics == again
    assert study.served_test.taken.n == int(study.served.take(test.X).sum())


def test_planted_edge_is_ranked_when_it_is_strong(study):
    assert study.served_test.metrics.auc > 0.65
    assert study.verdict.key in {"not_enough_data", "suspected_leak"}


def test_saved_model_gives_the_same_numbers_when_read_back(study, tmp_path):
    study.served.save(tmp_path / "model.zip")
    again = load_served(tmp_path / "model.zip")
    X = study.blocks.test.X
    np.testing.assert_array_equal(again.predict_proba(X), study.served.predict_proba(X))


def test_report_fits_eighty_columns_and_opens_with_the_verdict(study):
    report = write_report(study, model_path="/models/a.zip", seconds=3.21)
    assert max(len(line) for line in report.splitlines()) <= WIDTH
    final = report.split("FINAL DIAGNOSTICS REPORT")[1]
    assert final.split("VERDICT: ")[1].startswith(study.verdict.title)
    for words in (
        "GRADIENT HEALTH",
        "AUTOMATIC FIXES APPLIED",
        "RECOMMENDATIONS",
        "/models/a.zip",
    ):
        assert words in final


def test_results_hold_what_the_interface_promises_and_survive_json(study):
    results = describe_study(study)
    assert set(results) >= RESULT_NAMES
    stored = json.loads(json.dumps(to_jsonable(results), allow_nan=False))
    assert stored["metrics"]["auc"] == stored["metrics"]["test"]["auc"]
    assert stored["metrics"]["measured_on"] == "test"
    assert stored["metrics"]["validation"]["n"] == stored["validation_samples"]
    assert set(stored["baselines"]) == {
        "network",
        "network_ensemble",
        "logistic_regression",
        "pairwise_regression",
        "gradient_boosting",
        "random_forest",
        "blend",
        "base_rate",
        "take_every_setup",
    }
    assert stored["final_accuracy"] == stored["metrics"]["accuracy"]
    assert len(stored["history"]) >= stored["epochs_run"] > 0


def test_same_seed_gives_the_same_report_and_the_same_bytes_twice(study, tmp_path):
    again = run_study(make_set(600, edge=0.8), quick_settings())
    assert write_report(again) == write_report(study)
    for name, one in (("a.zip", study), ("b.zip", again)):
        one.served.save(tmp_path / name)
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()


def test_another_seed_gives_another_network(study):
    other = run_study(make_set(600, edge=0.8), quick_settings(seed=1, epochs=2))
    X = study.blocks.test.X[:5]
    assert not np.array_equal(other.fitted.predict_proba(X), study.fitted.predict_proba(X))


def test_missing_and_infinite_cells_are_treated_and_reported_when_they_occur():
    dataset = make_set(300, edge=0.8)
    X = dataset.X.copy()
    X[::5, 2], X[3, 1], X[7, 1] = np.nan, np.inf, -np.inf
    study = run_study(change(dataset, X=X), quick_settings(epochs=3))
    assert np.isfinite(study.served.predict_proba(study.blocks.test.X)).all()
    stability = next(area for area in study.areas if area.title == "Numerical stability")
    n_bad = int(np.sum(~np.isfinite(study.blocks.train.X)))
    assert f"{n_bad:,} of" in stability.lines[0]


def test_column_that_is_wholly_missing_does_not_stop_the_study():
    dataset = make_set(300, edge=0.8)
    X = dataset.X.copy()
    X[:, 4] = np.nan
    study = run_study(change(dataset, X=X), quick_settings(epochs=2))
    assert np.isfinite(study.served.predict_proba(study.blocks.test.X)).all()


@pytest.mark.parametrize("block", ["validation", "test"])
def test_one_class_block_is_treated_and_said_in_words(block):
    y = make_set(400, edge=0.8).y.copy()
    y[{"validation": slice(240, 320), "test": slice(320, 400)}[block]] = 0
    settings = quick_settings(epochs=2, is_synthetic=True)  # so strong an edge is no leak there
    study = run_study(make_set(400, edge=0.8, y=y), settings)
    report = " ".join(write_report(study).split())
    assert f"The {block} block holds only losses" in report
    if block == "test":
        assert study.served_test.metrics.auc is None
        assert study.verdict.key == "not_enough_data"
    else:
        assert not study.served.calibration.applied


@pytest.mark.parametrize("n", [0, 20, 49])
def test_too_few_setups_are_refused_before_anything_is_trained(n):
    heard = []
    few = make_set(60, hours_apart=48).take(np.arange(n))
    with pytest.raises(DataError) as caught:
        run_study(few, quick_settings(), emit=heard.append)
    assert caught.value.hint
    assert heard == []


def test_study_ends_early_with_a_model_when_asked_to_stop():
    study = run_study(make_set(300, edge=0.8), quick_settings(epochs=50), should_stop=lambda: True)
    assert study.fitted.stopped_because == "cancelled"
    assert len(study.fitted.history.scores) < 50
    assert np.isfinite(study.served.predict_proba(study.blocks.test.X)).all()


def test_synthetic_market_is_said_so_and_may_show_an_edge(caplog):
    caplog.set_level(logging.WARNING)
    dataset = make_set(4000, edge=0.8)
    real = run_study(dataset, quick_settings(epochs=2))
    assert real.verdict.key == "suspected_leak"
    synthetic = run_study(dataset, quick_settings(epochs=2, is_synthetic=True))
    assert synthetic.verdict.claims_edge
    assert "Synthetic market" in write_report(synthetic)
    assert not caplog.records


def test_leak_found_by_the_engine_decides_the_verdict(study):
    leak = make_finding("leaking_feature")
    leaky = replace(study.fitted, findings=(leak,))
    settings = quick_settings(is_synthetic=True)
    words = name_leaks(study.blocks, leaky, settings)
    verdict = _judge(study.served_test, study.dataset, settings, words)
    assert verdict.key == "suspected_leak"
    assert leak.message.rstrip(".") in verdict.sentence


def test_prologue_of_the_caller_opens_the_report_and_is_not_told_again():
    heard = []
    settings = quick_settings(epochs=1, prologue=("MY HEADLINE", "", "STEP 1: mine"))
    study = run_study(make_set(300), settings, listen=heard.append)
    assert write_report(study).startswith("MY HEADLINE\n\nSTEP 1: mine\n")
    told = [line for progress in heard for line in progress.lines]
    assert not any("STEP 1" in line for line in told)
