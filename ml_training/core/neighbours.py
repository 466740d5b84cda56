"""What can be known without a network: a line, bends, and the nearest neighbours.

All of them ask how far the targets of training go with its features; each
costs a few matrix products.
"""

import math
import statistics
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch

from ml_training.core.arrays import Floats

MOST_ROWS = 3_000  # measured: sees a signal of 55 % at four standard errors
MOST_LINE_ROWS = 20_000  # chosen: a line through them within 50 ms
N_NEIGHBOURS = 15  # chosen: averages label noise of 40 % away, stays local in 200 rows
MOST_FOR_MEDIAN = 300  # rows; chosen: their distances to all others are median enough
FEW_ROWS = 1_500  # chosen: a table of all pairs within 20 ms
NEAR = 5.0  # robust deviations; chosen: distances to far cells would outweigh all others
SMALLEST_CHANCE = 1e-12  # seven standard errors; the inverse knows no smaller ones
NORMAL = statistics.NormalDist()
FLAT = 1e-9  # relative; chosen: below it there is nothing but rounding
FURTHEST = 10.0  # robust deviations; chosen: far cells must not decide who is near


class Known(NamedTuple):
    """Hold what simple methods know about the targets.

    Parameters
    ----------
    line, bends, near : float
        Standard errors by which a line, a smooth function and the neighbours of a row
        tell training targets better than chance.
    held : float
        Standard errors by which line or neighbours of training tell held-out targets.
    agreement, agreement_held : float
        Share of training and of held-out rows whose class is the one their neighbours
        in training have most often; NaN for values.
    n_held : int
        Held-out rows used.
    """

    line: float
    bends: float
    near: float
    held: float
    agreement: float
    agreement_held: float
    n_held: int


def ask_simple_methods(
    X: Floats, y: npt.NDArray[Any], X_held: Floats, y_held: npt.NDArray[Any], *, n_classes: int
) -> Known:
    """Ask a line and the nearest neighbours how much the features say.

    Parameters
    ----------
    X : array of shape (n, n_features)
        Training rows, without NaN.
    y : array of shape (n,)
        Class indices or values.
    X_held, y_held : array
        The same of the held-out rows.
    n_classes : int
        0 for values.
    """
    X, y = thin(X, MOST_LINE_ROWS), thin(y, MOST_LINE_ROWS)
    X, X_held = standardise(X, X_held)
    line = _ask_lines(X, as_targets(y, n_classes))
    X, y, X_held, y_held = (thin(rows) for rows in (X, y, X_held, y_held))
    T, T_held = as_targets(y, n_classes), as_targets(y_held, n_classes)
    votes, votes_held = predict_by_neighbours(X, T, X_held)
    return Known(
        line=line,
        bends=measure_bends(X[:FEW_ROWS], T[:FEW_ROWS]),
        near=standard_errors(votes, T),
        held=max(
            standard_errors(told, T_held) for told in (predict_line(X, T, X_held), votes_held)
        ),
        agreement=_agreement(votes, y, n_classes),
        agreement_held=_agreement(votes_held, y_held, n_classes),
        n_held=len(y_held),
    )


def _ask_lines(X: Floats, T: Floats) -> float:
    """Return what a line of all columns, or the best of single ones, says."""
    return max(measure_line(X, T), measure_single(X, T))


