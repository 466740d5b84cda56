"""How well each column ranks outcomes, with deviations that know of overlap."""

from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from ml_training.evaluation.metrics import FloatArray, IntArray, mean_ranks

RIDGE = 1e-3
"""Added to the diagonal of the correlations. Chosen: twins among the columns then leave
a thousandth of themselves, and nothing is divided by zero."""

LEAST_SPREAD = 1e-9
"""Standard deviation below which a column counts as constant; chosen: that of ranks
turned normal is either 0 or near 1."""


def normalise_ranks(X: FloatArray) -> FloatArray:
    """Turn every column into normal scores by its ranks.

    Parameters
    ----------
    X : array of float, shape (n_rows, n_columns)
        Values that are not finite are put at the median.

    Returns
    -------
    array of float, shape (n_rows, n_columns)
        No outlier is left, and no unit.
    """
    scores = np.empty(X.shape)
    halves = np.arange(2, 2 * len(X) + 1)  # ranks are halves: one table serves all columns
    table = np.array([NormalDist().inv_cdf((half - 1) / (2 * len(X))) for half in halves])
    for column in range(X.shape[1]):
        values = X[:, column].copy()
        known = np.isfinite(values)
        values[~known] = np.median(values[known]) if known.any() else 0.0
        scores[:, column] = table[np.rint(2 * mean_ranks(values)).astype(np.int64) - 2]
    return scores


def remove_the_rest(scores: FloatArray) -> FloatArray:
    """Return what is left of each column after all others explain what they can.

    Parameters
    ----------
    scores : array of float, shape (n_rows, n_columns)
        Of `normalise_ranks`.

    Returns
    -------
    array of float, shape (n_rows, n_columns)
        Residuals of a ridge regression of each on the others, up to their scale.

    Notes
    -----
    All regressions come from one inverse of the correlation matrix.
    """
    centred = scores - scores.mean(axis=0)
    spread = centred.std(axis=0)
    Z = centred / np.where(spread > LEAST_SPREAD, spread, 1.0)
    correlation = Z.T @ Z / len(Z)
    inverse = np.linalg.inv(correlation + RIDGE * np.eye(Z.shape[1]))
    residuals: FloatArray = (Z @ inverse) / np.diag(inverse)
    return residuals


def rank_outcomes(
    scores: FloatArray, y: IntArray, blocks: IntArray
) -> tuple[FloatArray, FloatArray]:
    """Return the AUC of every column and its standard deviation.

    Parameters
    ----------
    scores : array of float, shape (n_rows, n_columns)
        Finite values.
    y : array of int, shape (n_rows,)
        1 for a win; both classes occur.
    blocks : array of int, shape (n_rows,)
        Rows of one block may depend on each other.

    Returns
    -------
    tuple of two arrays of float, shape (n_columns,)

    References
    ----------
    DeLong, DeLong, Clarke-Pearson (1988), Biometrics 44: the influence of each row.
    """
    auc, influence = np.empty(scores.shape[1]), np.empty(scores.shape)
    win = y == 1
    for column in range(scores.shape[1]):
        placed = _place(scores[:, column], win)
        auc[column] = placed[win].mean()
        n_wins, n_losses = int(win.sum()), int((~win).sum())
        signed = np.where(win, placed - auc[column], 1 - placed - auc[column])
        influence[:, column] = signed / np.where(win, n_wins, n_losses)
    return auc, cluster_sums(influence, blocks)[1]


def rank_deviation(n_wins: int, n_losses: int) -> float:
    """Return the standard deviation of the AUC of independent rows that know nothing.

    Parameters
    ----------
    n_wins, n_losses : int
        Rows of each class.

    Notes
    -----
    The floor of any deviation: with a dozen blocks the one that is measured comes out
    small by luck.

    References
    ----------
    Mann, Whitney (1947), Annals of Mathematical Statistics 18.
    """
    return float(np.sqrt((n_wins + n_losses + 1) / (12 * n_wins * n_losses)))


def cluster_sums(values: FloatArray, blocks: IntArray) -> tuple[FloatArray, FloatArray]:
    """Return the sum of every column and the standard deviation of that sum.

    Parameters
    ----------
    values : array of float, shape (n_rows, n_columns)
        Contributions of the rows.
    blocks : array of int, shape (n_rows,)
        Numbered 0, 1, ... without holes; sums of blocks are taken as independent.
    """
    n_blocks = int(blocks.max()) + 1
    sums = np.column_stack(
        [np.bincount(blocks, column, minlength=n_blocks) for column in values.T]
    )
    centred = sums - sums.mean(axis=0)
    factor = n_blocks / max(n_blocks - 1, 1)
    return sums.sum(axis=0), np.sqrt(factor * np.sum(centred**2, axis=0))


def _place(scores: FloatArray, win: NDArray[np.bool_]) -> FloatArray:
    """Return for each win the share of losses below it, for each loss that of wins."""
    order = np.argsort(scores, kind="stable")
    ordered, won = scores[order], win[order]
    below = {kind: np.concatenate(([0.0], np.cumsum(won == kind))) for kind in (True, False)}
    first = np.searchsorted(ordered, scores, side="left")
    last = np.searchsorted(ordered, scores, side="right")
    other = np.where(
        win,
        (below[False][first] + below[False][last]) / (2 * max(below[False][-1], 1)),
        (below[True][first] + below[True][last]) / (2 * max(below[True][-1], 1)),
    )
    return np.asarray(other, dtype=np.float64)
