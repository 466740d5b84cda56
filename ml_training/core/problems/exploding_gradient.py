"""The gradient is far larger than it ever was while training went well."""

import numpy as np

from ml_training.core.findings import Finding, Problem, Threshold
from ml_training.core.history import Observations
from ml_training.core.remedies.clip_gradient import ClipGradient
from ml_training.core.remedies.lower_rate import LowerRate
from ml_training.core.remedies.usual_rate import UsualRate
from ml_training.core.remedies.warm_up import WarmUp

LARGE_NORM = 100.0  # specification of the project: gradient norm > 100
SEVERE_NORM = 1000.0  # specification of the project: > 1000 is severe
JUMP = 50.0  # chosen: heavy-tailed healthy batches stay below 20 times the quantile
LOSS_JUMP = 3.0  # chosen: a harmless spike leaves the loss within its usual range
WINDOW = 200  # batches; chosen: long enough for a quantile, short enough to follow
USUAL_QUANTILE = 0.9  # Kumar et al. 2025 clip near the upper tail of recent norms
FEWEST = 20  # readings; chosen: below it a quantile is one batch's luck
AFTERMATH = 3  # batches; chosen: the loss shows the harm of an update one batch later
FAR_FROM_NAIVE = 10.0  # chosen: a sound start lies within a few times the naive loss
GRACE = 10  # steps; chosen: large first gradients of sound runs come down within these
COMES_DOWN = 0.5  # of the first norm; chosen: see GRACE


def alarm_lines(seen: Observations) -> dict[str, float]:
    """Draw the lines above which a gradient or a loss deserves a second look."""
    usual = _usual(seen, "gradient_norm", leave_out=0)
    usual_loss = _usual(seen, "loss", leave_out=0)
    if usual is None or usual_loss is None:
        return {"gradient_norm": SEVERE_NORM}
    return {"gradient_norm": max(LARGE_NORM, JUMP * usual), "loss": LOSS_JUMP * abs(usual_loss)}


def detect(seen: Observations) -> Finding | None:
    """Find a gradient out of all proportion to its past that spoiled the loss.

    Notes
    -----
    The norm alone raises false alarms: batch normalisation over a few rows makes spikes
    of a hundred times the usual norm that AdamW takes without harm.
    """
    norms = seen.history.last("gradient_norm", AFTERMATH)
    loss = float(seen.history.last("loss", 1)[0])
    norm = float(norms.max())
    if not np.isfinite(norm + loss):
        return None
    usual = _usual(seen, "gradient_norm", leave_out=AFTERMATH)
    usual_loss = _usual(seen, "loss", leave_out=AFTERMATH)
    if usual is None or usual_loss is None:
        return _at_the_start(seen, loss)
    if norm <= max(LARGE_NORM, JUMP * usual) or loss <= LOSS_JUMP * abs(usual_loss):
        return None
    return _finding(
        seen,
        norm,
        usual=usual,
        message=f"The gradient jumped to {norm:.3g} where nine in ten batches stayed below "
        f"{usual:.3g}, and the loss to {loss:.3g} from below {usual_loss:.3g}.",
    )


def _at_the_start(seen: Observations, loss: float) -> Finding | None:
    norms = seen.history.last("gradient_norm")
    norm, is_far = float(norms[-1]), loss > FAR_FROM_NAIVE * seen.data.naive_loss
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


def _usual(seen: Observations, signal: str, *, leave_out: int) -> float | None:
    values = seen.history.last(signal, WINDOW)
    values = values[: len(values) - leave_out]
    values = values[np.isfinite(values)]
    if len(values) < FEWEST:
        return None
    place = int(USUAL_QUANTILE * (len(values) - 1))
    return float(np.partition(values, place)[place])


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
        Threshold("gradient norm", LARGE_NORM, "specification: > 100"),
        Threshold("gradient norm, severe", SEVERE_NORM, "specification: > 1000"),
        Threshold("times the usual norm", JUMP, "chosen: heavy tails stay below 20"),
        Threshold("times the usual loss", LOSS_JUMP, "chosen: spikes that harm nobody"),
        Threshold("loss over naive loss at the start", FAR_FROM_NAIVE, "chosen: see file"),
    ),
    detect=detect,
    alarm_lines=alarm_lines,
    remedies=(ClipGradient(), LowerRate(factor=0.1), UsualRate(), WarmUp()),
    advice="Scale features and targets, or start from smaller weights.",
)
