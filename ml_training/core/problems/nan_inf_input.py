"""Cells of the input are missing or infinite."""

from ml_training.core.findings import Finding, Problem, Severity, Threshold
from ml_training.core.history import Observations
from ml_training.core.remedies.flag_missing import FlagMissing

MANY_ROWS = 0.005  # of all rows; chosen: fewer change no average that matters
WARM_UP = 0.9  # of the missing cells; chosen: the rest may be the odd bar without a trade


def detect(seen: Observations) -> Finding | None:
    """Find missing and infinite cells, unless indicators merely warm up.

    Notes
    -----
    An average over 200 bars has no value for the first 199: such cells lie before the
    first number of their column. Everything else was a number once, or should be one.
    """
    data = seen.data
    if not data.n_incomplete:
        return None
    share, is_warm_up = data.n_incomplete / data.n_rows, data.leading_missing >= WARM_UP
    severity: Severity = "info" if is_warm_up or share < MANY_ROWS else "warning"
    n_columns = int((data.n_missing > 0).sum())
    why = "the first rows, where indicators warm up" if is_warm_up else f"{share:.1%} of the rows"
    return Finding(
        problem=PROBLEM.key,
        severity=severity,
        epoch=seen.epoch,
        step=seen.step,
        evidence={
            "rows": share,
            "columns": float(n_columns),
            "cells": float(data.n_missing.sum()) / (data.n_rows * data.n_features),
            "leading": data.leading_missing,
        },
        message=f"Cells are missing or infinite in {n_columns} columns, in {why}. They were "
        "filled with the median of their column, in training and in every prediction; as "
        "they are, the first of them would have turned every weight into nonsense.",
    )


PROBLEM = Problem(
    key="nan_inf_input",
    title="Missing or infinite inputs",
    stages=("before",),
    explanation=(
        "One cell that is not a number makes the loss of its batch, and with the next "
        "update every weight of the network, not a number: training is over at once."
    ),
    sources=(
        "Zhang et al. (2021), AUTOTRAINER, ICSE",
        "Little, Rubin (2019), Statistical Analysis with Missing Data, chapter 4",
    ),
    thresholds=(
        Threshold("rows with a missing cell", MANY_ROWS, "chosen: fewer change no average"),
        Threshold("missing cells at the beginning", WARM_UP, "chosen: warm-up of indicators"),
    ),
    detect=detect,
    remedies=(FlagMissing(),),
    watch_epochs=5.0,
    advice="Find out why they are missing: a division by zero, a gap in the candles, a join.",
    rank=10,
    is_always_treated=True,
    yields=True,
)
