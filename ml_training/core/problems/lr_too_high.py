"""Steps are so long that every epoch leaves other weights, and no progress."""

import math

import numpy as np

from ml_training.core.findings import Finding, Problem, Threshold
from ml_training.core.history import Observations
from ml_training.core.remedies.lower_rate import LowerRate
from ml_training.core.remedies.sound_optimizer import SoundOptimizer
from ml_training.core.trends import (
    epoch_series,
    guessing_level,
    kendall_z,
    lag_behind_rival,
    steps_of_epochs,
)

VIOLENT = 0.5  # of the weights per step; measured: at most 0.15 in 126 healthy runs
LIVELY = 0.05  # of the weights per step; chosen: below it steps are not what hurts
NO_PROGRESS = 0.8  # of the loss of guessing; chosen: an epoch of violence gained nothing
ABSURD = 1.25  # times guessing; chosen: after an epoch a sound run is below guessing
FEWEST_STEPS = 30  # chosen: large first losses of sound runs come down within these
STEADY_FALL = -4.0  # deviations; chosen: a loss that certainly falls is given time
RELAPSE = 0.4  # of the loss of guessing; measured: at most 0.33 in 126 healthy runs
RELAPSE_ERRORS = 5.0  # standard errors of the epoch's mean; chosen: no chance in many epochs
RELAPSE_TRAVEL = 0.15  # chosen: weights that stay where they were did not run away


def detect(seen: Observations) -> Finding | None:
    """Find weights thrown about for nothing, or a loss thrown back by its own steps."""
    travel = epoch_series(seen, "travel")
    losses = epoch_series(seen, "train_loss")
    if not len(losses) or not math.isfinite(losses[-1]) or not math.isfinite(travel[-1]):
        return None
    steps = steps_of_epochs(seen)
    shake = float(travel[-1] / math.sqrt(max(steps[-1], 1.0)))
    level = losses[-1] / guessing_level(seen)
    evidence = {"shake": shake, "travel": float(travel[-1]), "loss_over_guessing": float(level)}
    if shake > VIOLENT and level > NO_PROGRESS:
        return _finding(
            seen,
            evidence,
            f"A step moves the weights by {shake:.0%} of their size, and after an epoch of "
            f"that the loss is {losses[-1]:.3g}, no better than guessing.",
        )
    if _is_stuck_above_guessing(seen, losses, shake):
        return _finding(
            seen,
            evidence,
            f"After {seen.step + 1} steps the loss is {level:.2g} times that of guessing and "
            "jumps about instead of falling: every step overshoots.",
        )
    return _relapse(seen, losses, evidence)


def _is_stuck_above_guessing(seen: Observations, losses: np.ndarray, shake: float) -> bool:
    if len(losses) < 2 or seen.step < FEWEST_STEPS or shake < LIVELY:
        return False
    if not math.isfinite(seen.data.naive_loss) or losses[-1] < ABSURD * seen.data.naive_loss:
        return False
    recent = seen.history.last("loss", int(steps_of_epochs(seen)[-2:].sum()))
    return kendall_z(recent) > STEADY_FALL


def _relapse(seen: Observations, losses: np.ndarray, evidence: dict[str, float]) -> Finding | None:
    if len(losses) < 2 or not np.isfinite(losses[:-1]).any():
        return None
    best = float(np.nanmin(losses[:-1]))
    batches = seen.history.last("loss", int(steps_of_epochs(seen)[-1]))
    error = float(batches.std() / math.sqrt(max(len(batches), 1)))
    rise = float(losses[-1]) - best
    is_large = rise > RELAPSE * guessing_level(seen) and rise > RELAPSE_ERRORS * error
    if not is_large or evidence["travel"] < RELAPSE_TRAVEL:
        return None
    return _finding(
        seen,
        {**evidence, "best_train_loss": best, "train_loss": float(losses[-1])},
        f"The training loss had come down to {best:.3g} and was thrown back to "
        f"{losses[-1]:.3g} while the weights moved by {evidence['travel']:.0%} in one epoch.",
    )


def _finding(seen: Observations, evidence: dict[str, float], message: str) -> Finding:
    rate = float(epoch_series(seen, "learning_rate")[-1])
    return Finding(
        problem=PROBLEM.key,
        severity="warning",
        epoch=seen.epoch,
        step=seen.step,
        evidence={**evidence, "learning_rate": rate},
        message=message,
    )


def is_cured(seen: Observations) -> bool:
    """Tell whether a repaired branch is rid of it, and learns what can be learned."""
    return detect(seen) is None and not lag_behind_rival(seen)


PROBLEM = Problem(
    key="lr_too_high",
    title="Learning rate too high",
    stages=("epoch",),
    explanation=(
        "Steps longer than the valley is wide climb the other side. The weights change all "
        "the time, the loss jumps about, and what was learned in one batch is gone in the "
        "next; rectifiers die and outputs saturate on the way."
    ),
    sources=(
        "LeCun, Bottou, Orr, Mueller (1998), Efficient BackProp, section 4.7",
        "Goodfellow, Bengio, Courville (2016), Deep Learning, section 11.4.1",
    ),
    thresholds=(
        Threshold("move of the weights per step", VIOLENT, "measured: healthy at most 0.15"),
        Threshold("loss over guessing, no progress", NO_PROGRESS, "chosen: see file"),
        Threshold("loss over guessing, absurd", ABSURD, "chosen: see file"),
        Threshold("rise of the loss over guessing", RELAPSE, "measured: healthy at most 0.33"),
    ),
    detect=detect,
    is_cured=is_cured,
    remedies=(LowerRate(factor=0.1), SoundOptimizer(), LowerRate(factor=0.01)),
    watch_epochs=3.0,
    advice="Lower the learning rate by a factor of ten.",
    needs=frozenset({"travel"}),
)
