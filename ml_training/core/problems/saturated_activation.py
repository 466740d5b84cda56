"""Squashing units sit at their limits, where they pass no gradient."""

from ml_training.core.findings import Finding, Problem, Threshold
from ml_training.core.history import Observations
from ml_training.core.remedies.fallback_network import FallbackNetwork
from ml_training.core.remedies.swap_activation import SwapActivation
from ml_training.core.standing import is_far_below_guessing, is_near_guessing, last_signals

AT_START = 0.6  # chosen: sound weights on standard features saturate one output in a hundred
IN_TRAINING = 0.9  # chosen: sharp trained networks stay below, and learn


def detect(seen: Observations) -> Finding | None:
    """Find layers at their limits at the start, or later while nothing is learned."""
    if seen.history.scores:
        shares = last_signals(seen, "saturated.") if is_near_guessing(seen) else {}
        limit = IN_TRAINING
    else:
        layers = seen.network.layers[:-1]
        shares = {x.name: x.saturated_share for x in layers if x.activation == "squashing"}
        limit = AT_START
    name, share = max(shares.items(), key=lambda item: item[1], default=("", 0.0))
    if share <= limit:
        return None
    return Finding(
        problem=PROBLEM.key,
        severity="warning",
        epoch=seen.epoch,
        step=seen.step,
        evidence={"saturated_share": share, "input_size": seen.network.input_size},
        message=f"{share:.0%} of what layer {name} hands on lies at the limits of its "
        "activation, where hardly any gradient passes.",
    )


PROBLEM = Problem(
    key="saturated_activation",
    title="Saturated activations",
    stages=("before", "epoch"),
    explanation=(
        "Tanh and sigmoid are flat far from zero. Large weights or unscaled features push "
        "all units there: they act as switches, pass almost no gradient back, and the "
        "layers in front of them stop learning."
    ),
    sources=(
        "LeCun, Bottou, Orr, Mueller (1998), Efficient BackProp, section 4.4",
        "Rakitianskaia, Engelbrecht (2015), Measuring saturation in neural networks",
    ),
    thresholds=(
        Threshold("share of saturated outputs at the start", AT_START, "chosen: see file"),
        Threshold("the same later, when stuck", IN_TRAINING, "chosen: see file"),
    ),
    detect=detect,
    remedies=(SwapActivation("SELU"), FallbackNetwork()),
    watch_epochs=3.0,
    is_cured=is_far_below_guessing,
    advice="Scale the features, and draw the weights with Xavier.",
    needs=frozenset({"units"}),
    rank=76,
)
