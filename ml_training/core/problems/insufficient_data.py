"""Too few rows to learn from, or to tell whether anything was learned."""

from ml_training.core.findings import Finding, Problem, Threshold
from ml_training.core.history import Observations

FEWEST_ROWS = 30  # chosen: below, one row more or less moves an accuracy by 3 points


def detect(seen: Observations) -> Finding | None:
    """Find a table too short to fit even a line to, whatever the network.

    Notes
    -----
    Rows for each feature or weight are no guide: regularised networks learn from fewer
    rows than weights, and a hundred rows with signal are enough.
    """
    data = seen.data
    if data.n_rows >= FEWEST_ROWS:
        return None
    return Finding(
        problem=PROBLEM.key,
        severity="warning",
        epoch=seen.epoch,
        step=seen.step,
        evidence={"n_rows": float(data.n_rows), "n_features": float(data.n_features)},
        message=f"There are only {data.n_rows} rows to train on, for {data.n_features} "
        "features. Whatever is learned from so few is mostly chance.",
    )


PROBLEM = Problem(
    key="insufficient_data",
    title="Too little data",
    stages=("before",),
    explanation=(
        "With a few dozen rows the network learns each of them by heart, and the score on "
        "as few validation rows is a throw of dice: neither training nor judging works."
    ),
    sources=("Raudys, Jain (1991), Small sample size effects in pattern recognition, PAMI 13",),
    thresholds=(Threshold("training rows", FEWEST_ROWS, "chosen: 3 points of accuracy a row"),),
    detect=detect,
    advice="Collect more: a longer period, more symbols, or a rule that fires more often.",
    rank=5,
)
