"""A feature carries the answer."""

from ml_training.core.findings import Finding, Problem, Threshold
from ml_training.core.history import Observations

CARRIES_CLASS = 0.97  # of the variance; chosen: within a class it spreads a tenth of the gap
CARRIES_VALUE = 0.99  # of the variance; chosen: honest lines with noise stay below
HONEST_RIVAL = 0.5  # of the variance; chosen: where several columns tell, the task is easy
FEWEST_ROWS = 50  # chosen: among fewer rows a clean split by one column can be luck


def detect(seen: Observations) -> Finding | None:
    """Find a single column that is the target but for a trifle, with no column near it.

    Notes
    -----
    A high score alone is no leak: separable classes and one dominant feature are
    honest. A leak looks like a copy of the answer, down to its values.
    """
    leak, data = seen.data.leak, seen.data
    enough = CARRIES_CLASS if data.class_counts else CARRIES_VALUE
    if data.n_rows < FEWEST_ROWS or leak.fit < enough or leak.rival > HONEST_RIVAL:
        return None
    return Finding(
        problem=PROBLEM.key,
        severity="warning",
        epoch=seen.epoch,
        step=seen.step,
        evidence={"column": float(leak.column), "fit": leak.fit, "rival": leak.rival},
        message=f"Column {leak.column} alone explains {leak.fit:.1%} of the answer, the next "
        f"best column {leak.rival:.0%}. It looks as if it was computed from the answer.",
    )


PROBLEM = Problem(
    key="leaking_feature",
    title="Feature that carries the answer",
    stages=("before",),
    explanation=(
        "A feature computed with the outcome in view, from a bar that had not closed or "
        "from the label itself, makes validation shine and is missing when it counts. No "
        "repair on these rows can show the damage."
    ),
    sources=("Kaufman, Rosset, Perlich (2012), Leakage in data mining, ACM TKDD 6",),
    thresholds=(
        Threshold("share of a class explained", CARRIES_CLASS, "chosen: see file"),
        Threshold("share of a value explained", CARRIES_VALUE, "chosen: see file"),
        Threshold("share the next column explains", HONEST_RIVAL, "chosen: see file"),
        Threshold("rows", FEWEST_ROWS, "chosen: see file"),
    ),
    detect=detect,
    advice="Check when its value is known; drop it unless that is before the entry.",
    rank=35,
)
