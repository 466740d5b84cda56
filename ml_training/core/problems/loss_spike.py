"""The loss of a batch is out of all proportion to its past."""

import math

import numpy as np

from ml_training.core.findings import Finding, Problem, Threshold
from ml_training.core.history import Observations
from ml_training.core.remedies.clip_gradient import ClipGradient
from ml_training.core.remedies.lower_rate import LowerRate
from ml_training.core.remedies.skip_spike import SkipSpike
from ml_training.core.trends import guessing_level

JUMP = 5.0  # times the usual loss; chosen: alone it is no sign, converged runs reach 17
ABOVE_GUESSING = 2.0  # times guessing; measured: 126 healthy runs reach 0.55 of the line
ONE_ROW = 20.0  # times guessing; chosen: what a confident mistake about one row may cost
WINDOW = 200  # batches; chosen: long enough for a quantile, short enough to follow
USUAL_QUANTILE = 0.9  # chosen: what one batch in ten exceeds is still usual
FEWEST = 20  # batches; chosen: below it a quantile is one batch's luck


def alarm_lines(seen: Observations) -> dict[str, float]:
    """Draw the line above which a loss deserves a second look."""
    line = _line(seen, leave_out=0)
    return {} if line is None else {"loss": line}


def detect(seen: Observations) -> Finding | None:
    """Find a loss far above the usual one, and above that of guessing."""
    loss = float(seen.history.last("loss", 1)[0])
    line = _line(seen, leave_out=1, n_rows=float(seen.history.last("n_rows", 1)[0]))
    was_skipped = bool(seen.history.last("skipped", 1)[0])
    if line is None or was_skipped or not np.isfinite(loss) or loss <= line:
        return None
    norms = seen.history.last("gradient_norm", WINDOW)[:-1]
    usual_norm = float(np.quantile(norms[np.isfinite(norms)], USUAL_QUANTILE))
    return Finding(
        problem=PROBLEM.key,
        severity="warning",
        epoch=seen.epoch,
        step=seen.step,
        evidence={"loss": loss, "loss_line": line, "usual_norm": usual_norm},
        message=f"The loss jumped to {loss:.3g} at step {seen.step}; nine in ten batches before "
        f"stayed below {line / JUMP:.3g}, and guessing would give {guessing_level(seen):.3g}.",
    )


def _line(seen: Observations, *, leave_out: int, n_rows: float = math.nan) -> float | None:
    losses = seen.history.last("loss", WINDOW)
    losses = losses[: len(losses) - leave_out]
    losses = losses[np.isfinite(losses)]
    if len(losses) < FEWEST:
        return None
    place = int(USUAL_QUANTILE * (len(losses) - 1))
    usual = abs(float(np.partition(losses, place)[place]))
    usual_rows = seen.data.n_rows / max(seen.plan.steps_per_epoch, 1)
    rows = n_rows if math.isfinite(n_rows) else usual_rows  # the last batch may be tiny
    return max(JUMP * usual, (ABOVE_GUESSING + ONE_ROW / max(rows, 1.0)) * guessing_level(seen))


PROBLEM = Problem(
    key="loss_spike",
    title="Loss spike",
    stages=("batch",),
    explanation=(
        "One batch with absurd values, or one step too long, throws the loss far above "
        "anything before. The update it causes, and its trace in the moments of the "
        "optimizer, can cost many epochs."
    ),
    sources=(
        "Chowdhery et al. (2022), PaLM, section 5.1",
        "Takase et al. (2023), Spike no more",
    ),
    thresholds=(
        Threshold("times the usual loss", JUMP, "chosen: only together with the next"),
        Threshold("times guessing", ABOVE_GUESSING, "chosen: see file"),
        Threshold("times guessing, for one row", ONE_ROW, "chosen: see file"),
    ),
    detect=detect,
    alarm_lines=alarm_lines,
    remedies=(SkipSpike(), ClipGradient(), LowerRate(factor=0.1)),
    advice="Look for absurd values in the rows of that batch.",
)
