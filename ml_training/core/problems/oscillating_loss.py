"""The validation loss jumps up and down from epoch to epoch."""

import math

import numpy as np

from ml_training.core.findings import Finding, Problem, Threshold
from ml_training.core.history import Observations
from ml_training.core.remedies.cosine_decay import CosineDecay
from ml_training.core.remedies.lower_rate import LowerRate
from ml_training.core.remedies.reduce_on_plateau import ReduceOnPlateau
from ml_training.core.remedies.sound_optimizer import SoundOptimizer
from ml_training.core.trends import epoch_series, guessing_level, lag_behind_rival, zigzag

ROUGH = 0.08  # of guessing; measured: at most 0.019 in 126 healthy runs not yet CONVERGED
RECENT = 6  # epochs; chosen: enough bends for a median
FEWEST_EPOCHS = 4  # chosen: two bends, the fewest that can agree
CAPPED = 5.0  # times guessing; chosen: beyond it a run diverges rather than oscillates
CONVERGED = 0.3  # of guessing; chosen: jumps of a good model are rows on the border


def detect(seen: Observations) -> Finding | None:
    """Find swings between epochs that no noise of the rows explains."""
    losses = epoch_series(seen, "validation_loss")[-RECENT:]
    if len(losses) < FEWEST_EPOCHS or not np.isfinite(losses).all():
        return None
    level = guessing_level(seen)
    swings = zigzag(np.minimum(losses / level, CAPPED))
    train = float(np.median(epoch_series(seen, "train_loss")[-RECENT:])) / level
    error = _noise(seen, losses, level)
    if swings < max(ROUGH, error) or not train > CONVERGED:
        return None
    return Finding(
        problem=PROBLEM.key,
        severity="warning",
        epoch=seen.epoch,
        step=seen.step,
        evidence={"swings": swings, "train_loss_over_guessing": train, "guessing": level},
        message=f"From epoch to epoch the validation loss swings by {swings:.0%} of what "
        f"guessing would cost ({losses.min():.3g} to {losses.max():.3g} over the last "
        f"{len(losses)} epochs): steps are too long to settle.",
    )


def _noise(seen: Observations, losses: np.ndarray, level: float) -> float:
    """Return swings that a handful of validation rows explains."""
    return float(np.median(losses)) / level / math.sqrt(max(seen.data.n_stopping_rows, 1))


def is_cured(seen: Observations) -> bool:
    """Tell whether a repaired branch is rid of it, and learns what can be learned."""
    return detect(seen) is None and not lag_behind_rival(seen)


PROBLEM = Problem(
    key="oscillating_loss",
    title="Oscillating loss",
    stages=("epoch",),
    explanation=(
        "Steps jump across the valley instead of descending into it. Which model one gets "
        "depends on the epoch at which one happens to stop."
    ),
    sources=(
        "Goodfellow, Bengio, Courville (2016), Deep Learning, section 8.2",
        "Zhang et al. (2021), AUTOTRAINER, ICSE: oscillating loss",
    ),
    thresholds=(
        Threshold("swings over guessing", ROUGH, "measured: healthy at most 0.019"),
        Threshold("loss over guessing", CONVERGED, "chosen: see file"),
    ),
    detect=detect,
    is_cured=is_cured,
    remedies=(LowerRate(factor=0.1), ReduceOnPlateau(), SoundOptimizer(), CosineDecay()),
    watch_epochs=4.0,
    advice="Lower the learning rate or the momentum, or use larger batches.",
)
