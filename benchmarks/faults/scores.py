"""What a trained model is worth: balanced accuracy for classes, R2 for quantities."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[Any]
N_RESAMPLES = 200  # chosen: a standard error within 5 % of itself


def balanced_accuracy(y: Rows, predicted: Rows) -> float:
    """Return the mean recall over the classes that occur.

    Parameters
    ----------
    y, predicted : array of shape (n,)
        Classes; a predicted NaN is a miss.

    Returns
    -------
    float
        0 to 1; NaN without rows.
    """
    labels = np.unique(y)
    if not len(labels):
        return float("nan")
    return float(np.mean([np.mean(predicted[y == label] == label) for label in labels]))


def r2(y: Rows, predicted: Rows) -> float:
    """Return the share of the target variance that is explained.

    Parameters
    ----------
    y, predicted : array of shape (n,)
        Targets and predictions.

    Returns
    -------
    float
        1 at best; minus infinity when a prediction is not finite; NaN without rows.
    """
    if not len(y):
        return float("nan")
    if not np.isfinite(predicted).all():
        return float("-inf")
    spread = float(np.sum((y - np.mean(y)) ** 2))
    with np.errstate(over="ignore"):
        residual = float(np.sum((y - predicted.astype(float)) ** 2))
    return 1.0 - residual / spread if spread > 0 else float("nan")


def score(y: Rows, predicted: Rows, *, is_regression: bool) -> float:
    """Return the score that the case document uses for this kind of target."""
    return r2(y, predicted) if is_regression else balanced_accuracy(y, predicted)


def score_difference(
    y: Rows, ours: Rows, theirs: Rows, *, is_regression: bool
) -> tuple[float, float]:
    """Return by how much one prediction beats another, and the standard error of that.

    Parameters
    ----------
    y, ours, theirs : array of shape (n,)
        Targets and two predictions of the same rows.
    is_regression : bool
        Which score.

    Returns
    -------
    tuple of float
        Difference and standard error over paired bootstrap samples, with a fixed seed;
        (NaN, NaN) without rows. R2 is cut at -1: below, one is as useless as the other.
    """
    if not len(y):
        return float("nan"), float("nan")
    rng = np.random.default_rng(0)
    every = np.arange(len(y))
    draws = [every, *(rng.integers(0, len(y), len(y)) for _ in range(N_RESAMPLES))]
    gaps = []
    for rows in draws:
        pair = [score(y[rows], p[rows], is_regression=is_regression) for p in (ours, theirs)]
        gaps.append(max(pair[0], -1.0) - max(pair[1], -1.0))
    return float(gaps[0]), float(np.nanstd(gaps[1:]))


def finite(value: float) -> float | None:
    """Return a number that JSON knows, rounded to six digits."""
    return float(f"{value:.6g}") if math.isfinite(value) else None
