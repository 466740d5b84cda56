"""The loss has stopped falling although there is more to learn."""

import math

import numpy as np

from ml_training.core.findings import Finding, Problem, Threshold
from ml_training.core.history import Observations
from ml_training.core.remedies.cosine_decay import CosineDecay
from ml_training.core.remedies.fallback_network import FallbackNetwork
from ml_training.core.remedies.raise_rate import RaiseRate
from ml_training.core.remedies.reduce_on_plateau import ReduceOnPlateau
from ml_training.core.remedies.sound_optimizer import SoundOptimizer
from ml_training.core.remedies.widen import Widen
from ml_training.core.trends import best_score, epoch_series, guessing_level, lag_behind_rival

WINDOW = 5  # epochs; chosen: half of the specification's ten, since a rival must agree
FEWEST_STEPS = 100  # chosen: AdamW moves a weight by about 100 rates, enough to see
FAR = 0.3  # of guessing; chosen: below it most of the way is done, slowly or not
LITTLE = 0.01  # of guessing; chosen: less in five epochs leads nowhere in fifty


def detect(seen: Observations) -> Finding | None:
    """Find a flat loss far from what can be reached.

    Notes
    -----
    A flat loss alone is what a finished training looks like. It is a plateau only when
    a cheap model does clearly better on the same rows.
    """
    losses = epoch_series(seen, "train_loss")
    steps = epoch_series(seen, "step")
    if len(losses) <= WINDOW or steps[-1] - steps[-1 - WINDOW] < FEWEST_STEPS:
        return None
    recent = losses[-1 - WINDOW :]
    level = guessing_level(seen)
    if losses[-1] < FAR * level:
        return None
    fall = (float(np.median(recent[:3])) - float(np.median(recent[-3:]))) / level
    if not math.isfinite(fall) or fall > LITTLE:
        return None
    rates = epoch_series(seen, "learning_rate")
    is_warming_up = rates[-1] > rates[-1 - WINDOW]
    lag = 0.0 if is_warming_up else lag_behind_rival(seen)
    if not lag:
        return None
    return Finding(
        problem=PROBLEM.key,
        severity="warning",
        epoch=seen.epoch,
        step=seen.step,
        evidence={
            "fall": fall,
            "train_loss": float(losses[-1]),
            "score": best_score(seen),
            "rival_score": seen.data.rival_score,
        },
        message=f"Over the last {WINDOW} epochs the training loss stood still at "
        f"{losses[-1]:.3g}. The score is {best_score(seen):.2f} where a simple model has "
        f"{seen.data.rival_score:.2f} on the same rows.",
    )


PROBLEM = Problem(
    key="plateau",
    title="Stuck on a plateau",
    stages=("epoch",),
    explanation=(
        "The gradient has become too small, or too noisy, to lead anywhere, though the "
        "network has learned little: a flat region, dead units, or a rate that jumps "
        "around a valley."
    ),
    sources=(
        "Dauphin et al. (2014), Identifying and attacking the saddle point problem",
        "specification of the project: no new best in ten epochs",
    ),
    thresholds=(
        Threshold("epochs", WINDOW, "chosen: half of the specification's ten"),
        Threshold("loss over guessing", FAR, "chosen: see file"),
        Threshold("fall of the loss over guessing", LITTLE, "chosen: see file"),
    ),
    detect=detect,
    remedies=(
        ReduceOnPlateau(),
        RaiseRate(factor=3.0),
        Widen(),
        SoundOptimizer(),
        FallbackNetwork(),
        CosineDecay(),
    ),
    watch_epochs=5.0,
    advice="Start again with another rate, optimizer or initialisation.",
)
