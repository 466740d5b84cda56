"""Features, or the values to predict, live on very different or very large scales."""

import numpy as np

from ml_training.core.arrays import Floats
from ml_training.core.findings import Finding, Problem, Severity, Threshold
from ml_training.core.history import Observations
from ml_training.core.remedies.robust_scaling import RobustScaling
from ml_training.core.remedies.scale_targets import ScaleTargets

LARGE = (
    100.0  # specification of the project: ratio > 100, taken against the unit scale weights expect
)
NOTABLE = 10.0  # chosen: slows training down, but does not spoil it
SMALL = 0.01  # chosen: the same ratio on the other side
HUGE_TARGET = 1_000.0  # chosen: weights near one take thousands of steps to get there
TINY_TARGET = 0.01  # chosen: random first outputs are then a hundred times as far apart
LARGE_TARGET = 10.0  # chosen: beyond it a run that learns nothing is explained by it
FEWEST_EPOCHS = 3  # chosen: time enough to come below guessing
NO_GAIN = 0.9  # of the naive loss; chosen: no better than guessing, within batch noise


def detect(seen: Observations) -> Finding | None:
    """Find columns whose size is far from one, the scale initial weights are made for.

    Notes
    -----
    The ratio of the largest to the smallest deviation, the usual rule, alarms on rare
    binary columns and on nearly constant pixels, which harm nobody. Sizes are robust:
    a few outliers do not make a column unscaled.
    """
    if seen.history.scores:
        return _find_targets(seen)
    sizes = column_sizes(seen)
    largest, typical = float(sizes.max()), float(np.median(sizes))
    severity = _severity(largest, typical)
    if severity is None:
        return _find_targets(seen)
    smallest = float(sizes[sizes > 0].min())
    return Finding(
        problem=PROBLEM.key,
        severity=severity,
        epoch=seen.epoch,
        step=seen.step,
        evidence={
            "largest_size": largest,
            "smallest_size": smallest,
            "typical_size": typical,
            "largest_column": float(sizes.argmax()),
        },
        message=f"Features differ in scale: column {int(sizes.argmax())} has values around "
        f"{largest:.3g}, the smallest column around {smallest:.3g}. A network expects "
        "values around one and listens to the largest columns only.",
    )


def column_sizes(seen: Observations) -> Floats:
    """Return the typical distance of every column's values from zero."""
    spread = np.where(seen.data.spread > 0, seen.data.spread, seen.data.std)
    centre = np.where(seen.data.spread > 0, seen.data.median, seen.data.mean)
    still = np.where(np.abs(centre) > LARGE, np.abs(centre), 0.0)  # they add to every unit
    sizes: Floats = np.where(spread > 0, np.hypot(spread, centre), still)
    return sizes


def _find_targets(seen: Observations) -> Finding | None:
    """Find targets far from one: at once when huge, else when nothing is learned."""
    width = seen.data.target_width
    size = float(np.hypot(seen.data.target_centre, width))
    scores = seen.history.scores
    is_stuck = (
        len(scores) >= FEWEST_EPOCHS and scores[-1].train_loss > NO_GAIN * seen.data.naive_loss
    )
    is_large = size > (LARGE_TARGET if is_stuck else HUGE_TARGET)
    is_small = 0 < width < (1 / LARGE_TARGET if is_stuck else TINY_TARGET)
    if seen.plan.task != "regression" or not (is_large or is_small):
        return None
    what = f"lie around {size:.3g}" if is_large else f"differ by {width:.3g} only"
    begins = "its first errors and updates are huge" if is_large else "they drown in its unrest"
    return Finding(
        problem=PROBLEM.key,
        severity="warning",
        epoch=seen.epoch,
        step=seen.step,
        evidence={"target_size": size, "target_width": width},
        message=f"The values to predict {what}. A network starts with outputs around one: "
        f"{begins}.",
    )


def _severity(largest: float, typical: float) -> Severity | None:
    if largest == 0:
        return None
    if largest > LARGE or largest < SMALL:
        return "warning"
    return "info" if largest > NOTABLE or typical < SMALL else None


PROBLEM = Problem(
    key="unscaled_features",
    title="Unscaled features",
    stages=("before", "epoch"),
    explanation=(
        "A column of prices near 2,000 beside one of ratios near 0.01 makes every weight "
        "update follow the prices; the rate that suits one column is far too large or too "
        "small for the other."
    ),
    sources=(
        "LeCun, Bottou, Orr, Mueller (1998), Efficient BackProp, section 4.3",
        "Zhang et al. (2021), AUTOTRAINER, ICSE",
    ),
    thresholds=(
        Threshold("size of the largest column", LARGE, "specification: ratio > 100"),
        Threshold("size of the largest column, information", NOTABLE, "chosen: see file"),
        Threshold("size of the largest column, too small", SMALL, "chosen: 1 over LARGE"),
        Threshold("size of the targets", HUGE_TARGET, "chosen: see file"),
        Threshold("width of the targets", TINY_TARGET, "chosen: see file"),
        Threshold("size of the targets, nothing learned", LARGE_TARGET, "chosen: see file"),
        Threshold("training loss over naive loss", NO_GAIN, "chosen: see file"),
    ),
    detect=detect,
    remedies=(ScaleTargets(), RobustScaling()),
    watch_epochs=5.0,
    rank=45,
    advice="Divide each column by its usual size before training.",
)
