"""The weights hardly move, and will not have moved much by the end of the plan."""

import numpy as np

from ml_training.core.findings import Finding, Problem, Threshold
from ml_training.core.history import Observations
from ml_training.core.remedies.raise_rate import RaiseRate
from ml_training.core.remedies.sound_optimizer import SoundOptimizer
from ml_training.core.trends import best_score, epoch_series, lag_behind_rival

LITTLE_TRAVEL = 0.2  # of their size; measured: 126 healthy runs were bound for 0.44 and more
FEWEST_EPOCHS = 2  # chosen: one epoch does not tell a warm-up from a small rate


def detect(seen: Observations) -> Finding | None:
    """Find a run that will not leave its first weights, though there is much to learn.

    Notes
    -----
    A small gain per epoch is no sign by itself: converged, warming-up and weak runs
    gain little too. What the weights travel does not depend on data or loss, and that
    there is something to learn is proven by a cheap model that has learned it.
    """
    travel, left = epoch_series(seen, "travel"), epoch_series(seen, "epochs_left")
    if not len(travel) or (len(travel) < FEWEST_EPOCHS and left[-1] > 0):
        return None
    rates = epoch_series(seen, "learning_rate")
    is_warming_up = len(rates) > 1 and rates[-1] > rates[-2]
    expected = float(np.nansum(travel) + np.nan_to_num(travel[-1]) * left[-1])
    if is_warming_up or not np.isfinite(travel[-1]) or expected > LITTLE_TRAVEL:
        return None
    lag = lag_behind_rival(seen)
    if not lag:
        return None
    return Finding(
        problem=PROBLEM.key,
        severity="warning",
        epoch=seen.epoch,
        step=seen.step,
        evidence={
            "travel": float(travel[-1]),
            "expected_travel": expected,
            "learning_rate": float(rates[-1]),
            "score": best_score(seen),
            "rival_score": seen.data.rival_score,
        },
        message=f"In the last epoch the weights moved by {travel[-1]:.2%} of their size; by "
        f"the end of the plan they will have moved by {expected:.1%}. A simple model scores "
        f"{seen.data.rival_score:.2f} on rows where this one has {best_score(seen):.2f}.",
    )


PROBLEM = Problem(
    key="lr_too_low",
    title="Learning rate too low",
    stages=("epoch",),
    explanation=(
        "Every step goes in the right direction, but so short a way that the plan ends "
        "long before the work is done. The loss looks flat, as if nothing could be learned."
    ),
    sources=(
        "Smith (2017), Cyclical learning rates for training neural networks",
        "Zhang et al. (2021), AUTOTRAINER, ICSE: slow convergence",
    ),
    thresholds=(
        Threshold("travel by the end of the plan", LITTLE_TRAVEL, "measured: see file"),
        Threshold("epochs before it is asked", FEWEST_EPOCHS, "chosen: warm-up looks alike"),
    ),
    detect=detect,
    remedies=(RaiseRate(factor=3.0), SoundOptimizer(start="here")),
    advice="Raise the learning rate, or train for many more epochs.",
    needs=frozenset({"travel"}),
)
