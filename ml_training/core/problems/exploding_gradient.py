"""The gradient is far larger than it ever was while training went well."""

import numpy as np

from ml_training.core.findings import Finding, Problem, Threshold
from ml_training.core.history import Observations
from ml_training.core.remedies.clip_gradient import ClipGradient
from ml_training.core.remedies.lower_rate import LowerRate
from ml_training.core.remedies.usual_rate import UsualRate

LARGE_NORM = 100.0  # first_document: gradient norm > 100
SEVERE_NORM = 1000.0  # first_document: > 1000 is severe
JUMP = 50.0  # chosen: heavy-tailed healthy batches stay below 20 times the quantile
WINDOW = 200  # batches; chosen: long enough for a quantile, short enough to follow
USUAL_QUANTILE = 0.9  # Kumar et al. 2025 clip near the upper tail of recent norms
FEWEST = 20  # readings; chosen: below it a quantile is one batch's luck
FAR_FROM_NAIVE = 10.0  # chosen: a sound start lies within a few times the naive loss
GRACE = 10  # steps; chosen: large first gradients of sound runs come down within these
COMES_DOWN = 0.5  # of the first norm; chosen: see GRACE


def alarm_lines(seen: Observations) -> dict[str, float]:
    """Draw the line above which a gradient deserves a second look."""
    usual = _usual_norm(seen, before_last=False)
    limit = SEVERE_NORM if usual is None else max(LARGE_NORM, JUMP * usual)
    return {"gradient_norm": limit}


def detect(seen: Observations) -> Finding | None:
    """Find a gradient out of all proportion to its past, or to the task."""
    norm = float(seen.history.last("gradient_norm", 1)[0])
    if not np.isfinite(norm):
        return None
    usual = _usual_norm(seen, before_last=True)
    if usual is None:
        return _at_the_start(seen, norm)
    if norm <= max(LARGE_NORM, JUMP * usual):
        return None
    return _finding(
        seen,
        norm,
        usual=usual,
        message=f"The gradient jumped to {norm:.3g}; nine in ten batches before stayed "
        f"below {usual:.3g}. One such step can undo hours of learning.",
    )


def _at_the_start(seen: Observations, norm: float) -> Finding | None:
    norms, loss = seen.history.last("gradient_norm"), float(seen.history.last("loss", 1)[0])
    is_far = loss > FAR_FROM_NAIVE * seen.data.naive_loss
    if norm <= SEVERE_NORM or len(norms) < GRACE or not is_far:
        return None
    if norm < COMES_DOWN * norms[0]:
        return None
    return _finding(
        seen,
        norm,
        usual=None,
        message=f"The gradient is {norm:.3g} and does not come down; the loss is {loss:.3g} "
        f"where guessing would give {seen.data.naive_loss:.3g}.",
    )


def _usual_norm(seen: Observations, *, before_last: bool) -> float | None:
    norms = seen.history.last("gradient_norm", WINDOW)
    norms = norms[:-1] if before_last else norms
    norms = norms[np.isfinite(norms)]
    return float(np.quantile(norms, USUAL_QUANTILE)) if len(norms) >= FEWEST else None


def _finding(seen: Observations, norm: float, *, usual: float | None, message: str) -> Finding:
    evidence = {"gradient_norm": norm, "loss": float(seen.history.last("loss", 1)[0])}
    if usual is not None:
        evidence["usual_norm"] = usual
    return Finding(
        problem=PROBLEM.key,
        severity="critical" if norm > SEVERE_NORM else "warning",
        epoch=seen.epoch,
        step=seen.step,
        evidence=evidence,
        message=message,
    )


PROBLEM = Problem(
    key="exploding_gradient",
    title="Exploding gradient",
    stages=("batch",),
    explanation=(
        "Errors are multiplied layer by layer on their way back. When the factors exceed "
        "one, the gradient grows out of proportion and a single update throws the weights "
        "far from everything learned."
    ),
    sources=(
        "Pascanu, Mikolov, Bengio (2013), On the difficulty of training recurrent networks",
        "Kumar et al. (2025), ZClip: adaptive spike mitigation",
    ),
    thresholds=(
        Threshold("gradient norm", LARGE_NORM, "first_document: > 100"),
        Threshold("gradient norm, severe", SEVERE_NORM, "first_document: > 1000"),
        Threshold("times the usual norm", JUMP, "chosen: heavy tails stay below 20"),
        Threshold("loss over naive loss at the start", FAR_FROM_NAIVE, "chosen: see file"),
    ),
    detect=detect,
    alarm_lines=alarm_lines,
    remedies=(ClipGradient(), LowerRate(factor=0.1), UsualRate()),
    advice="Scale features and targets, or start from smaller weights.",
)
