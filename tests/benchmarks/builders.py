"""Small cases and made-up rows for the tests of the benchmarks."""

from typing import Any

from benchmarks.faults.schema import GIVEN_CASES, Case, parse_case, read_cases


def make_document(**changes: Any) -> dict[str, Any]:
    """Return a quick healthy case as a document."""
    return {
        "id": "quick",
        "dataset": {
            "name": "plane",
            "args": {"n": 160, "n_features": 4, "margin": 0.4},
            "preprocess": "standardize",
            "transforms": [],
            "unseen": 80,
        },
        "model": {
            "hidden": [8],
            "activation": "relu",
            "output_activation": "none",
            "init": "default",
        },
        "loss": "bce_with_logits",
        "optimizer": {"name": "adam", "lr": 0.02},
        "batch_size": 16,
        "epochs": 6,
        "expected_symptom": None,
        **changes,
    }


def make_case(**changes: Any) -> Case:
    """Return a quick healthy case."""
    return parse_case(make_document(**changes))


def make_dataset(
    name: str = "plane", *transforms: dict[str, Any], **changes: Any
) -> dict[str, Any]:
    """Return the data set of a quick case with transforms."""
    known = make_document()["dataset"]
    return {**known, "name": name, "transforms": list(transforms), **changes}


def make_faulty(**changes: Any) -> Case:
    """Return a quick case with NaN cells and its cure."""
    broken = make_dataset("plane", {"op": "inject_nan", "fraction": 0.05})
    cured = {**broken, "transforms": [*broken["transforms"], {"op": "impute_median"}]}
    values = {
        "id": "broken",
        "dataset": broken,
        "expected_symptom": "nan_inf_input",
        "also_acceptable": ["nan_inf_loss"],
        "known_good_fix": {"dataset": cured},
        "measured": {"with_known_good_fix": {"val_balanced_accuracy": [0.9, 1.0, None]}},
    }
    return make_case(**{**values, **changes})


def make_row(
    case: Case, *, contestant: str = "fit", seed: int = 0, **changes: Any
) -> dict[str, Any]:
    """Return a row as `run_case` writes it."""
    return {
        "case": case.id,
        "digest": case.digest,
        "seed": seed,
        "contestant": contestant,
        "version": "x",
        "val_score": 0.95,
        "test_score": 0.95,
        "date": "2026-01-02",
        "seconds": 1.0,
        "seconds_to_best": 1.0,
        "plain_seconds": 1.0,
        "planned_steps": 100,
        "test_gain": 0.0,
        "test_gain_error": 0.01,
        "fault_step": None,
        "steps_per_epoch": 10,
        "status": "healthy",
        "findings": [],
        "trials": [],
        **changes,
    }


def make_finding(problem: str, severity: str = "warning", step: int = 0) -> dict[str, Any]:
    """Return a finding as rows hold it."""
    return {
        "problem": problem,
        "severity": severity,
        "epoch": 0,
        "step": step,
        "message": f"something about {problem}",
    }


def make_trial(remedy: str = "robust_scaling", *, kept: bool = True) -> dict[str, Any]:
    """Return a trial as rows hold it."""
    verdict = "helped" if kept else "no_effect"
    return {
        "problem": "outliers",
        "remedy": remedy,
        "verdict": verdict,
        "kept": kept,
        "change": f"{remedy} was applied",
        "effect": {"loss_without": 0.7, "loss_with": 0.3},
        "told": f"{remedy} was applied: it helped (judging loss 0.7 without, 0.3 with)",
    }


def read_given() -> dict[str, Case]:
    """Return the given cases by id; none when the file is not beside the checkout."""
    return {case.id: case for case in read_cases()} if GIVEN_CASES.is_file() else {}
