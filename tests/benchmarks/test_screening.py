"""The screening believes measurements, not intentions."""

import json
import math

import pytest

from benchmarks.faults.screening import (
    JUDGES,
    comparison_of,
    judge_healthy,
    measure_seeds,
    rounded,
    screen,
    screen_all,
)
from tests.benchmarks.builders import make_case, make_dataset, make_faulty

CASE = make_case()


def scores(*values: float, **more: list[float]) -> dict[str, list[float]]:
    return {"val_balanced_accuracy": list(values), "test_balanced_accuracy": [0.5] * 3, **more}


def is_believed(proof: str, given: dict, fixed: dict) -> bool:
    return JUDGES[proof](given, fixed, CASE)[0]


def test_fault_is_believed_only_when_every_seed_is_clearly_worse():
    assert is_believed("score", scores(0.5, 0.6, 0.8), scores(0.9, 0.9, 0.9))
    assert not is_believed("score", scores(0.5, 0.6, 0.88), scores(0.9, 0.9, 0.9))


def test_fault_is_doubted_when_the_fix_itself_is_unsteady():
    assert not is_believed("score", scores(0.7, 0.7, 0.7), scores(0.6, 0.8, 1.0))


def test_overfitting_is_believed_when_the_loss_rises_and_the_fix_holds_it():
    given = scores(0.8, 0.8, 0.8, val_loss=[0.9] * 3, best_val_loss=[0.5] * 3)
    assert is_believed("loss", given, {"val_loss": [0.5, 0.6, 0.55]})
    assert not is_believed("loss", given, {"val_loss": [0.5, 0.95, 0.55]})
    assert not is_believed("loss", {**given, "best_val_loss": [0.85] * 3}, {"val_loss": [0.1] * 3})


def test_spike_is_believed_when_it_towers_over_the_clean_run():
    given = {"largest_loss_over_median": [100.0, math.inf, 60.0]}
    assert is_believed("spike", given, {"largest_loss_over_median": [4.0, 5.0, 6.0]})
    assert not is_believed("spike", given, {"largest_loss_over_median": [4.0, 50.0, 6.0]})


def test_shift_is_believed_when_it_costs_score():
    assert is_believed("shift", scores(0.8, 0.8, 0.8), scores(0.9, 0.9, 0.9))
    assert not is_believed("shift", scores(0.8, 0.8, 0.89), scores(0.9, 0.9, 0.9))


def test_leak_is_believed_when_validation_promises_too_much():
    assert is_believed("leak", scores(0.9, 0.9, 0.9), {})
    assert not is_believed("leak", scores(0.9, 0.55, 0.9), {})


def test_no_signal_is_believed_when_scores_stay_at_chance():
    assert is_believed("chance", scores(0.5, 0.52, 0.49), {})
    assert not is_believed("chance", scores(0.8, 0.8, 0.8), {})


def test_moved_prior_is_believed_when_a_class_is_far_more_frequent():
    moved = make_case(dataset=make_dataset("plane", {"op": "val_prior", "fraction": 0.95}))
    assert JUDGES["prior"]({}, {}, moved)[0]
    assert not JUDGES["prior"]({}, {}, CASE)[0]


def test_overconfidence_is_believed_when_classes_are_still_right():
    given = scores(0.8, 0.8, 0.8, val_loss=[0.9] * 3, best_val_loss=[0.5] * 3)
    assert is_believed("calibration", given, {})
    assert not is_believed("calibration", {**given, "val_balanced_accuracy": [0.5] * 3}, {})


def test_comparison_drops_the_fault_when_there_is_no_fix():
    moved = {"op": "shift_val_columns", "columns": [0], "delta_sigma": 3}
    case = make_faulty(dataset=make_dataset("plane", moved), known_good_fix=None, unfixable=True)
    assert comparison_of(case).dataset["transforms"] == []
    assert comparison_of(make_faulty()).digest == make_faulty().cured().digest


def test_training_is_believed_healthy_when_nothing_beats_it():
    case = make_case(epochs=15)
    assert judge_healthy(case, measure_seeds(case))[0]


def test_training_is_not_believed_healthy_when_care_beats_it():
    case = make_case(optimizer={"name": "sgd", "lr": 1e-5})
    assert not judge_healthy(case, measure_seeds(case))[0]


def test_numbers_without_meaning_become_none_when_stored():
    measured = {"val_r2": [1.23456, math.nan, math.inf], "max_grad_norm": [1.0] * 3}
    assert rounded(measured) == {"val_r2": [1.235, None, None]}


def test_case_is_verified_with_its_measurements_when_screened():
    case = make_faulty(epochs=12, proof="score")
    entry = screen(case)
    assert entry["verified"], entry["reason"]
    assert entry["digest"] == case.digest
    assert set(entry["measured"]) == {"as_given", "with_known_good_fix"}
    assert entry["measured"]["as_given"]["first_nonfinite_step"] == [0, 0, 0]


def test_screened_case_is_not_measured_again_when_it_did_not_change(tmp_path):
    path = tmp_path / "screened.json"
    case = make_faulty(proof="score")
    entry = {"digest": case.digest, "verified": True, "reason": "kept", "measured": {}}
    path.write_text(json.dumps({case.id: entry}), encoding="utf-8")
    screen_all([case], path)
    assert json.loads(path.read_text(encoding="utf-8"))[case.id]["reason"] == "kept"


def test_changed_case_is_measured_again_when_screened(tmp_path):
    path = tmp_path / "screened.json"
    path.write_text(json.dumps({"quick": {"digest": "older"}}), encoding="utf-8")
    screen_all([make_case(epochs=2)], path)
    assert json.loads(path.read_text(encoding="utf-8"))["quick"]["digest"] != "older"


@pytest.mark.parametrize("proof", sorted(JUDGES))
def test_reason_is_given_when_judged(proof):
    measured = scores(
        0.5, 0.5, 0.5, val_loss=[1.0] * 3, best_val_loss=[1.0] * 3,
        largest_loss_over_median=[2.0] * 3,
    )  # fmt: skip
    assert JUDGES[proof](measured, measured, CASE)[1]
