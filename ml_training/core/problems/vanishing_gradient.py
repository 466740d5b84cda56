"""The front layers get next to no gradient."""

import numpy as np

from ml_training.core.findings import Finding, Problem, Threshold
from ml_training.core.history import Observations
from ml_training.core.remedies.fallback_network import FallbackNetwork
from ml_training.core.remedies.insert_normalisation import InsertNormalisation
from ml_training.core.remedies.swap_activation import SwapActivation
from ml_training.core.standing import is_far_below_guessing, is_near_guessing

SMALL_SHARE = 1e-3  # chosen: a hundredth of what sound develop networks start with
SEVERE_SHARE = 1e-6  # chosen: below the resolution of single floats
LOST_SIGNAL = 1e-5  # measured on develop: faulty starts keep 4e-7 or less, sound 0.1
TINY = 1e-30  # keeps constant features from dividing by zero
FEWEST_STEPS = 10  # batches; chosen: a median of fewer is a matter of luck


def detect(seen: Observations) -> Finding | None:
    """Find layers with far less gradient than others, in a run that learns nothing.

    Notes
    -----
    A small gradient alone says nothing: a converged run has one, and the size depends
    on the unit of the loss. What counts is the ratio between layers, and that the run
    is no better than guessing.
    """
    if not seen.history.scores:
        return _of_lost_signal(seen)
    if not is_near_guessing(seen):
        return None
    share = smallest_share(seen)
    if not 0 < share < SMALL_SHARE:
        return None
    return Finding(
        problem=PROBLEM.key,
        severity="critical" if share < SEVERE_SHARE else "warning",
        epoch=seen.epoch,
        step=seen.step,
        evidence={
            "smallest_share": share,
            "gradient_norm": float(np.nanmedian(seen.history.last("gradient_norm", 50))),
        },
        message=f"The gradient of the weakest layer is {share:.1e} of the strongest one, and "
        "the loss is no better than guessing: the front of the network does not learn.",
    )


def _of_lost_signal(seen: Observations) -> Finding | None:
    """Find a network whose last layer hardly varies with the features.

    What does not come through forwards is multiplied into every gradient backwards.
    """
    layers = seen.network.layers
    if len(layers) <= 1:
        return None
    signal = layers[-1].deviation_in / max(min(layers[0].deviation_in, 1.0), TINY)
    if not 0 < signal < LOST_SIGNAL:
        return None
    return Finding(
        problem=PROBLEM.key,
        severity="warning",
        epoch=seen.epoch,
        step=seen.step,
        evidence={"signal": signal, "n_layers": float(len(layers))},
        message=f"Of what varies in the features, {signal:.1e} is left before the last of the "
        f"{len(layers)} layers; the gradient shrinks on its way back as the signal does.",
    )


def smallest_share(seen: Observations) -> float:
    """Return the gradient of the weakest layer over that of the strongest."""
    norms = seen.history.last_layers("layer_norms", seen.plan.steps_per_epoch)
    if len(norms) < FEWEST_STEPS:
        return float("nan")
    rows = norms[np.isfinite(norms).any(axis=1)]
    kept = rows[:, np.isfinite(rows).all(axis=0)]
    if not kept.size:
        return float("nan")
    layers = np.median(kept, axis=0)
    return float(layers.min() / layers.max()) if layers.max() > 0 else float("nan")


PROBLEM = Problem(
    key="vanishing_gradient",
    title="Vanishing gradient",
    stages=("before", "epoch"),
    explanation=(
        "Errors are multiplied layer by layer on their way back. Flat activations, as a "
        "sigmoid is nearly everywhere, and small weights shrink them to nothing: the layers "
        "in front get no signal and stay as they were drawn."
    ),
    sources=(
        "Hochreiter (1991); Glorot, Bengio (2010), Understanding the difficulty of training",
        "Zhang et al. (2021), AUTOTRAINER, ICSE: gradient ratio between layers",
    ),
    thresholds=(
        Threshold("gradient of the weakest layer over the strongest", SMALL_SHARE, "chosen"),
        Threshold("signal left at the start", LOST_SIGNAL, "measured: see file"),
        Threshold("the same, severe", SEVERE_SHARE, "chosen: resolution of single floats"),
    ),
    detect=detect,
    remedies=(InsertNormalisation(), FallbackNetwork(), SwapActivation("Tanh")),
    watch_epochs=3.0,
    is_cured=is_far_below_guessing,
    rank=73,
    advice="Use fewer layers, ReLU-like activations, or normalisation between the layers.",
)
