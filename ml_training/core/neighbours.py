"""What can be known without a network: a line, a parabola, and the nearest neighbours.

All predict every training row from the others, and held-out rows from training; each
costs a few matrix products.
"""

import math
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ml_training.core.arrays import Floats

MOST_ROWS = 3_000  # chosen: sees an AUC of 0.55 at four standard errors
N_NEIGHBOURS = 15  # chosen: averages label noise of 40 % away, stays local in 200 rows
FEW_ROWS = 1_500  # chosen: the parabola takes a solve in the number of rows, 0.1 s
NEAR = 5.0  # robust deviations; chosen: squares of far cells would outweigh all others
RIDGE = 1e-3  # of the mean eigenvalue; chosen: keeps copies of a column solvable
FURTHEST = 10.0  # robust deviations; chosen: far cells must not decide who is near


class Known(NamedTuple):
    """Hold what simple methods know about the targets.

    Parameters
    ----------
    line, curve, near : float
        Standard errors by which line, parabola and neighbours do better than chance on
        training rows they did not see.
    agreement, agreement_held : float
        Share of training and of held-out rows whose class is the one their neighbours
        in training have most often; NaN for values.
    n_held : int
        Held-out rows used.
    """

    line: float
    curve: float
    near: float
    agreement: float
    agreement_held: float
    n_held: int


def ask_simple_methods(
    X: Floats, y: npt.NDArray[Any], X_held: Floats, y_held: npt.NDArray[Any], *, n_classes: int
) -> Known:
    """Ask a line and the nearest neighbours how much the features say.

    Parameters
    ----------
    X, X_held : array of shape (n, n_features)
        Training and held-out rows, without NaN.
    y, y_held : array of shape (n,)
        Class indices or values.
    n_classes : int
        0 for values.
    """
    X, y = thin(X), thin(y)
    X_held, y_held = thin(X_held), thin(y_held)
    X, X_held = standardise(X, X_held)
    T = as_targets(y, n_classes)
    votes, votes_held = predict_by_neighbours(X, T, X_held)
    return Known(
        line=standard_errors(predict_by_line(X, T), T),
        curve=standard_errors(predict_by_curve(X[:FEW_ROWS], T[:FEW_ROWS]), T[:FEW_ROWS]),
        near=standard_errors(votes, T),
        agreement=_agreement(votes, y, n_classes),
        agreement_held=_agreement(votes_held, y_held, n_classes),
        n_held=len(y_held),
    )


def thin(rows: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return at most `MOST_ROWS` rows, evenly spaced."""
    return rows if len(rows) <= MOST_ROWS else rows[:: -(-len(rows) // MOST_ROWS)]


def as_targets(y: npt.NDArray[Any], n_classes: int) -> Floats:
    """Return values as ranks, or classes as one column each, shape (n, n_targets)."""
    if not n_classes:
        ranks: Floats = np.argsort(np.argsort(y, kind="stable"), kind="stable")[:, None] / len(y)
        return ranks
    shares: Floats = np.eye(n_classes)[y]
    return shares


def standardise(X: Floats, X_held: Floats) -> tuple[Floats, Floats]:
    """Scale both tables as training is scaled, far cells brought near."""
    low, centre, high = np.percentile(X, (25.0, 50.0, 75.0), axis=0)
    spread = (high - low) / 1.349
    width = np.where(spread > 0, spread, X.std(axis=0))
    width = np.where(width > 0, width, 1.0)
    some, others = (np.clip((rows - centre) / width, -FURTHEST, FURTHEST) for rows in (X, X_held))
    return some, others


def predict_by_line(X: Floats, T: Floats) -> Floats:
    """Return ridge predictions of each row from all others.

    References
    ----------
    Allen (1974), The relationship between variable selection and data augmentation:
    leaving one out has a closed form.
    """
    A = np.column_stack([X, np.ones(len(X))])
    gram = A.T @ A
    gram += RIDGE * max(np.trace(gram) / len(gram), 1e-9) * np.eye(len(gram))
    half = np.linalg.solve(gram, A.T)
    weights = half @ T
    leverage = np.minimum((A * half.T).sum(axis=1), 1 - 1e-6)[:, None]
    alone: Floats = (A @ weights - leverage * T) / (1 - leverage)
    return alone


def predict_by_curve(X: Floats, T: Floats) -> Floats:
    """Return predictions of each row from all others by squares and products.

    Notes
    -----
    Ridge regression on all products of two features, by its kernel: what is far from
    the middle, or depends on two features together, has no straight line.
    """
    Z = np.clip(X, -NEAR, NEAR)
    K = (1 + Z @ Z.T / math.sqrt(Z.shape[1])) ** 2
    K += K.mean() - K.mean(axis=0) - K.mean(axis=1)[:, None]
    T = T - T.mean(axis=0)
    inverse = np.linalg.inv(K + max(np.trace(K) / len(K), 1e-9) * np.eye(len(K)))
    alone: Floats = T - inverse @ T / np.diag(inverse)[:, None]
    return alone


def predict_by_neighbours(X: Floats, T: Floats, X_held: Floats) -> tuple[Floats, Floats]:
    """Return the mean target of the nearest rows, for both tables."""
    k = min(N_NEIGHBOURS, len(X) - 1)
    away = _squared_distances(X, X)
    np.fill_diagonal(away, np.inf)
    nearest = np.argpartition(away, k - 1, axis=1)[:, :k]
    nearest_held = np.argpartition(_squared_distances(X_held, X), k - 1, axis=1)[:, :k]
    return T[nearest].mean(axis=1), T[nearest_held].mean(axis=1)


def _squared_distances(A: Floats, B: Floats) -> npt.NDArray[np.float32]:
    a, b = A.astype(np.float32), B.astype(np.float32)
    away: npt.NDArray[np.float32] = (b**2).sum(axis=1) - 2 * a @ b.T + (a**2).sum(axis=1)[:, None]
    return away


def standard_errors(predicted: Floats, T: Floats) -> float:
    """Return by how many standard errors predictions go with the targets.

    Parameters
    ----------
    predicted, T : array of shape (n, n_targets)
        A class each, or ranks of values.

    Notes
    -----
    The rank correlation times the root of the rows is standard normal without any
    relation; of several classes the largest counts, less what the best of so many
    would have by chance. A line left one out leans against the row it left, so that a
    relation is never claimed for it where there is none.
    """
    if len(T) < 3:
        return 0.0
    n_columns = 1 if T.shape[1] == 2 else T.shape[1]
    zs = [_correlation(predicted[:, k], T[:, k]) * math.sqrt(len(T) - 1) for k in range(n_columns)]
    return max(zs) - math.sqrt(2 * math.log(n_columns))


def _correlation(a: Floats, b: Floats) -> float:
    a, b = _ranks(a), b - b.mean()
    spread = math.sqrt(float((a @ a) * (b @ b)))
    return float(a @ b) / spread if spread > 0 else 0.0


def _ranks(values: Floats) -> Floats:
    """Return ranks around zero; equal values share theirs."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    middle = np.cumsum(counts) - (counts + 1) / 2
    ranks: Floats = middle[place] - (len(values) - 1) / 2
    return ranks


def _agreement(votes: Floats, y: npt.NDArray[Any], n_classes: int) -> float:
    return float((votes.argmax(axis=1) == y).mean()) if n_classes else float("nan")
