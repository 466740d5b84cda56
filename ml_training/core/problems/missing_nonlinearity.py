"""The network is a straight line, and the data are not."""

import math

from ml_training.core.findings import Finding, Problem, Threshold
from ml_training.core.history import Observations
from ml_training.core.remedies.fallback_network import FallbackNetwork
from ml_training.core.remedies.insert_nonlinearity import InsertNonlinearity

STRAIGHT = 1e-3  # rounding of single floats through a dozen layers
SURE = 4.0  # standard errors; chosen: one false alarm in thirty thousand networks
ANSWERS_SURE = 3.0  # standard errors; chosen: one chance in 700 when no answer changes
WORTHWHILE = 0.05  # of the straight fit's error; chosen: less is not worth another network


def detect(seen: Observations) -> Finding | None:
    """Find a linear network where a curved fit does clearly better on held-out rows.

    Notes
    -----
    A linear network on a linear problem is the right choice, and stays unnoticed. So is
    one on classes that a curve fits better without telling them apart better: that is
    worth a note, no alarm.
    """
    network = seen.network
    is_straight = bool(network.layers) and network.curvature <= STRAIGHT
    is_better = network.curved_gain > SURE and network.curved_share > WORTHWHILE
    if not (is_straight and is_better):
        return None
    n_layers = len(network.layers)
    answers = network.curved_answers
    is_felt = answers > ANSWERS_SURE
    words = "" if is_felt else " It names no more classes rightly: nothing is done."
    return Finding(
        problem=PROBLEM.key,
        severity="warning" if is_felt else "info",
        epoch=seen.epoch,
        step=seen.step,
        evidence={
            "n_layers": float(n_layers),
            "curved_gain": network.curved_gain,
            "curved_share": network.curved_share,
            **({"curved_answers": answers} if math.isfinite(answers) else {}),
        },
        message=f"The {n_layers} layers of the network are one straight line; on rows that "
        f"neither saw, a curved fit leaves {network.curved_share:.0%} less error than a "
        f"straight one.{words}",
    )


PROBLEM = Problem(
    key="missing_nonlinearity",
    title="Missing nonlinearity",
    stages=("before",),
    yields=True,
    explanation=(
        "Layers without an activation between them collapse into one: however many there "
        "are, the network can only draw a straight line through the data."
    ),
    sources=(
        "Goodfellow, Bengio, Courville (2016), Deep learning, section 6.1",
        "Rahimi, Recht (2008), Weighted sums of random kitchen sinks: the curved fit",
    ),
    thresholds=(
        Threshold("curvature of the network", STRAIGHT, "chosen: rounding of single floats"),
        Threshold("standard errors of the gain", SURE, "chosen: one false alarm in 30,000"),
        Threshold("standard errors of the answers gained", ANSWERS_SURE, "chosen: see file"),
        Threshold("share of error saved", WORTHWHILE, "chosen: see file"),
    ),
    detect=detect,
    remedies=(InsertNonlinearity(), FallbackNetwork()),
    watch_epochs=5.0,
    advice="Put an activation such as ReLU between the layers.",
    rank=80,
)
