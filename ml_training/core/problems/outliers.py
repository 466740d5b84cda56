"""A few rows, or targets, lie absurdly far from all others."""

from ml_training.core.findings import Finding, Problem, Threshold
from ml_training.core.history import Observations
from ml_training.core.remedies.drop_outliers import DropOutliers
from ml_training.core.remedies.robust_scaling import RobustScaling
from ml_training.core.remedies.winsorise_cells import WinsoriseCells
from ml_training.core.survey import FAR_AWAY, GAP, LARGEST_SHARE, LONE_GAP


def detect(seen: Observations) -> Finding | None:
    """Find rows or targets that stand apart from the rest of their column.

    Notes
    -----
    Asking for a share, or for a number of deviations, alarms on every heavy-tailed
    market feature. Honest extremes are continuous; errors stand behind a gap.
    """
    far, targets = seen.data.far, seen.data.far_targets
    n_far = 0 if far is None else int(far.is_far.sum())
    n_targets = 0 if targets is None else int(targets.is_far.sum())
    if not n_far and not n_targets:
        return _of_validation(seen)
    distance = max(0.0 if f is None else f.distance for f in (far, targets))
    parts = ((n_far, "rows"), (n_targets, "targets"))
    what = " and ".join(f"{n} {name}" for n, name in parts if n)
    return Finding(
        problem=PROBLEM.key,
        severity="warning",
        epoch=seen.epoch,
        step=seen.step,
        evidence={
            "rows": n_far / seen.data.n_rows,
            "targets": n_targets / seen.data.n_rows,
            "distance": distance,
        },
        message=f"{what} of {seen.data.n_rows} lie up to {distance:.3g} times the usual width "
        "of their column away, with nothing in between. They look like errors of "
        "measurement, and a few of them steer every update.",
    )


def _of_validation(seen: Observations) -> Finding | None:
    """Find far cells that only validation has: they decide which epoch is the best."""
    n_strays = seen.data.n_strays
    if not n_strays:
        return None
    return Finding(
        problem=PROBLEM.key,
        severity="warning",
        epoch=seen.epoch,
        step=seen.step,
        evidence={"validation_rows": float(n_strays)},
        message=f"{n_strays} validation rows hold cells far beyond everything in training. "
        "They look like errors of measurement, and a few of them decide which epoch counts "
        "as the best.",
    )


PROBLEM = Problem(
    key="outliers",
    title="Outliers",
    stages=("before",),
    explanation=(
        "A misplaced decimal point or a bad tick makes a row a thousand times as large as "
        "the others. It dominates means, scales and gradients, and ordinary rows shrink "
        "to a dot in which nothing can be told apart."
    ),
    sources=(
        "Tukey (1977), Exploratory Data Analysis: fences from quartiles",
        "Huber, Ronchetti (2009), Robust Statistics, chapter 1",
    ),
    thresholds=(
        Threshold("distance in robust deviations", FAR_AWAY, "chosen: a network bears less"),
        Threshold("factor between neighbours", GAP, "chosen: one in 300 pairs of a t(2.5)"),
        Threshold("factor before a single cell", LONE_GAP, "chosen: one in 100,000 of a t(2.5)"),
        Threshold("share of the rows", LARGEST_SHARE, "chosen: more are a second kind of row"),
    ),
    detect=detect,
    remedies=(DropOutliers(), RobustScaling(), WinsoriseCells()),
    watch_epochs=5.0,
    advice="Look at the rows: bad ticks, wrong units, or splits not accounted for.",
    rank=20,
)
