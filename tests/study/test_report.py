from dataclasses import replace

import pytest

from ml_training.evaluation.verdict import TITLES
from ml_training.study.page import WIDTH, fit_encoding, open_report
from ml_training.study.report import list_fixes, list_recommendations, write_report
from ml_training.study.run import run_study
from tests.study.builders import make_set, quick_settings
from tests.study.engine_words import make_finding, make_trial


@pytest.fixture(scope="module")
def study():
    return run_study(make_set(300, edge=0.8), quick_settings(epochs=3))


def with_repairs(study, *trials):
    return replace(study, fitted=replace(study.fitted, findings=(make_finding(),), trials=trials))


def flat(text):
    return " ".join(text.split())


def test_report_tells_the_parts_in_order(study):
    report = write_report(study, model_path="/models/a.zip", seconds=1.0)
    parts = [
        "ML TRAINING PIPELINE - STRATEGY 1: made up",
        *(f"STEP {number}: " for number in range(1, 6)),
        "FINAL DIAGNOSTICS REPORT",
        "VERDICT: ",
        "MODELS COMPARED ON TEST",
        "AUTOMATIC FIXES APPLIED DURING TRAINING",
        "RECOMMENDATIONS",
        "Model saved (",
    ]
    places = [report.index(part) for part in parts]
    assert places == sorted(places)


def test_kept_repair_is_numbered_with_its_effect_and_values(study):
    report = flat(write_report(with_repairs(study, make_trial(kept=True))))
    assert "1. Clipped the gradient to 5: it helped (judging loss 0.7 without, 0.6 with)" in report
    assert "(epoch 3: clip_norm None -> 5)" in report
    assert "Total fixes applied: 1" in report


def test_undone_repair_is_counted_but_not_listed(study):
    report = flat(write_report(with_repairs(study, make_trial(kept=False))))
    assert "Total fixes applied: 0" in report
    assert "1 more was tried and undone" in report
    assert list_fixes((make_trial(kept=False),)) == []


def test_served_model_is_marked_in_both_tables(study):
    lines = write_report(study).splitlines()
    assert sum(line.startswith(f"  > {study.choice.name}") for line in lines) == 2
    assert sum("take every setup" in line for line in lines) >= 1


def test_figures_are_named_by_the_block_they_come_from(study):
    report = flat(write_report(study))
    assert f"Accuracy {study.served_test.metrics.accuracy:.1%} on test" in report
    assert f"{study.served_validation.metrics.accuracy:.1%} on validation" in report
    assert "MODELS COMPARED ON TEST" in report
    assert "The same on validation" in report


def test_report_holds_no_clock_when_no_time_is_given(study):
    assert "Time:" not in write_report(study)
    assert "Time: 61.2 s" in write_report(study, seconds=61.23)


def test_path_of_the_model_stays_in_one_piece_when_it_is_long(study):
    path = "/models/" + "x" * 200 + ".zip"
    assert f"Model saved ({study.choice.name}): {path}\n" in write_report(study, model_path=path)


def test_report_is_plain_ascii_when_the_terminal_knows_no_more(study):
    plain = fit_encoding(write_report(study), "ascii")
    plain.encode("ascii")
    assert max(len(line) for line in plain.splitlines()) <= WIDTH


def test_recommendations_start_with_the_verdict_and_repeat_nothing(study):
    advice = list_recommendations(study)
    assert advice[0] == study.verdict.next_steps[0]
    assert len(advice) == len(set(advice))


def test_headline_fits_when_the_strategy_has_a_long_name():
    lines = open_report("STRATEGY 7: " + "name " * 50)
    assert max(len(line) for line in lines) <= WIDTH
    assert "STEP 1: Collecting setups..." in lines


@pytest.mark.parametrize("key", TITLES)
def test_report_opens_with_the_verdict_whatever_it_is(study, key):
    verdict = replace(study.verdict, key=key, sentence="A sentence. " * 20)
    report = write_report(replace(study, verdict=verdict))
    assert max(len(line) for line in report.splitlines()) <= WIDTH
    after = report.split("FINAL DIAGNOSTICS REPORT\n")[1].splitlines()
    assert after[2] == f"VERDICT: {TITLES[key]}"


def test_every_area_has_its_block_with_a_state(study):
    lines = write_report(study).splitlines()
    for area in study.areas:
        assert f"{area.title.upper()}: {area.state}" in lines


def test_evidence_and_next_steps_are_all_told(study):
    report = flat(write_report(study))
    for words in (*study.verdict.evidence, *study.verdict.next_steps, study.choice.reason):
        assert " ".join(words.split()) in report
