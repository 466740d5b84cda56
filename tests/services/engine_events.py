"""Events as the engine sends them, made by code."""

from typing import Any

from ml_training.core.events import BatchesRead, EpochEnded, FindingMade, RunStarted, TrialJudged
from ml_training.core.findings import Change, Effect, Finding, Trial
from ml_training.core.history import EpochScore, Reading

PLACE = {"epoch": 3, "step": 30}


def make_reading(step: int = 0, **changes: Any) -> Reading:
    fields = {"epoch": step // 10, "step": step, "loss": 0.7, "gradient_norm": 1.0}
    return Reading(**fields | changes)


def run_started(**changes: Any) -> RunStarted:
    fields: dict[str, Any] = {
        "task": "binary",
        "n_rows": 640,
        "n_validation_rows": 160,
        "n_features": 12,
        "n_parameters": 999,
        "batch_size": 64,
        "max_epochs": 5,
        "planned_steps": 50,
        "step_budget": 5_000,
        "layer_names": ("first", "last"),
    }
    return RunStarted(**fields | changes)


def batches_read(*readings: Reading, epoch: int = 0, attempt: int = 0) -> BatchesRead:
    """Tell the readings of an epoch, by default of ten batches."""
    readings = readings or tuple(make_reading(10 * epoch + i) for i in range(10))
    return BatchesRead(attempt=attempt, is_trial=attempt > 0, readings=readings)


def epoch_ended(epoch: int = 0, *, attempt: int = 0, **score: Any) -> EpochEnded:
    """End an epoch, ten steps long."""
    step = 10 * (epoch + 1)
    fields: dict[str, Any] = {"epoch": epoch, "step": step, "train_loss": 0.6}
    fields |= {"validation_loss": 0.65, "validation_score": 0.55, "learning_rate": 1e-3}
    return EpochEnded(
        attempt=attempt,
        is_trial=attempt > 0,
        score=EpochScore(**fields | score),
        n_epochs_since_best=0,
    )


def finding_made(problem: str = "loss_spike", **changes: Any) -> FindingMade:
    fields: dict[str, Any] = {"severity": "warning", "evidence": {"loss": 9.0}, "message": "Up."}
    return FindingMade(finding=Finding(problem=problem, **PLACE | fields | changes))


def trial_judged(problem: str = "loss_spike", *, kept: bool, remedy: str = "clip") -> TrialJudged:
    effect = Effect(
        loss_without=0.9,
        loss_with=0.6,
        score_without=0.5,
        score_with=float("nan"),
        tolerance=0.01,
        n_rows=80,
        is_independent=True,
    )
    trial = Trial(
        problem=problem,
        remedy=remedy,
        change=Change(what="clip_norm", before=None, after=1.0, sentence="Clipped at 1.0."),
        from_step=20,
        to_step=50,
        verdict="helped" if kept else "harmed",
        effect=effect,
        kept=kept,
        attempt=1,
        attempt_without=0,
        seconds=0.1,
        **PLACE,
    )
    return TrialJudged(trial=trial)
