"""The best model is worth less than the best constant answer."""

from ml_training.core.findings import Finding, Problem, Threshold
from ml_training.core.history import Observations

LOSS = 0.02  # of the loss of guessing; chosen: what calibration alone may cost
SURE = 3.0  # standard errors; chosen: one false alarm in 700 runs


def detect(seen: Observations) -> Finding | None:
    """Find a best model that certainly does worse on validation than guessing would.

    Notes
    -----
    Labels that overlap in time look learnable within training, since neighbours share
    most of their outcome; on later rows nothing of it holds. No other detector sees
    that, for no simple method does better.
    """
    closing = seen.data.closing
    gain, errors = closing.get("standing", 0.0), closing.get("standing_errors", 0.0)
    if gain > -LOSS or errors > -SURE:
        return None
    return Finding(
        problem=PROBLEM.key,
        severity="warning",
        epoch=seen.epoch,
        step=seen.step,
        evidence={"gain": gain, "gain_errors": errors},
        message=f"On the validation rows the best model costs {-gain:.0%} more than always "
        "giving the average answer. What it learned in training does not hold there.",
    )


PROBLEM = Problem(
    key="worse_than_guessing",
    title="Worse than guessing",
    stages=("after",),
    explanation=(
        "A model may fit its training rows and still know less about new ones than a "
        "constant answer does: labels that share most of their bars with their neighbours, "
        "a market that changed, values too small for the network to hit. It must not be "
        "acted on, however well training went."
    ),
    sources=(
        "Brier (1950), Verification of forecasts: a forecast is judged against the base rate",
        "Lopez de Prado (2018), Advances in Financial Machine Learning, chapter 4",
    ),
    thresholds=(
        Threshold("share of the loss of guessing", LOSS, "chosen: see file"),
        Threshold("standard errors", SURE, "chosen: see file"),
    ),
    detect=detect,
    advice="Take it for no model: look at what the features can know, and at overlapping labels.",
)
