"""So many units are dropped that what is left cannot learn."""

from ml_training.core.facts import LayerFacts
from ml_training.core.findings import Finding, Problem, Threshold
from ml_training.core.history import Observations
from ml_training.core.remedies.lower_dropout import LowerDropout
from ml_training.core.standing import is_far_below_guessing

HIGH = 0.7  # Srivastava et al. 2014 find 0.5 near the best, 0.2 to 0.6 in use
FEWEST_KEPT = 10.0  # units; chosen: fewer see a different task at every step
"""A wide layer can afford to drop most of its units; what counts is how many stay."""


def detect(seen: Observations) -> Finding | None:
    """Find layers of which too little is left."""
    sick = [layer for layer in seen.network.layers if layer.dropout > HIGH]
    if not sick:
        return None
    worst = min(sick, key=_kept)
    return Finding(
        problem=PROBLEM.key,
        severity="warning" if _kept(worst) < FEWEST_KEPT else "info",
        epoch=seen.epoch,
        step=seen.step,
        evidence={"dropout": worst.dropout, "units_kept": _kept(worst)},
        message=f"Dropout takes {worst.dropout:.0%} of the {worst.n_units} units behind layer "
        f"{worst.name} out of every step: about {_kept(worst):.1f} stay.",
    )


def _kept(layer: LayerFacts) -> float:
    return (1.0 - layer.dropout) * layer.n_units


PROBLEM = Problem(
    key="high_dropout",
    title="Too much dropout",
    stages=("before",),
    yields=True,
    explanation=(
        "Dropout leaves out random units so that none is relied on. When nearly all are "
        "left out, every step trains another handful of units on what the others had "
        "learned, and the noise drowns the signal."
    ),
    sources=("Srivastava et al. (2014), Dropout, JMLR 15, section 7.3: keep 0.4 to 0.8",),
    thresholds=(
        Threshold("share dropped", HIGH, "Srivastava et al. 2014: 0.5, in use up to 0.6"),
        Threshold("units kept", FEWEST_KEPT, "chosen: see file"),
    ),
    detect=detect,
    remedies=(LowerDropout(0.2), LowerDropout(0.0)),
    watch_epochs=3.0,
    is_cured=is_far_below_guessing,
    advice="Use a dropout of 0.2 to 0.5.",
    rank=78,
)
