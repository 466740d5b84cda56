"""The model learns rows by heart: validation gets worse, training better."""

import math

import numpy as np

from ml_training.core.findings import Finding, Problem, Severity, Threshold
from ml_training.core.history import Observations
from ml_training.core.remedies.change_dropout import ChangeDropout
from ml_training.core.remedies.weight_decay import WeightDecay
from ml_training.core.trends import epoch_series, guessing_level, roughness

RECENT = 3  # epochs; chosen: their median forgives one unlucky epoch
FEWEST_EPOCHS = 6  # chosen: two windows
WORSE = 0.12  # of guessing; measured: at most 0.11 in 126 healthy runs
LOST = 0.15  # of the gain over guessing; measured: at most 0.12 in 126 healthy runs
GAP = 0.15  # of guessing; chosen: training must be clearly better for it to be by heart
NOISY = 3.0  # times the roughness of the curve; chosen: no dip and no peak by chance
ROW_ERRORS = 2.0  # standard errors of the mean over the rows; chosen: one chance in twenty
CREEPING = 0.5  # of WORSE and LOST; chosen: worth a note, since the best epoch is kept


def detect(seen: Observations) -> Finding | None:
    """Find a validation loss clearly above its best while training still improves."""
    validation = epoch_series(seen, "validation_loss")
    if len(validation) < FEWEST_EPOCHS or not np.isfinite(validation[-RECENT:]).all():
        return None
    if np.nanargmin(validation) >= len(validation) - RECENT:
        return None
    level = guessing_level(seen)
    best, now = float(np.nanmin(validation)), float(np.median(validation[-RECENT:]))
    still = epoch_series(seen, "train_loss_still")[-RECENT:]  # not every epoch is measured
    train = float(np.median(still[np.isfinite(still)])) if np.isfinite(still).any() else math.nan
    rise, gap = (now - best) / level, (now - train) / level
    gained = max(1.0 - best / level, WORSE)
    noise = max(
        NOISY * roughness(validation[-2 * FEWEST_EPOCHS :] / level),
        ROW_ERRORS * now / level / math.sqrt(max(seen.data.n_stopping_rows, 1)),
    )
    severity = _severity(rise, rise / gained)
    if rise < noise or severity is None or not math.isfinite(gap) or gap < max(GAP, rise):
        return None
    return Finding(
        problem=PROBLEM.key,
        severity=severity,
        epoch=seen.epoch,
        step=seen.step,
        evidence={"best": best, "now": now, "train": train, "rise": rise, "gap": gap},
        message=f"The validation loss was {best:.3g} at its best and is {now:.3g} now, while "
        f"the training loss went on falling to {train:.3g}: the model learns rows by heart.",
    )


def _severity(rise: float, lost: float) -> Severity | None:
    if rise > WORSE and lost > LOST:
        return "warning"
    return "info" if rise > CREEPING * WORSE and lost > CREEPING * LOST else None


PROBLEM = Problem(
    key="overfitting",
    title="Overfitting",
    stages=("epoch",),
    explanation=(
        "The network has more freedom than the rows have information. It goes on improving "
        "on rows it has seen by memorising their noise, which makes it worse on all others."
    ),
    sources=(
        "Prechelt (1998), Early stopping - but when?",
        "specification of the project: accuracy gap > 0.15, severe > 0.25",
    ),
    thresholds=(
        Threshold("rise of the validation loss over guessing", WORSE, "measured: see file"),
        Threshold("share of the gain that was lost", LOST, "measured: see file"),
        Threshold("gap to training over guessing", GAP, "chosen: see file"),
    ),
    detect=detect,
    remedies=(ChangeDropout(share=0.4), WeightDecay()),
    advice="Collect more rows, drop features that say little, or use a smaller network.",
    needs=frozenset({"training_rows"}),
)