def thin(rows: npt.NDArray[Any], most: int = MOST_ROWS) -> npt.NDArray[Any]:
    """Return at most so many rows, evenly spaced."""
    return rows if len(rows) <= most else rows[:: -(-len(rows) // most)]


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


def measure_line(X: Floats, T: Floats) -> float:
    """Return by how many standard errors a straight line fits better than by chance.

    Notes
    -----
    Fisher's test of all slopes together; leaving rows out would see half as much. The
    statistic is brought to a standard normal one.

    References
    ----------
    Wilson, Hilferty (1931), The distribution of chi-square, PNAS 17.
    """
    U, _, _ = _decompose(X - X.mean(axis=0))
    n_rows, n_slopes = U.shape
    n_free = n_rows - 1 - n_slopes
    if not n_slopes or n_free < n_slopes:
        return 0.0
    shares = [float(((U.T @ y) ** 2).sum()) for y in _unit_columns(T)]
    zs = [_as_normal(s * n_free / max(1 - s, FLAT), n_slopes) for s in shares]
    return _best_of(zs)


def measure_single(X: Floats, T: Floats) -> float:
    """Return by how many standard errors the best single column tells the targets.

    Notes
    -----
    The chance of the best of all columns (Bonferroni) is brought to a standard normal
    one: of sixty columns one that tells is diluted in a test of all slopes.
    """
    centred = X - X.mean(axis=0)
    sizes = np.sqrt((centred**2).sum(axis=0))
    units = np.where(sizes > FLAT, centred / np.maximum(sizes, FLAT), 0.0)
    told = np.abs(units.T @ np.stack(_unit_columns(T), axis=1))
    z = float(told.max()) * math.sqrt(max(len(X) - 1, 0))
    chance = min(math.erfc(z / math.sqrt(2)) * told.size, 1.0)
    return -NORMAL.inv_cdf(min(max(chance, SMALLEST_CHANCE), 1 - SMALLEST_CHANCE))


def predict_line(X: Floats, T: Floats, X_held: Floats) -> Floats:
    """Return what the least squares line through training says about held-out rows."""
    centre = X.mean(axis=0)
    U, sizes, V = _decompose(X - centre)
    slopes = V @ ((U.T @ (T - T.mean(axis=0))) / sizes[:, None])
    told: Floats = (X_held - centre) @ slopes
    return told


def _decompose(X: Floats) -> tuple[Floats, Floats, Floats]:
    """Return the singular value decomposition without what is nothing but rounding."""
    # By torch, which keeps to the run's threads; numpy would take all there are.
    U, sizes, V = (
        part.numpy() for part in torch.linalg.svd(torch.as_tensor(X), full_matrices=False)
    )
    kept = sizes > FLAT * max(float(sizes.max(initial=0.0)), FLAT)
    return U[:, kept], sizes[kept], V[kept].T


def measure_bends(X: Floats, T: Floats) -> float:
    """Return by how many standard errors near rows have more alike targets than chance.

    Notes
    -----
    The score test of a smooth function without a shape, by a Gaussian kernel: its null
    distribution over permutations has the moments of a stretched chi-square.

    References
    ----------
    Gretton et al. (2007), A kernel statistical test of independence, section 3.
    """
    Z = np.clip(X, -NEAR, NEAR)
    spread = Z.std(axis=0)
    Z = (Z - Z.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    away = _squared_distances(Z, Z).clamp_min_(0.0)
    usual = float(away[:MOST_FOR_MEDIAN].median())
    K = away.mul_(-2.0 / max(usual, FLAT)).exp_()
    by_row = K.mean(dim=0)
    K += by_row.mean() - by_row - by_row[:, None]
    trace = float(K.trace())
    if trace <= FLAT * len(K):
        return 0.0
    n_free = trace**2 / float(torch.linalg.vector_norm(K)) ** 2
    units = (torch.as_tensor(y, dtype=K.dtype) for y in _unit_columns(T))
    fits = [float(y @ (K @ y)) for y in units]
    return _best_of([_as_normal(n_free * fit * (len(K) - 1) / trace, n_free) for fit in fits])


def _unit_columns(T: Floats) -> list[Floats]:
    """Return the targets centred and of length one; one column says all of two."""
    centred = (T - T.mean(axis=0))[:, : 1 if T.shape[1] == 2 else None]
    return [y / max(math.sqrt(float(y @ y)), FLAT) for y in centred.T]


def _as_normal(statistic: float, n_free: float) -> float:
    """Return a chi-square statistic as a standard normal one."""
    spread = 2 / (9 * n_free)
    return float(((max(statistic, 0.0) / n_free) ** (1 / 3) - (1 - spread)) / math.sqrt(spread))


def _best_of(zs: list[float]) -> float:
    """Return the largest, less what the best of so many would have by chance."""
    return max(zs) - math.sqrt(2 * math.log(len(zs)))


def predict_by_neighbours(X: Floats, T: Floats, X_held: Floats) -> tuple[Floats, Floats]:
    """Return the mean target of the nearest rows, for both tables."""
    k = min(N_NEIGHBOURS, len(X) - 1)
    away, away_held = (
        _squared_distances(X, X).fill_diagonal_(math.inf),
        _squared_distances(X_held, X),
    )
    nearest, nearest_held = (
        np.asarray(table.topk(k, largest=False, sorted=False).indices)
        for table in (away, away_held)
    )
    return T[nearest].mean(axis=1), T[nearest_held].mean(axis=1)


def _squared_distances(A: Floats, B: Floats) -> torch.Tensor:
    a, b = (torch.as_tensor(rows, dtype=torch.float32) for rows in (A, B))
    sizes = b.square().sum(dim=1) + a.square().sum(dim=1)[:, None]
    return torch.addmm(sizes, a, b.T, alpha=-2.0)


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
    would have by chance.
    """
    if len(T) < 3:
        return 0.0
    n_columns = 1 if T.shape[1] == 2 else T.shape[1]
    zs = [_correlation(predicted[:, k], T[:, k]) * math.sqrt(len(T) - 1) for k in range(n_columns)]
    return _best_of(zs)


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
