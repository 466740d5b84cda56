"""What a cheap model reaches on the same rows: proof that there is a signal to find.

One linear solve on the features and on fixed random bends of them; no training, about
as much work as one epoch of a small network.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from ml_training.core.arrays import Floats, measure_quartiles, product

N_BENDS = 192  # chosen: up to 19 points behind sound networks, at most 1.3 ahead (measured)
STEEP = 3.0  # chosen: half of the bends are steep, for borders that turn sharply
MOST_ROWS = 2_000  # chosen: keeps the solve within some ten milliseconds
FURTHEST = 3.0  # robust deviations; chosen: far cells must not decide
RIDGE = 1e-2  # of the rows; chosen: ten times less or more moves most scores by a few points
NORMAL_QUARTILES = 1.349  # distance of the quartiles of a standard normal distribution
FEWEST_ROWS = 20  # chosen: fewer rows prove nothing


def score_rival(
    X: Floats, y: npt.NDArray[Any], X_held: Floats, y_held: npt.NDArray[Any], *, n_classes: int
) -> float:
    """Return what the cheap model scores on held-out rows.

    Parameters
    ----------
    X : array of shape (n, n_features)
        Training rows: NaN marks missing cells, filled with the column's median.
    y : array of shape (n,)
        Class indices or values.
    X_held, y_held : array
        The same of the held-out rows.
    n_classes : int
        0 for values.

    Returns
    -------
    float
        Balanced accuracy, or R squared; NaN with too few rows.

    References
    ----------
    Huang, Zhu, Siew (2006), Extreme learning machine; Rahimi, Recht (2008), Random
    kitchen sinks: fixed random features and a linear solve come close to training.
    """
    if min(len(X), len(X_held)) < FEWEST_ROWS:
        return float("nan")
    if n_classes and len(np.unique(y_held)) < 2:  # any one answer would score 1
        return float("nan")
    X, y = _thinned(X), _thinned(y)
    some, others = _bend(*_scale(X, X_held))
    if n_classes:
        share = np.bincount(y, minlength=n_classes)
        weight = (1.0 / np.maximum(share, 1))[y]
        weight = (weight / weight.mean())[:, None]
        guesses = product(others, _solve(some, np.eye(n_classes)[y], weight)).argmax(axis=1)
        hits = [float((guesses[y_held == k] == k).mean()) for k in np.unique(y_held)]
        return float(np.mean(hits))
    centre, width = y.mean(), y.std() or 1.0
    target, truth = ((y - centre) / width)[:, None], (y_held - centre) / width
    told = product(others, _solve(some, target, np.ones((len(y), 1))))[:, 0]
    spread = float(((truth - truth.mean()) ** 2).sum())
    return 1.0 - float(((told - truth) ** 2).sum()) / spread if spread else 0.0


def _thinned(rows: npt.NDArray[Any]) -> npt.NDArray[Any]:
    return rows if len(rows) <= MOST_ROWS else rows[:: -(-len(rows) // MOST_ROWS)]


def _scale(X: Floats, X_held: Floats) -> tuple[Floats, Floats]:
    columns = np.where(np.isnan(X).all(axis=0), 0.0, X)
    low, centre, high = measure_quartiles(columns)
    spread = (high - low) / NORMAL_QUARTILES
    width = np.where(spread > 0, spread, np.nanstd(columns, axis=0))
    width = np.where((width > 0) & np.isfinite(width), width, 1.0)
    some, others = (
        np.clip(np.nan_to_num((rows - centre) / width), -FURTHEST, FURTHEST)
        for rows in (columns, X_held)
    )
    return some, others


def _bend(X: Floats, X_held: Floats) -> tuple[Floats, Floats]:
    rng = np.random.default_rng(0)
    steepness = np.where(np.arange(N_BENDS) % 2, STEEP, 1.0)
    weights = rng.normal(size=(X.shape[1], N_BENDS)) / np.sqrt(X.shape[1]) * steepness
    offsets = rng.uniform(-2.0, 2.0, N_BENDS)
    some, others = (
        np.hstack([np.ones((len(rows), 1)), rows, np.tanh(product(rows, weights) + offsets)])
        for rows in (X, X_held)
    )
    return some, others


def _solve(rows: Floats, targets: Floats, weight: Floats) -> Floats:
    # By torch, which keeps to the run's threads; numpy would take all there are.
    A, b = torch.from_numpy(rows), torch.from_numpy(targets * weight)
    gram = A.T @ (A * torch.from_numpy(weight))
    gram += RIDGE * len(rows) * torch.eye(A.shape[1], dtype=A.dtype)
    factor, failed = torch.linalg.cholesky_ex(gram)
    solution = torch.cholesky_solve(A.T @ b, factor)
    return solution.numpy() if not failed else np.zeros((rows.shape[1], targets.shape[1]))
