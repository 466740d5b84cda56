"""What the layers hand on grows out of all proportion."""

from collections.abc import Mapping

import numpy as np

from ml_training.core.facts import LayerFacts
from ml_training.core.findings import Finding, Problem, Threshold
from ml_training.core.history import Observations
from ml_training.core.remedies.fallback_network import FallbackNetwork
from ml_training.core.remedies.swap_activation import SwapActivation
from ml_training.core.standing import best_over_naive, is_far_below_guessing

LARGE = 1e4  # times the features; chosen: sound networks keep within a factor of ten
GROWN = 1e3  # times the size after the first epoch; chosen: trained networks grow tenfold


def detect(seen: Observations) -> Finding | None:
    """Find an activation that is not finite, or far larger than the features."""
    return _in_training(seen) if seen.history.scores else _at_the_start(seen)


def _at_the_start(seen: Observations) -> Finding | None:
    limit = LARGE * max(seen.network.input_size, 1.0)
    for layer in seen.network.layers:
        size = _size(layer)
        if not size <= limit:
            return _finding(
                seen,
                size,
                f"Layer {layer.name} hands on values around {size:.3g} before any training, "
                f"from features around {seen.network.input_size:.2g}; the next layer "
                "multiplies them again.",
            )
    return None


def _size(layer: LayerFacts) -> float:
    """Return the size a layer hands on: behind its activation, where there is one."""
    return layer.size_after if layer.activation else layer.size_out


def _in_training(seen: Observations) -> Finding | None:
    """Find a growth that the loss did not gain from."""
    scores = seen.history.scores
    first, now = _largest(scores[0].signals), _largest(scores[-1].signals)
    has_learned = best_over_naive(seen) < 1
    if not np.isfinite(first) or now <= GROWN * max(first, 1.0) or has_learned:
        return None
    return _finding(
        seen,
        now,
        f"Activations have grown from {first:.3g} to {now:.3g} since the first epoch while "
        "the loss is no better than guessing.",
    )


def _largest(signals: Mapping[str, float]) -> float:
    sizes = [value for name, value in signals.items() if name.startswith("size.")]
    return max(sizes, default=0.0)


def _finding(seen: Observations, size: float, message: str) -> Finding:
    return Finding(
        problem=PROBLEM.key,
        severity="critical",
        epoch=seen.epoch,
        step=seen.step,
        evidence={"activation_size": float(size), "input_size": seen.network.input_size},
        message=message,
    )


PROBLEM = Problem(
    key="exploding_activation",
    title="Exploding activations",
    stages=("before", "epoch"),
    explanation=(
        "When every layer hands on more than it received, the last one sees numbers out of "
        "all proportion: the loss overflows, and one update throws all weights away. "
        "Unbounded activations such as the exponential do this at any weights."
    ),
    sources=(
        "He, Zhang, Ren, Sun (2015), Delving deep into rectifiers, section 2.2",
        "Ioffe, Szegedy (2015), Batch normalization",
    ),
    thresholds=(
        Threshold("activation over features at the start", LARGE, "chosen: see file"),
        Threshold("growth since the first epoch", GROWN, "chosen: see file"),
    ),
    detect=detect,
    remedies=(SwapActivation("SELU"), FallbackNetwork()),
    watch_epochs=3.0,
    is_cured=is_far_below_guessing,
    advice="Use an activation that grows no faster than its input, and normalise.",
    needs=frozenset({"units"}),
    rank=72,
)
