"""The training loss rises, steadily, beyond that of guessing."""

import numpy as np

from ml_training.core.findings import Finding, Problem, Threshold
from ml_training.core.history import Observations
from ml_training.core.remedies.lower_rate import LowerRate
from ml_training.core.remedies.sound_optimizer import SoundOptimizer
from ml_training.core.trends import epoch_series, guessing_level, kendall_z, lag_behind_rival

FEWEST_STEPS = 30  # chosen: below it a rise is a few unlucky batches
WINDOW = 150  # batches; chosen: a trend of three deviations shows within these
SURELY_RISING = 4.0  # deviations; chosen: one chance in 30,000 without a trend
WORSE = 1.03  # times guessing; chosen: beyond what weak signals and dropout cost
NOTABLE = 0.03  # of guessing; chosen: a rise of less over the window hurts nobody


def detect(seen: Observations) -> Finding | None:
    """Find a loss worse than guessing that certainly rises."""
    losses = seen.history.last("loss", WINDOW)
    losses = losses[np.isfinite(losses)]
    if len(losses) < FEWEST_STEPS:
        return None
    level = guessing_level(seen)
    third = len(losses) // 3
    late = float(np.median(losses[-third:]))
    if late < WORSE * level:
        return None
    early, z = float(np.median(losses[:third])), kendall_z(losses)
    if late - early < NOTABLE * level or z < SURELY_RISING:
        return None
    rate = float(epoch_series(seen, "learning_rate")[-1]) if seen.history.scores else 0.0
    return Finding(
        problem=PROBLEM.key,
        severity="critical",
        epoch=seen.epoch,
        step=seen.step,
        evidence={"early": early, "late": late, "guessing": level, "trend_z": z, "rate": rate},
        message=f"Over the last {len(losses)} steps the training loss rose from {early:.3g} to "
        f"{late:.3g}; guessing would give {level:.3g}. Training makes the model worse.",
    )


def is_cured(seen: Observations) -> bool:
    """Tell whether a repaired branch is rid of it, and learns what can be learned."""
    return detect(seen) is None and not lag_behind_rival(seen)


PROBLEM = Problem(
    key="diverging_loss",
    title="Diverging loss",
    stages=("epoch",),
    explanation=(
        "The loss on the very rows that are trained on goes up: steps are far too long, or "
        "lead the wrong way (an optimizer that maximises, a loss with the wrong sign)."
    ),
    sources=(
        "Goodfellow, Bengio, Courville (2016), Deep Learning, section 8.3.1",
        "Cao et al. (2022), DeepFD, ICSE: loss increasing",
    ),
    thresholds=(
        Threshold("deviations of the trend", SURELY_RISING, "chosen: see file"),
        Threshold("loss over guessing", WORSE, "chosen: see file"),
    ),
    detect=detect,
    is_cured=is_cured,
    remedies=(LowerRate(factor=0.1), SoundOptimizer()),
    watch_epochs=3.0,
    advice="Check the sign of the loss and of the update, then lower the learning rate.",
)
