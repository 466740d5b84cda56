"""The loss, or the gradient, is not a number."""

import math

import numpy as np

from ml_training.core.findings import Finding, Problem, Threshold
from ml_training.core.history import Observations
from ml_training.core.remedies.fallback_network import FallbackNetwork
from ml_training.core.remedies.lower_rate import LowerRate
from ml_training.core.remedies.skip_poisoned import SkipPoisoned
from ml_training.core.remedies.usual_rate import UsualRate

RECENT = 50  # batches; chosen: some epochs of small data, a moment of large data
MANY_SKIPPED = 0.2  # chosen: a fifth of the data lost is no longer an accident
FEWEST_SKIPPED = 3  # chosen: fewer say nothing about a share


def alarm_lines(seen: Observations) -> dict[str, float]:
    """Ask for nothing but to be finite."""
    largest = float(np.finfo(np.float64).max)
    return {"loss": largest, "gradient_norm": largest}


def detect(seen: Observations) -> Finding | None:
    """Find a batch whose loss or gradient is not finite, or too many skipped ones.

    At the end of an epoch, also a validation loss that is not: poisoned batch
    statistics show nowhere else.
    """
    loss, norm = (float(seen.history.last(s, 1)[0]) for s in ("loss", "gradient_norm"))
    if math.isfinite(loss) and math.isfinite(norm):
        return _detect_still(seen, loss, norm)
    skipped = seen.history.last("skipped", RECENT)
    share = float(skipped.mean())
    if skipped[-1] and (share < MANY_SKIPPED or skipped.sum() < FEWEST_SKIPPED):
        return None
    return Finding(
        problem=PROBLEM.key,
        severity="critical",
        epoch=seen.epoch,
        step=seen.step,
        evidence={
            "loss": loss,
            "gradient_norm": norm,
            "raised": float(bool(seen.error)),
            "skipped_share": share,
        },
        message=_message(loss, seen),
    )


def _detect_still(seen: Observations, loss: float, norm: float) -> Finding | None:
    """Find a network that trains in numbers and answers in none."""
    scores = seen.history.scores
    if not scores or math.isfinite(scores[-1].validation_loss):
        return None
    return Finding(
        problem=PROBLEM.key,
        severity="critical",
        epoch=seen.epoch,
        step=seen.step,
        evidence={
            "loss": loss,
            "gradient_norm": norm,
            "validation_loss": scores[-1].validation_loss,
        },
        message=f"The validation loss of epoch {scores[-1].epoch} is no number, while the "
        "batches of training give one: the network answers nothing when it stands still. "
        "Batch statistics that met a NaN do that, and losses that fail on these rows.",
    )


def _message(loss: float, seen: Observations) -> str:
    if seen.error:
        return f"The step raised an error instead of giving a loss ({seen.error})."
    what = "The gradient" if math.isfinite(loss) else "The loss"
    return (
        f"{what} stopped being a number at step {seen.step}. One such batch turns every "
        "weight, and the batch statistics, into nonsense that never heals by itself."
    )


PROBLEM = Problem(
    key="nan_inf_loss",
    title="Loss is not a number",
    stages=("batch", "epoch"),
    explanation=(
        "A NaN or Inf in loss or gradient reaches every weight with the next update, and "
        "the running statistics of batch normalisation already in the forward pass; from "
        "then on the network predicts nothing."
    ),
    sources=(
        "Zhang et al. (2021), AUTOTRAINER, ICSE",
        "measured: skipping the update alone leaves batch statistics poisoned",
    ),
    thresholds=(
        Threshold("share of skipped batches", MANY_SKIPPED, "chosen: no longer an accident"),
        Threshold("batches looked back on", RECENT, "chosen: some epochs of small data"),
    ),
    detect=detect,
    alarm_lines=alarm_lines,
    remedies=(
        SkipPoisoned(),
        LowerRate(factor=0.1),
        UsualRate(),
        LowerRate(factor=0.001),
        FallbackNetwork(),
    ),
    advice="Look for values in the data, or in the loss, that have no logarithm or root.",
)
