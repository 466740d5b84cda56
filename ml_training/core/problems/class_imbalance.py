"""A rare class is given up."""

import numpy as np

from ml_training.core.findings import Finding, Problem, Threshold
from ml_training.core.history import Observations
from ml_training.core.remedies.balanced_sampling import BalancedSampling
from ml_training.core.remedies.class_weights import ClassWeights
from ml_training.core.remedies.sound_optimizer import SoundOptimizer
from ml_training.core.trends import is_surely_falling, lag_behind_rival

RARE = 0.2  # of an even share; chosen: one in ten of two classes still trains by itself
LOST = 0.1  # of its rows recognised; chosen: as good as none
FEWEST_EPOCHS = 4  # chosen: even sound runs see the frequent class first
PLAN_SHARE = 0.2  # of the planned epochs; chosen: late enough to know, early enough to act
LAST = 2  # epochs that must agree; chosen: one epoch is a peek
FEWEST_STEPS = 50  # chosen: the first moments see one class only, whatever the rows


def detect(seen: Observations) -> Finding | None:
    """Find rare classes that the network does not recognise.

    Notes
    -----
    Rarity alone is no illness: separable classes of one in fifty train well, and where
    features say little the frequent class is the best answer for most rows. When a
    cheap model does find the rare rows, there is no need to wait for the network.
    """
    counts = np.array(seen.data.class_counts, dtype=np.float64)
    scores = [score for score in seen.history.scores if "gain" in score.signals][-LAST:]
    if len(counts) < 2 or len(scores) < LAST or seen.step < FEWEST_STEPS:
        return None
    shares = counts / counts.sum()
    lost = [k for k in range(len(counts)) if shares[k] * len(counts) <= RARE and counts[k]]
    lost = [k for k in lost if max(s.signals.get(f"recall.{k}", 1.0) for s in scores) <= LOST]
    if not lost or not (_is_time(seen) or _is_left_behind(seen)):
        return None
    worst = min(lost, key=lambda k: shares[k])
    return Finding(
        problem=PROBLEM.key,
        severity="warning",
        epoch=seen.epoch,
        step=seen.step,
        evidence={
            "class": float(worst),
            "share": float(shares[worst]),
            "recall": scores[-1].signals[f"recall.{worst}"],
            "lost_classes": float(len(lost)),
        },
        message=f"Class {worst} makes up {shares[worst]:.1%} of the rows and is hardly ever "
        f"predicted: {scores[-1].signals[f'recall.{worst}']:.0%} of its validation rows are "
        "recognised. Ignoring it costs the loss almost nothing.",
    )


def _is_left_behind(seen: Observations) -> bool:
    """Tell whether a cheap model finds the rare rows, and the network stands still."""
    return not is_surely_falling(seen) and bool(lag_behind_rival(seen))


def _is_time(seen: Observations) -> bool:
    planned = seen.plan.planned_steps / max(seen.plan.steps_per_epoch, 1)
    return len(seen.history.scores) >= max(FEWEST_EPOCHS, PLAN_SHARE * planned)


def is_cured(seen: Observations) -> bool:
    """Tell whether the rare classes are seen, as well as a cheap model sees them."""
    return detect(seen) is None and not lag_behind_rival(seen)


PROBLEM = Problem(
    key="class_imbalance",
    title="Rare class given up",
    stages=("epoch",),
    explanation=(
        "When one class is a few rows in a hundred, always naming the other is nearly "
        "right. Training settles there, accuracy looks excellent, and the rows that "
        "mattered are never found."
    ),
    sources=(
        "He, Garcia (2009), Learning from imbalanced data, IEEE TKDE 21",
        "Buda, Maki, Mazurowski (2018), A systematic study of the class imbalance problem",
    ),
    thresholds=(
        Threshold("share of an even share", RARE, "chosen: see file"),
        Threshold("share of its rows recognised", LOST, "chosen: see file"),
        Threshold("epochs", FEWEST_EPOCHS, "chosen: see file"),
        Threshold("share of the planned epochs", PLAN_SHARE, "chosen: see file"),
    ),
    detect=detect,
    remedies=(BalancedSampling(), ClassWeights(), SoundOptimizer(prolongs=True)),
    watch_epochs=3.0,
    advice="Collect more rows of the rare class, or ask for a probability and a lower bar.",
    needs=frozenset({"answers", "travel"}),
    is_judged_balanced=True,
    is_cured=is_cured,
)
