"""How a run stands, in sentences."""

from collections.abc import Mapping
from typing import Any

from ml_training.charts.words import duration, number, words
from ml_training.models import TrainingRun

STATES = {
    "queued": "Waiting for a worker",
    "running": "Training",
    "succeeded": "Finished",
    "failed": "Failed",
    "canceled": "Canceled",
}
WAITING_HINT = "If this stays so, start one with: manage.py trainer"
HEALTH = {
    "healthy": "no problem so far",
    "repaired": "problems were found and repaired",
    "unresolved": "a problem remains",
    "refused": "the data cannot be learned from",
    "training": "no problem so far",
    "repairing": "trying a repair",
    "waiting": "waiting for a worker",
    "restarting": "waiting to go on after a break",
    "unheard": "nothing was heard of its worker; it will be started again",
}


def name_state(run: TrainingRun, progress: Mapping[str, Any]) -> str:
    """Return the headline of a run that has no verdict yet."""
    if progress.get("canceling"):
        return "Stopping at the end of this step"
    if progress.get("stale"):
        return "The worker has gone quiet"
    return STATES[run.state]


def describe_progress(progress: Mapping[str, Any]) -> str:
    """Return one line: where the run is, how fast, how long to go."""
    if progress["state"] == "queued":
        return f"{HEALTH.get(progress['health'], 'waiting')}. {WAITING_HINT}"
    parts = [_say_epoch(progress), _say_rate(progress), _say_rest(progress), _say_loss(progress)]
    return " · ".join(part for part in parts if part) or "getting the setups ready"


def describe_health(progress: Mapping[str, Any]) -> str:
    """Return what the engine thinks of the training."""
    trying = progress.get("trying")
    if trying:
        return f"trying a repair: {trying}"
    doing = str(progress.get("doing") or "")
    return doing or HEALTH.get(progress["health"], words(progress["health"]))


def _say_epoch(progress: Mapping[str, Any]) -> str:
    epoch, epochs = progress.get("epoch"), progress.get("epochs")
    if epoch is None:
        return ""
    return f"epoch {epoch + 1} of at most {epochs}" if epochs else f"epoch {epoch + 1}"


def _say_rate(progress: Mapping[str, Any]) -> str:
    rate = progress.get("rate")
    return f"{number(float(rate))} steps a second" if rate else ""


def _say_rest(progress: Mapping[str, Any]) -> str:
    eta_s = progress.get("eta_s")
    return "" if eta_s is None else f"at most {duration(float(eta_s))} to go"


def _say_loss(progress: Mapping[str, Any]) -> str:
    loss = progress.get("validation_loss")
    return "" if loss is None else f"validation loss {number(loss)}"
