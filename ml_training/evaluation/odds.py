"""Chances as log-odds, and back."""

import numpy as np
from numpy.typing import ArrayLike

from ml_training.evaluation.metrics import PROBABILITY_FLOOR, FloatArray


def logit(p: ArrayLike) -> FloatArray:
    """Return chances as log-odds; 0 and 1 count as the nearest that are neither.

    Examples
    --------
    >>> logit([0.5, 0.75]).round(4).tolist()
    [0.0, 1.0986]
    """
    safe = np.clip(np.asarray(p, dtype=np.float64), PROBABILITY_FLOOR, 1 - PROBABILITY_FLOOR)
    log_odds: FloatArray = np.log(safe) - np.log1p(-safe)
    return log_odds


def sigmoid(log_odds: ArrayLike) -> FloatArray:
    """Return log-odds as chances.

    Examples
    --------
    >>> sigmoid([0.0, 1.0986]).round(4).tolist()
    [0.5, 0.75]
    """
    chances: FloatArray = 1.0 / (1.0 + np.exp(-np.asarray(log_odds, dtype=np.float64)))
    return chances
