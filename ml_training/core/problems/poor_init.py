"""The first weights make learning impossible, or start far from all targets."""

import numpy as np

from ml_training.core.facts import LayerFacts, NetworkFacts
from ml_training.core.findings import Finding, Problem, Severity, Threshold
from ml_training.core.history import Observations
from ml_training.core.remedies.fallback_network import FallbackNetwork
from ml_training.core.remedies.redraw_weights import RedrawWeights
from ml_training.core.standing import is_far_below_guessing

FAR_OUT = 100.0  # chosen: sound starts give outputs within ten deviations of the targets
TOO_WIDE = 4.0  # times the weights of He et al.; chosen: N(0,1) weights over 48 units give 5
BLOWN_UP = 1e4  # chosen: outputs this large are beyond what any sound start gives


def detect(seen: Observations) -> Finding | None:
    """Find layers whose units start alike, or a start far beyond the targets."""
    network = seen.network
    alike = [layer for layer in network.layers[:-1] if layer.alike]
    if alike:
        return _of_alike_units(seen, alike)
    return _of_wide_weights(seen, network)


def _of_alike_units(seen: Observations, alike: list[LayerFacts]) -> Finding:
    first = alike[0]
    what = "zero" if first.weight_size == 0 else "alike"
    return _finding(
        seen,
        "critical",
        {"layers_alike": float(len(alike)), "weight_size": first.weight_size},
        f"All {first.n_units} units of layer {first.name} start {what}. They get the same "
        "gradient and stay copies of one another for ever.",
    )


def _of_wide_weights(seen: Observations, network: NetworkFacts) -> Finding | None:
    """Find outputs far beyond the targets that too large weights are to blame for."""
    size = network.output_deviation / max(network.target_deviation, 1e-30)
    size /= max(network.input_size, 1.0)
    width = widest(network)
    if not np.isfinite(size) or size <= FAR_OUT or width <= TOO_WIDE:
        return None
    return _finding(
        seen,
        "critical" if size > BLOWN_UP else "warning",
        {"output_size": size, "weight_width": width},
        f"Before any training the outputs spread {size:.3g} times as wide as the targets; "
        f"the weights are up to {width:.2g} times as large as they should be drawn.",
    )


def widest(network: NetworkFacts) -> float:
    """Return the largest weights of a layer over those that keep the variance."""
    usual = [np.sqrt(2.0 / max(layer.n_inputs, 1)) for layer in network.layers]
    sizes = [
        layer.weight_size / u
        for layer, u in zip(network.layers, usual, strict=True)
        if not layer.is_normalised
    ]
    return float(max(sizes, default=0.0))


def _finding(
    seen: Observations, severity: Severity, evidence: dict[str, float], message: str
) -> Finding:
    return Finding(
        problem=PROBLEM.key,
        severity=severity,
        epoch=seen.epoch,
        step=seen.step,
        evidence=evidence,
        message=message,
    )


PROBLEM = Problem(
    key="poor_init",
    title="Poor initial weights",
    stages=("before",),
    explanation=(
        "Where training can go is decided by where it starts. Units that start alike stay "
        "alike, so a layer of fifty learns what one unit could; weights that are far too "
        "large start with answers, and gradients, out of all proportion to the targets."
    ),
    sources=(
        "Glorot, Bengio (2010), Understanding the difficulty of training deep networks",
        "He, Zhang, Ren, Sun (2015), Delving deep into rectifiers, section 2.2",
        "Mishkin, Matas (2016), All you need is a good init",
    ),
    thresholds=(
        Threshold("spread of outputs over that of targets", FAR_OUT, "chosen: see file"),
        Threshold("the same, severe", BLOWN_UP, "chosen: no sound start comes near"),
        Threshold("weights over those of He et al.", TOO_WIDE, "chosen: see file"),
    ),
    detect=detect,
    remedies=(RedrawWeights(), FallbackNetwork()),
    watch_epochs=3.0,
    is_cured=is_far_below_guessing,
    advice="Let the library draw the weights, or draw them with Kaiming or Xavier.",
    rank=70,
)
