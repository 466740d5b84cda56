"""What repairing changed is told beside the loop that repairs nothing."""

import pytest

from benchmarks.faults.effects import MOST_TOLD, by_case_and_seed, effect_of, example_among
from benchmarks.faults.figures import compute_figures
from benchmarks.faults.runs import Run
from tests.benchmarks.builders import (
    make_case,
    make_dataset,
    make_faulty,
    make_finding,
    make_row,
    make_trial,
)

FAULTY = make_faulty(fault="cells are missing")
LOST = make_faulty(id="lost", known_good_fix=None, unfixable=True)
SILENT = make_faulty(id="silent", known_good_fix=None)
FAIR = make_finding("nan_inf_input")


def runs_with(*pairs: tuple[float | None, float | None], case=FAULTY, **changes) -> tuple:
    """Return engine runs with (score without, score with), and the plain ones."""
    runs = []
    for seed, (before, after) in enumerate(pairs):
        runs.append(Run(case, make_row(case, seed=seed, val_score=after, **changes)))
        runs.append(Run(case, make_row(case, seed=seed, val_score=before, contestant="plain")))
    return [run for run in runs if run.row["contestant"] == "fit"], by_case_and_seed(runs)


def test_effect_is_the_mean_without_with_and_known_good_when_repairable():
    effect = effect_of(*runs_with((0.5, 0.9), (0.7, 1.0)))
    assert effect["score_without"] == pytest.approx(0.6)
    assert effect["score_with"] == pytest.approx(0.95)
    assert effect["score_known_good"] == pytest.approx(0.95)
    assert effect["n_cases"] == 1


def test_useless_predictions_count_as_zero_when_averaged():
    assert effect_of(*runs_with((None, 0.9), (-40.0, 0.9)))["score_without"] == 0


def test_effect_is_unknown_when_nothing_could_be_repaired():
    effect = effect_of(*runs_with((0.5, 0.5), case=LOST))
    assert effect["score_without"] is None
    assert effect["score_known_good"] is None


def test_run_without_a_plain_one_beside_it_is_left_out_when_averaged():
    runs, plain = runs_with((0.5, 0.9), (0.7, 1.0))
    del plain[FAULTY.id, 1]
    assert effect_of(runs, plain)["score_with"] == pytest.approx(0.9)


def test_example_is_the_cured_run_in_the_middle_when_several_were_cured():
    gains = ((0.9, 0.95), (0.5, 0.95), (0.2, 0.95))
    example = example_among(*runs_with(*gains, findings=[FAIR], trials=[make_trial()]))
    assert example == {
        "case": "broken",
        "seed": 1,
        "fault": "cells are missing",
        "message": "something about nan_inf_input",
        "told": [make_trial()["told"]],
        "status": "healthy",
        "before": 0.5,
        "after": 0.95,
        "known_good": 0.95,
        "is_cured": True,
    }


def test_example_is_a_run_that_was_noticed_when_none_was_cured():
    runs, plain = runs_with((0.5, 0.4), findings=[FAIR], status="refused")
    example = example_among(runs, plain)
    assert (example["status"], example["is_cured"]) == ("refused", False)
    runs, plain = runs_with((0.5, 0.4), findings=[make_finding("plateau")])
    assert example_among(runs, plain) is None


def test_message_of_the_expected_problem_is_told_when_others_were_first():
    found = [make_finding("nan_inf_loss"), FAIR]
    example = example_among(*runs_with((0.5, 0.9), findings=found))
    assert example["message"] == "something about nan_inf_input"


def test_rest_of_the_trials_is_counted_when_there_were_many():
    trials = [make_trial() for _ in range(MOST_TOLD + 3)]
    told = example_among(*runs_with((0.5, 0.9), findings=[FAIR], trials=trials))["told"]
    assert len(told) == MOST_TOLD + 1
    assert told[-1] == "and 3 more"


def test_figures_hold_effects_and_examples_when_computed():
    rows = [
        make_row(FAULTY, findings=[FAIR], trials=[make_trial()]),
        make_row(FAULTY, contestant="plain", val_score=0.5),
    ]
    figures = compute_figures([FAULTY], rows)
    assert figures["problems"]["nan_inf_input"]["score_without"] == 0.5
    assert figures["examples"]["nan_inf_input"]["after"] == 0.95


@pytest.mark.parametrize(
    ("case", "changes", "needs_nobody"),
    [
        (FAULTY, {"val_score": 0.95}, True),
        (FAULTY, {"val_score": 0.5}, False),
        (LOST, {"status": "refused", "findings": [FAIR]}, True),
        (LOST, {"status": "repaired", "findings": [FAIR]}, False),
        (SILENT, {"findings": [FAIR]}, True),
        (SILENT, {"findings": [make_finding("outliers", "info")]}, False),
    ],
)
def test_run_needs_nobody_when_it_succeeds_or_says_that_it_cannot(case, changes, needs_nobody):
    assert Run(case, make_row(case, **changes)).needs_nobody is needs_nobody


def test_times_are_sums_over_the_plain_loops_beside_them_when_compared():
    rows = [
        make_row(FAULTY, seconds=3.0, seconds_to_best=2.0, plain_seconds=1.0),
        make_row(FAULTY, seed=1, seconds=1.0, seconds_to_best=0.5, plain_seconds=4.0),
        make_row(FAULTY, seed=2, crashed="ValueError: no", raised_at="loop.py:3"),
    ]
    for name in ("seconds", "seconds_to_best", "plain_seconds"):
        del rows[2][name]
    found = compute_figures([FAULTY], rows)["contestants"]["fit"]
    assert found["time_ratio_sum"] == pytest.approx(4 / 5)
    assert found["time_to_best_sum"] == pytest.approx(2.5 / 5)
    assert found["time_to_best_median"] == pytest.approx((2.0 + 0.125) / 2)


def test_unseen_score_is_left_out_when_no_rows_were_drawn_for_it():
    none = make_case(id="none", dataset=make_dataset("plane", unseen=0))
    some = make_case()
    rows = [make_row(none, test_score=None), make_row(some, test_score=0.8)]
    found = compute_figures([none, some], rows)["contestants"]["fit"]
    assert found["mean_test_score"] == pytest.approx(0.8)
    rows.append(make_row(some, seed=1, test_score=None))  # drawn, but predicted nonsense
    found = compute_figures([none, some], rows)["contestants"]["fit"]
    assert found["mean_test_score"] == pytest.approx(0.4)
