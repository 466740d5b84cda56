"""Numbers of runs for charts, made by code."""

import itertools
from typing import Any

from ml_training.selectors.curves import RunCurves


def make_batch(step: int, attempt: int = 0, **values: Any) -> dict[str, Any]:
    """Make the reading of one batch; ten of them are an epoch."""
    usual = {"loss": 1.0 / (step + 1), "gradient_norm": 1.0, "clip_factor": 1.0}
    place = {"attempt": attempt, "epoch": step // 10, "step": step}
    return {**usual, "learning_rate": 0.01, "layer_norms": [1.0, 0.1], **values, **place}


def make_epoch(number: int, attempt: int = 0, **values: Any) -> dict[str, Any]:
    """Make the score of one epoch; its step is the one that follows its last batch."""
    usual = {"train_loss": 0.7 - number / 100, "validation_loss": 0.8 - number / 100}
    usual |= {"validation_score": 0.5, "learning_rate": 0.01}
    place = {"attempt": attempt, "epoch": number, "step": 10 * (number + 1)}
    return {**usual, "is_best": True, **values, **place}


def make_trial(**changes: Any) -> dict[str, Any]:
    """Make a trial that was kept: attempt 1 was repaired, attempt 0 went on without."""
    return {
        "remedy": "lower_rate",
        "verdict": "helped",
        "kept": True,
        "attempt": 1,
        "attempt_without": 0,
        "from_step": 10,
        "to_step": 30,
        "change": {
            "what": "learning_rate",
            "before": 0.1,
            "after": 0.01,
            "sentence": "The learning rate was lowered from 0.1 to 0.01.",
        },
        "effect": {
            "loss_without": 0.9,
            "loss_with": 0.6,
            "score_without": 0.5,
            "score_with": 0.6,
            "tolerance": 0.01,
            "n_rows": 100,
        },
        **changes,
    }


def make_event(number: int = 1, *trials: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Make a finding with its trials."""
    return {
        "number": number,
        "problem": "lr_too_high",
        "severity": "warning",
        "epoch": 1,
        "step": 20,
        "message": "The loss jumps about.",
        "trials": list(trials),
        "outcome": "repaired",
        **changes,
    }


def rewind(attempt: int, to_step: int, from_step: int = 30) -> dict[str, Any]:
    return {
        "kind": "HistoryRewound",
        "attempt": attempt,
        "to_step": to_step,
        "from_step": from_step,
    }


def show(attempt: int, step: int = 30) -> dict[str, Any]:
    return {"kind": "BranchShown", "attempt": attempt, "step": step}


def make_curves(n_epochs: int = 3, **changes: Any) -> RunCurves:
    """Make the numbers of a run without events."""
    fields: dict[str, Any] = {
        "batches": [make_batch(step) for step in range(10 * n_epochs)],
        "epochs": [make_epoch(number) for number in range(n_epochs)],
        "layer_names": ("first", "last"),
    }
    return RunCurves(**fields | changes)


def make_repaired_curves() -> RunCurves:
    """Make a run that went back from step 30 to step 10 and was repaired there."""
    again = [make_batch(step, attempt=1, loss=0.5) for step in range(10, 40)]
    scores = [make_epoch(number, attempt=1, validation_loss=0.3) for number in (1, 2, 3)]
    before = make_curves()
    return make_curves(
        batches=[*before.batches, *again],
        epochs=[*before.epochs, *scores],
        branches=[rewind(attempt=1, to_step=10)],
        events=[make_event(1, make_trial())],
        checkpoints=[{"kind": "best", "epoch": 3}],
    )


def make_results(n_setups: int = 400) -> dict[str, Any]:
    """Make the results of an ended run that charts are drawn from."""
    signs = [1.5 if number % 5 < 2 else -1.0 for number in range(n_setups)]
    every = list(itertools.accumulate(signs))
    return {
        "calibration_curve": {
            "promised": [0.2, 0.4, 0.6],
            "observed": [0.25, 0.4, 0.3],
            "count": [100, 200, 100],
            "ece": 0.0875,
            "measured_on": "walk_forward",
        },
        "equity": {
            "time": [1_600_000_000 + 3_600 * number for number in range(n_setups)],
            "taken_r": [value / 2 for value in every],
            "every_r": every,
            "measured_on": "test",
        },
    }


def find_trace(chart: Any, name: str) -> dict[str, Any]:
    """Return the only trace of that name."""
    (found,) = [trace for trace in chart.data if trace.get("name") == name]
    return found
