"""The network gives (almost) every row the same answer."""

import numpy as np

from ml_training.core.findings import Finding, Problem, Threshold
from ml_training.core.history import Observations
from ml_training.core.remedies.class_weights import ClassWeights
from ml_training.core.remedies.fallback_network import FallbackNetwork
from ml_training.core.remedies.lower_rate import LowerRate
from ml_training.core.remedies.sound_optimizer import SoundOptimizer
from ml_training.core.remedies.widen import Widen
from ml_training.core.trends import best_score, epoch_series, is_surely_falling, lag_behind_rival

NEARLY_ALL = 0.95  # specification of the project: one class in 95 % of predictions
WINDOW = 2  # epochs; chosen: an answer for all is usual in the first moments
FEWEST_STEPS = 50  # chosen: see WINDOW
MOVED = 0.2  # of the weights; chosen: one that has not moved has not collapsed


def detect(seen: Observations) -> Finding | None:
    """Find one answer for all rows, where a cheap model tells them apart."""
    scores = seen.history.scores
    travel = float(np.nansum(epoch_series(seen, "travel")))
    if len(scores) < WINDOW or seen.step < FEWEST_STEPS or travel < MOVED:
        return None
    share = _share_of_one_answer(seen)
    if not share >= NEARLY_ALL or is_surely_falling(seen) or not lag_behind_rival(seen):
        return None
    counts = seen.data.class_counts
    base = max(counts) / sum(counts) if counts else 0.0
    return Finding(
        problem=PROBLEM.key,
        severity="warning",
        epoch=seen.epoch,
        step=seen.step,
        evidence={
            "share": share,
            "base_rate": base,
            "score": best_score(seen),
            "rival_score": seen.data.rival_score,
        },
        message=f"{share:.0%} of the rows get the same answer (the commonest class makes up "
        f"{base:.0%}), while a simple model tells them apart with a score of "
        f"{seen.data.rival_score:.2f}.",
    )


def _share_of_one_answer(seen: Observations) -> float:
    """Return the smallest share of the last epochs; for values, how flat they are."""
    is_regression = seen.plan.task == "regression"
    values = epoch_series(seen, "output_deviation" if is_regression else "largest_class_share")
    values = values[np.isfinite(values)][-WINDOW:]
    if len(values) < WINDOW:
        return float("nan")
    if not is_regression:
        return float(values.min())
    width = seen.data.target_width
    return 1.0 - float(values.max() / width) if width else 0.0


PROBLEM = Problem(
    key="mode_collapse",
    title="One answer for everything",
    stages=("epoch",),
    explanation=(
        "The network has found that one answer is right often enough and stopped looking "
        "at the features: after steps that were too long, through dead units, or because "
        "one class drowns the others."
    ),
    sources=(
        "specification of the project: one class >= 95 % of predictions",
        "He, Garcia (2009), Learning from imbalanced data",
    ),
    thresholds=(
        Threshold("share of one answer", NEARLY_ALL, "specification: >= 95 %"),
        Threshold("steps before it is asked", FEWEST_STEPS, "chosen: see file"),
    ),
    detect=detect,
    remedies=(LowerRate(factor=0.1), Widen(), SoundOptimizer(), ClassWeights(), FallbackNetwork()),
    watch_epochs=5.0,
    advice="Start again at a lower rate, or weigh the rarer classes up.",
    needs=frozenset({"predictions", "travel"}),
)
