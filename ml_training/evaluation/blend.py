"""Mix the chances of several models, no bolder than few setups allow."""

import numpy as np
from numpy.typing import ArrayLike

from ml_training.evaluation.metrics import FloatArray
from ml_training.evaluation.odds import logit, sigmoid

N_FOLDS = 5
"""Contiguous folds of the held-out chances; chosen: as many as the calibration has."""

WEIGHT_SD = 0.2
"""How far a weight strays from the equal share before the setups have spoken, as the
standard deviation of a normal prior. Measured on made-up sets with weak signal: of 0.05
to 0.6, 0.3 is best with 230 validation setups, 0.05 and 0.15 with 1,300."""

MAX_SWEEPS, SMALLEST_MOVE = 200, 1e-9
"""Rounds over the weights, and the move that ends them; some dozen rounds suffice."""


def mix_chances(chances: ArrayLike, weights: ArrayLike, *, anchor: float) -> FloatArray:
    """Return the weighted mean of log-odds about the base rate, as chances.

    Parameters
    ----------
    chances : array of float, shape (n_models, n_setups)
        Calibrated chances of a win.
    weights : array of float, shape (n_models,)
        0 or more; what is missing to 1 goes to the base rate.
    anchor : float
        Base rate of the training block.
    """
    mixed = np.asarray(weights, dtype=np.float64) @ _offsets(chances, anchor)
    return sigmoid(logit(anchor) + mixed)


def fit_weights(
    y: ArrayLike, chances: ArrayLike, *, anchor: float, weight: ArrayLike | None = None
) -> FloatArray:
    """Return the weights with the best log-loss among those near the equal ones.

    Parameters
    ----------
    y : array of int, shape (n_setups,)
        1 for a win.
    chances : array of float, shape (n_models, n_setups)
        Of models that were not fitted on these setups.
    anchor : float
        Base rate of the training block.
    weight : array of float, shape (n_setups,), optional
        Uniqueness of each setup: overlapping ones are no separate witnesses.

    Returns
    -------
    array of float, shape (n_models,)
        0 or more; their sum may differ from 1, which sharpens or calms the blend.

    Notes
    -----
    Free weights on a few hundred setups fit their luck, and equal ones are hard to beat
    ("forecast combination puzzle"). A normal prior about the equal share gives way as
    setups speak: with 100 the weights stay equal, with 5,000 the setups decide.

    References
    ----------
    Breiman 1996, Stacked regressions (weights of 0 or more). Smith, Wallis 2009, A
    simple explanation of the forecast combination puzzle.
    """
    offsets, outcomes = _offsets(chances, anchor), np.asarray(y, dtype=np.float64)
    counts = np.ones(len(outcomes)) if weight is None else np.asarray(weight, dtype=np.float64)
    share = 1.0 / len(offsets)
    weights = np.full(len(offsets), share)
    log_odds = logit(anchor) + weights @ offsets
    # No log-loss bends more than a quarter, so that no step goes too far.
    bend = 0.25 * (offsets**2 @ counts) + WEIGHT_SD**-2
    for _ in range(MAX_SWEEPS):
        before = weights.copy()
        for one, row in enumerate(offsets):
            slope = row @ (counts * (sigmoid(log_odds) - outcomes))
            slope += (weights[one] - share) * WEIGHT_SD**-2
            moved = max(weights[one] - slope / bend[one], 0.0)
            log_odds += (moved - weights[one]) * row
            weights[one] = moved
        if np.abs(weights - before).max() < SMALLEST_MOVE:
            break
    return weights


def cross_mix(
    y: ArrayLike, chances: ArrayLike, *, anchor: float, weight: ArrayLike | None = None
) -> FloatArray:
    """Return the chances each fifth in time gets by weights fitted on the other four.

    Parameters
    ----------
    y, chances, anchor, weight
        As for `fit_weights`; in time order.
    """
    outcomes, given = np.asarray(y), np.asarray(chances, dtype=np.float64)
    counts = np.ones(len(outcomes)) if weight is None else np.asarray(weight, dtype=np.float64)
    mixed = np.empty(len(outcomes))
    for fold in np.array_split(np.arange(len(outcomes)), N_FOLDS):
        rest = np.delete(np.arange(len(outcomes)), fold)
        weights = fit_weights(outcomes[rest], given[:, rest], anchor=anchor, weight=counts[rest])
        mixed[fold] = mix_chances(given[:, fold], weights, anchor=anchor)
    return mixed


def _offsets(chances: ArrayLike, anchor: float) -> FloatArray:
    offsets: FloatArray = logit(chances) - logit(anchor)
    return offsets
