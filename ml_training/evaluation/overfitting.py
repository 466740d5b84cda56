"""How often the best of many ways to trade is a poor one on other data."""

from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike

from ml_training.evaluation.metrics import FloatArray

N_BLOCKS = 16
"""Stretches of time that are halved in every way; the authors' own choice: 12,870."""

FEWEST_PER_BLOCK = 2
"""Chosen: a Sharpe ratio of half of the blocks needs a spread."""


def overfitting_probability(returns: ArrayLike, *, n_blocks: int = N_BLOCKS) -> float | None:
    """Return how often the best of one half of the time is below the other's median.

    Parameters
    ----------
    returns : array of float, shape (n_ways, n_setups)
        What each way to trade made of each setup, in time order; 0 where it stayed out.
    n_blocks : int
        Stretches of equal numbers of setups, an even number.

    Returns
    -------
    float or None
        0-1; about 0.5 when choosing is luck, 0 when the best stays the best. None for
        fewer than two ways, or too few setups.

    References
    ----------
    Bailey, Borwein, Lopez de Prado and Zhu 2017, The probability of backtest
    overfitting: combinatorially symmetric cross-validation, with the Sharpe ratio.
    """
    table = np.asarray(returns, dtype=np.float64)
    n_ways, n_setups = table.shape
    if n_ways < 2 or n_setups < FEWEST_PER_BLOCK * n_blocks:
        return None
    edges = np.cumsum([0, *(len(part) for part in np.array_split(np.arange(n_setups), n_blocks))])
    sums, squares = (np.add.reduceat(part, edges[:-1], axis=1) for part in (table, table**2))
    halves = _halve(n_blocks)
    seen, unseen = (
        _sharpe_of(_add_up(half, sums), _add_up(half, squares), half @ np.diff(edges))
        for half in (halves, 1 - halves)
    )
    best = seen.argmax(axis=1)
    chosen = unseen[np.arange(len(best)), best][:, None]
    rank = (unseen < chosen).sum(axis=1) + ((unseen == chosen).sum(axis=1) + 1) / 2
    return float(np.mean(rank < (n_ways + 1) / 2))


def _halve(n_blocks: int) -> FloatArray:
    """Return every half of the blocks, 1 where a block belongs to it."""
    chosen = list(combinations(range(n_blocks), n_blocks // 2))
    halves = np.zeros((len(chosen), n_blocks))
    np.put_along_axis(halves, np.asarray(chosen), 1.0, axis=1)
    return halves


def _add_up(half: FloatArray, sums: FloatArray) -> FloatArray:
    """Add blocks up one after another: a matrix product may depend on the threads."""
    added: FloatArray = np.einsum("hb,wb->hw", half, sums)
    return added


def _sharpe_of(sums: FloatArray, squares: FloatArray, n: FloatArray) -> FloatArray:
    """Return the Sharpe ratio from sums; 0 where nothing varies."""
    means = sums / n[:, None]
    variance = (squares - means * sums) / (n[:, None] - 1)
    ratio = np.zeros_like(means)
    np.divide(means, np.sqrt(np.maximum(variance, 0)), out=ratio, where=variance > 0)
    return ratio
