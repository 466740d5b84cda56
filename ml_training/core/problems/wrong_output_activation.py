"""What the network ends in does not fit its loss, or cannot reach its targets."""

import math

from ml_training.core.facts import NetworkFacts
from ml_training.core.findings import Finding, Problem, Severity, Threshold
from ml_training.core.history import Observations
from ml_training.core.remedies.fallback_network import FallbackNetwork
from ml_training.core.remedies.match_output import MatchOutput

OUT_OF_REACH = 0.02  # of the variance; chosen: one target in a thousand may stick out
SMALL_LOGIT = 4.0  # chosen: the sigmoid of 4 is 0.98, enough for any answer
TINY = 1e-6  # chosen: rounding of single floats


def detect(seen: Observations) -> Finding | None:
    """Find outputs that are constant, out of reach of the targets, or misread."""
    network = seen.network
    if not network.layers:
        return None
    for check in (_of_constant, _of_reach, _of_logits, _of_probabilities):
        found = check(network)
        if found is not None:
            severity, message = found
            return _finding(seen, severity, message)
    return None


def _of_constant(network: NetworkFacts) -> tuple[Severity, str] | None:
    low, high = network.output_low, network.output_high
    if not high - low <= TINY:
        return None
    return "critical", (
        f"The network can only answer {low:.3g}, whatever it learns: its last layer undoes "
        "all that comes before, as a softmax over a single output does."
    )


def _of_reach(network: NetworkFacts) -> tuple[Severity, str] | None:
    if network.out_of_reach <= OUT_OF_REACH:
        return None
    return "critical", (
        f"{_range(network)}, but the targets lie beyond: at least {network.out_of_reach:.0%} "
        "of their variance is lost before training begins."
    )


def _of_logits(network: NetworkFacts) -> tuple[Severity, str] | None:
    """Find an activation before a loss that has one of its own."""
    low, high = network.output_low, network.output_high
    is_wide = bool(network.layers) and network.layers[-1].n_units > 1
    is_log_softmax = is_wide and high <= TINY and low < -SMALL_LOGIT  # softmax undoes it
    is_free = low < -SMALL_LOGIT and high > SMALL_LOGIT
    if network.output_kind != "logit" or is_free or is_log_softmax:
        return None
    return "warning", (
        f"{_range(network)}, while the loss takes any number and turns it into a "
        "probability itself: the answers can never be sure."
    )


def _of_probabilities(network: NetworkFacts) -> tuple[Severity, str] | None:
    """Find raw outputs before a loss that takes them for probabilities."""
    low, high = network.output_low, network.output_high
    is_bounded = low >= -TINY and high <= 1 + TINY
    if network.output_kind == "probability" and not is_bounded:
        return "critical", (
            f"{_range(network)}, while the loss takes them for probabilities between 0 and 1: "
            "beyond these limits it gives no direction, or no number at all."
        )
    if network.output_kind == "log_probability" and high > TINY:
        return "critical", (
            f"{_range(network)}, while the loss takes them for logarithms of probabilities, "
            "which are never above 0."
        )
    return None


def _range(network: NetworkFacts) -> str:
    low, high = network.output_low, network.output_high
    if math.isinf(low) and math.isinf(high):
        return "The outputs can be any number"
    if math.isinf(high):
        return f"The outputs can never be below {low:.3g}"
    if math.isinf(low):
        return f"The outputs can never be above {high:.3g}"
    return f"The outputs can only lie between {low:.3g} and {high:.3g}"


def _finding(seen: Observations, severity: Severity, message: str) -> Finding:
    network = seen.network
    return Finding(
        problem=PROBLEM.key,
        severity=severity,
        epoch=seen.epoch,
        step=seen.step,
        evidence={
            "output_low": network.output_low,
            "output_high": network.output_high,
            "out_of_reach": network.out_of_reach,
        },
        message=message,
    )


PROBLEM = Problem(
    key="wrong_output_activation",
    title="Output does not fit the loss",
    stages=("before",),
    explanation=(
        "Every loss expects a certain kind of output: any number, a probability, or a value "
        "in the unit of the targets. A sigmoid, softmax or ReLU in the wrong place, or none "
        "in the right one, leaves answers that the network can never give."
    ),
    sources=(
        "Humbatova et al. (2020), Taxonomy of real faults in deep learning, ICSE",
        "Cao et al. (2022), DeepFD: wrong loss and activation are the commonest faults",
    ),
    thresholds=(
        Threshold("variance of the targets out of reach", OUT_OF_REACH, "chosen: see file"),
        Threshold("limit of a logit", SMALL_LOGIT, "chosen: the sigmoid of 4 is 0.98"),
    ),
    detect=detect,
    remedies=(MatchOutput(), FallbackNetwork()),
    watch_epochs=3.0,
    advice="End in a plain linear layer and use the loss that belongs to the task.",
    rank=60,
)
