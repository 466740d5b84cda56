"""The size of the gradient varies wildly from batch to batch."""

import math

import numpy as np

from ml_training.core.findings import Finding, Problem, Threshold
from ml_training.core.history import Observations
from ml_training.core.remedies.clip_gradient import ClipGradient
from ml_training.core.remedies.larger_batch import LargerBatch
from ml_training.core.remedies.lower_rate import LowerRate
from ml_training.core.remedies.sound_optimizer import SoundOptimizer
from ml_training.core.remedies.warm_up import WarmUp
from ml_training.core.trends import epoch_series, guessing_level, steps_of_epochs

WILD = 0.45  # decades; measured: at most 0.36 in 126 healthy runs not yet LEARNED
FEWEST_STEPS = 20  # chosen: a deviation of fewer norms is one batch's luck
LEARNED = 0.5  # of guessing; chosen: near the end gradients of solved rows vanish
USUAL_QUANTILE = 0.5  # chosen: half of the batches then go unclipped


def detect(seen: Observations) -> Finding | None:
    """Find norms that differ by factors while the loss is still high.

    Notes
    -----
    Logarithms make the measure independent of scale; batches of a converged run differ
    by factors too, since most rows are solved, so the loss must still be high.
    """
    losses = epoch_series(seen, "train_loss")
    steps = steps_of_epochs(seen)
    if not len(losses) or steps[-1] < FEWEST_STEPS:
        return None
    norms = seen.history.last("gradient_norm", int(steps[-1]))
    norms = norms[np.isfinite(norms) & (norms > 0)]
    level = losses[-1] / guessing_level(seen)
    if len(norms) < FEWEST_STEPS or not math.isfinite(level) or level < LEARNED:
        return None
    spread = float(np.log10(norms).std())
    if spread < WILD:
        return None
    usual = float(np.quantile(norms, USUAL_QUANTILE))
    return Finding(
        problem=PROBLEM.key,
        severity="warning",
        epoch=seen.epoch,
        step=seen.step,
        evidence={"spread": spread, "usual_norm": usual, "loss_over_guessing": float(level)},
        message=f"From batch to batch the gradient varies by a factor of {10**spread:.2g} "
        f"(half of the norms lie below {usual:.3g}, the largest is {norms.max():.3g}), and the "
        f"loss is still {level:.0%} of that of guessing.",
    )


PROBLEM = Problem(
    key="unstable_gradient",
    title="Unstable gradient",
    stages=("epoch",),
    explanation=(
        "Each batch points somewhere else, and some with a multiple of the usual force: "
        "batches too small for the rate, or a rate that throws the weights to steep places."
    ),
    sources=(
        "McCandlish et al. (2018), An empirical model of large-batch training",
        "Wardat et al. (2022), DeepDiagnosis, ICSE",
    ),
    thresholds=(
        Threshold("deviation of the norms, decades", WILD, "measured: healthy at most 0.36"),
        Threshold("loss over guessing", LEARNED, "chosen: see file"),
    ),
    detect=detect,
    remedies=(LargerBatch(), LowerRate(factor=0.1), ClipGradient(), SoundOptimizer(), WarmUp()),
    watch_epochs=1.0,
    advice="Use larger batches or a lower rate.",
)
