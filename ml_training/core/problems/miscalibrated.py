"""Probabilities are surer than they have a right to be."""

from ml_training.core.findings import Finding, Problem, Threshold
from ml_training.core.history import Observations
from ml_training.core.remedies.cool_down import CoolDown

SURE = 3.0  # standard errors; chosen: the temperature was fitted on the same rows
GAIN = 0.05  # of the loss; chosen: smaller gains change no decision
FACTOR = 1.3  # chosen: 70 % then was said to be 75 %


def detect(seen: Observations) -> Finding | None:
    """Find a temperature that would lower the validation loss by much.

    Notes
    -----
    Calibration errors over bins are biased on a few hundred rows; the likelihood gained
    by one number is not, and it is what the remedy moves. Modest probabilities are no
    illness: separable classes have them whenever training stops.
    """
    closing = seen.data.closing
    temperature = closing.get("temperature", 1.0)
    gain, errors = closing.get("gain", 0.0), closing.get("gain_errors", 0.0)
    if not (temperature >= FACTOR and gain >= GAIN and errors >= SURE):
        return None
    return Finding(
        problem=PROBLEM.key,
        severity="warning",
        epoch=seen.epoch,
        step=seen.step,
        evidence={"temperature": temperature, "gain": gain, "gain_errors": errors},
        message=f"The probabilities are surer than they should be: dividing the logits by "
        f"{temperature:.2f} lowers the validation loss by {gain:.0%}.",
    )


PROBLEM = Problem(
    key="miscalibrated",
    title="Probabilities are off",
    stages=("after",),
    explanation=(
        "A network trained long becomes sure of itself faster than it becomes right. Its "
        "classes may be fine, but a size of position computed from its probabilities is "
        "not."
    ),
    sources=("Guo, Pleiss, Sun, Weinberger (2017), On calibration of modern neural networks",),
    thresholds=(
        Threshold("standard errors of the gain", SURE, "chosen: see file"),
        Threshold("share of the loss gained", GAIN, "chosen: see file"),
        Threshold("temperature", FACTOR, "chosen: see file"),
    ),
    detect=detect,
    remedies=(CoolDown(),),
    watch_epochs=0.0,
    advice="Calibrate on rows that training has not seen before acting on probabilities.",
)
