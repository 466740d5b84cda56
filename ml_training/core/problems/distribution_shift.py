"""Validation rows come from elsewhere than training rows."""

import numpy as np

from ml_training.core.findings import Finding, Problem, Severity, Threshold
from ml_training.core.history import Observations
from ml_training.core.survey import Shift

MOVED = 2.0  # widths of training; chosen: half of validation lies where training thins out
STRETCHED = 5.0  # times as wide, or as narrow; chosen: regimes of volatility stay below 3
OTHER_TARGETS = 0.2  # of the rows; chosen: so many answers turned around are no drift
DISTANCE = 0.3  # chosen: a third of the rows would have to move to undo it
CHANCE = 1e-3  # after Bonferroni's correction for the number of columns
FEWEST_ROWS = 50  # chosen: the median of fewer rows is off by a fifth of a width
MANY_COLUMNS = 0.25  # of all columns; chosen: beyond it no network can look past the shift


def detect(seen: Observations) -> Finding | None:
    """Find columns whose distribution in validation is clearly another one.

    Notes
    -----
    A test of significance alone alarms on every large table, and by the number of its
    columns on every small one. So a column must have moved or stretched by much, by
    more than chance after correction, and on enough rows.
    """
    shift = seen.data.shift
    if shift is None or min(shift.n_validation, seen.data.n_rows) < FEWEST_ROWS:
        return None
    return _in_targets(seen) or _in_features(seen, shift)


def _in_targets(seen: Observations) -> Finding | None:
    """Find other answers than training has; where it only lacks some, weights help."""
    distance, chance, is_evener = seen.data.target_shift
    if distance < OTHER_TARGETS or chance > CHANCE or is_evener:
        return None
    what = "values" if seen.plan.task == "regression" else "answers"
    return Finding(
        problem=PROBLEM.key,
        severity="critical" if distance >= DISTANCE else "warning",
        epoch=seen.epoch,
        step=seen.step,
        evidence={"target_distance": distance, "chance": chance},
        message=f"Validation has other {what} than training: {distance:.0%} of its rows would "
        "have to change sides to make them alike. What is right on average in training is "
        "wrong there.",
    )


def _in_features(seen: Observations, shift: Shift) -> Finding | None:
    is_far = shift.moved >= MOVED
    is_wide = (shift.stretched >= STRETCHED) | (shift.stretched <= 1 / STRETCHED)
    is_sure = (shift.distance >= DISTANCE) & (shift.chance <= CHANCE)
    columns = np.flatnonzero((is_far | is_wide) & is_sure)
    if not len(columns):
        return None
    share = len(columns) / seen.data.n_features
    severity: Severity = "critical" if share >= MANY_COLUMNS else "warning"
    return Finding(
        problem=PROBLEM.key,
        severity=severity,
        epoch=seen.epoch,
        step=seen.step,
        evidence={
            "columns": float(len(columns)),
            "share": share,
            "moved": float(shift.moved[columns].max()),
            "stretched": float(shift.stretched[columns].max()),
            "distance": float(shift.distance[columns].max()),
        },
        message=f"{len(columns)} of {seen.data.n_features} features look different in "
        f"validation: they moved by up to {shift.moved[columns].max():.1f} widths and are up "
        f"to {shift.stretched[columns].max():.1f} times as wide. What holds in training "
        "need not hold there.",
    )


PROBLEM = Problem(
    key="distribution_shift",
    title="Distribution shift",
    stages=("before",),
    explanation=(
        "A network knows only the region it was trained in. When later rows lie outside, "
        "because prices rose, a unit changed or a regime ended, its answers there are "
        "guesses that look like knowledge, and no training on the old rows changes that."
    ),
    sources=(
        "Rabanser, Guennemann, Lipton (2019), Failing loudly, NeurIPS",
        "measured: at n = 60 a Kolmogorov-Smirnov test of 20 columns alarms on identical rows",
    ),
    thresholds=(
        Threshold("movement of the median in widths", MOVED, "chosen: see file"),
        Threshold("change of width", STRETCHED, "chosen: see file"),
        Threshold("distance of distributions", DISTANCE, "chosen: see file"),
        Threshold("distance of targets", OTHER_TARGETS, "chosen: see file"),
        Threshold("corrected p-value", CHANCE, "Bonferroni (1936)"),
        Threshold("rows of either part", FEWEST_ROWS, "chosen: see file"),
        Threshold("share of the columns for a refusal", MANY_COLUMNS, "chosen: see file"),
    ),
    detect=detect,
    advice=(
        "Train on a period like the one you want to predict, or use features that do not "
        "depend on the price level: returns, ratios, distances in ATR."
    ),
    rank=40,
    refuses=True,
)
