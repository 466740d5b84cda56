"""A feature stands still in training and moves later."""

import numpy as np

from ml_training.core.findings import Finding, Problem, Threshold
from ml_training.core.history import Observations
from ml_training.core.remedies.drop_feature import DropFeature
from ml_training.core.survey import FROZEN, MOST_FROZEN, frozen_columns


def detect(seen: Observations) -> Finding | None:
    """Find columns that are constant in training for all practical purposes.

    Notes
    -----
    A column that is constant everywhere harms nobody. One that is constant but for
    rounding, and was scaled to unit width, is noise in training and a blow in every
    prediction: its later values lie a thousand widths away.
    """
    if seen.data.shift is None:
        return None
    columns = frozen_columns(seen.data.shift)
    if not len(columns):
        return None
    moved = np.maximum(seen.data.shift.moved, seen.data.shift.spanned)[columns]
    names = ", ".join(str(column) for column in columns[:5])
    return Finding(
        problem=PROBLEM.key,
        severity="warning",
        epoch=seen.epoch,
        step=seen.step,
        evidence={
            "columns": float(len(columns)),
            "first_column": float(columns[0]),
            "moves": float(moved.max()),
        },
        message=f"Features (columns {names}) hardly move in training, and by {moved.max():.1g} "
        "times as much in validation: training says nothing about what they mean.",
    )


PROBLEM = Problem(
    key="constant_feature",
    title="Constant feature",
    stages=("before",),
    explanation=(
        "A feature that stands still in training teaches nothing, but its random first "
        "weights remain. As soon as it moves, they throw every prediction off."
    ),
    sources=("Sculley et al. (2015), Hidden technical debt in machine learning systems, NeurIPS",),
    thresholds=(
        Threshold("movement in validation over training", FROZEN, "chosen: see survey.py"),
        Threshold("share of the columns", MOST_FROZEN, "chosen: more are a shift of everything"),
    ),
    detect=detect,
    remedies=(DropFeature(),),
    watch_epochs=5.0,
    advice="Leave the feature out, or train on a period in which it moves.",
    rank=30,
)
