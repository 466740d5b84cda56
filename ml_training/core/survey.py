"""Look at a table before anything is trained on it: far rows, copies, shifts, leaks.

Every function is pure, takes tables without NaN, and costs about a sort of the table.
"""

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ml_training.core.arrays import Floats, product

Mask = npt.NDArray[np.bool_]
NORMAL_SPAN = 3.290  # distance of its 5 % and 95 % quantiles
NORMAL_QUARTILES = 1.349  # distance of the quartiles of a standard normal distribution
MOST_ROWS = 5_000  # chosen: a two-sample distance to 2 points, in milliseconds

FEWEST_ROWS = 20  # chosen: quartiles of fewer rows are one row's luck
LARGEST_SHARE = 0.1  # chosen: more than a tenth is not an exception but a second kind
FAR_AWAY = 30.0  # robust deviations; chosen: what a network can live with lies closer
GAP = 10.0  # chosen: of two neighbours of a t(2.5) one pair in 300 lies that far apart
STRAY = 1_000.0  # times the farthest of training; chosen: tails without a mean reach 100
LONE_GAP = 100.0  # chosen: for a single far cell; one in 100,000 for a t(2.5)


FROZEN = 1_000.0  # times; chosen: training then covers a thousandth of where it moves
MOST_FROZEN = 0.5  # of the columns; chosen: when most move, everything has shifted


class FarCells(NamedTuple):
    """Hold which rows lie far from all others.

    Parameters
    ----------
    is_far : array of shape (n,)
        True for rows with such a cell.
    distance : float
        Of the farthest cell, in robust deviations of its column.
    fence : array of shape (n_columns, 2)
        Lowest and highest value of the rows that are not far.
    """

    is_far: Mask
    distance: float
    fence: Floats


def find_far_rows(X: Floats) -> FarCells:
    """Find rows with cells that lie far beyond a gap in their column.

    Parameters
    ----------
    X : array of shape (n, n_columns)
        Without NaN.

    Notes
    -----
    A fixed distance, or a fixed share as an isolation forest takes it, finds outliers
    in every heavy-tailed column. Heavy tails are continuous: neighbours in order differ
    by a moderate factor. Errors of measurement stand apart: the nearest of them lies
    many times farther out than the farthest honest cell.
    """
    none = np.zeros(len(X), dtype=bool)
    if len(X) < FEWEST_ROWS:
        return FarCells(none, 0.0, np.empty((0, 2)))
    low, centre, high = np.percentile(X, (25.0, 50.0, 75.0), axis=0)
    width = (high - low) / NORMAL_QUARTILES
    usable = width > 0
    distance = np.abs(X[:, usable] - centre[usable]) / width[usable]
    limit = _limits(distance)
    is_far = (distance > limit).any(axis=1) if distance.size else none
    if not 0 < is_far.sum() <= LARGEST_SHARE * len(X):
        return FarCells(none, 0.0, np.empty((0, 2)))
    near = X[~is_far]
    return FarCells(is_far, float(distance.max()), np.stack([near.min(0), near.max(0)], axis=1))


def _limits(distance: Floats) -> Floats:
    """Return the distance of the last cell before a gap, column by column."""
    n_rows, n_columns = distance.shape
    n_most = max(int(LARGEST_SHARE * n_rows), 1)
    top = -np.sort(-np.partition(distance, n_rows - n_most - 1, axis=0)[-n_most - 1 :], axis=0)
    ratio = top[:-1] / np.maximum(top[1:], np.finfo(float).tiny)
    needed = np.full((n_most, 1), GAP)
    needed[0] = LONE_GAP
    is_gap = (ratio >= needed) & (top[:-1] >= FAR_AWAY) & (top[1:] > 0)
    last = n_most - 1 - is_gap[::-1].argmax(axis=0)
    limits: Floats = np.where(is_gap.any(axis=0), top[last + 1, np.arange(n_columns)], np.inf)
    return limits


@dataclass(frozen=True, kw_only=True)
class Copies:
    """Count rows that repeat others.

    Parameters
    ----------
    n_repeats : int
        Rows equal to an earlier one.
    n_contradicting : int
        Of these, rows with another target than the first of their kind.
    n_expected : float
        Repeats that chance explains, from how few values each column takes.
    n_shared : int
        Validation rows that occur in training.
    n_shared_expected : float
        Those that chance explains.
    """

    n_repeats: int = 0
    n_contradicting: int = 0
    n_expected: float = 0.0
    n_shared: int = 0
    n_shared_expected: float = 0.0


def row_keys(X: Floats) -> npt.NDArray[Any]:
    """Return one key per row, equal for equal rows.

    Notes
    -----
    Two random projections of the bits stand for a row: equal rows agree, and that
    others do has a chance of about one in 2**60 for each pair.
    """
    words = np.ascontiguousarray(X + 0.0).view(np.uint64)  # + 0.0 turns -0.0 into 0.0
    rng = np.random.default_rng(0)
    odd = np.asarray(rng.integers(1, 2**63, size=words.shape[1], dtype=np.uint64)) * 2 + 1
    mixed = (words ^ (words >> np.uint64(29))) * odd
    keys = (mixed ^ (mixed >> np.uint64(32))) * odd[::-1]
    total: npt.NDArray[Any] = keys.sum(axis=1, dtype=np.uint64)
    return total


def count_copies(X: Floats, y: npt.NDArray[Any], X_validation: Floats) -> Copies:
    """Count equal rows in training, and validation rows that training knows."""
    keys, held = row_keys(X), row_keys(X_validation)
    _, first, place = np.unique(keys, return_index=True, return_inverse=True)
    n_repeats = len(keys) - len(first)
    n_shared = int(np.isin(held, keys).sum())
    if not n_repeats and not n_shared:
        return Copies()
    chance = _chance_of_a_pair(X)
    return Copies(
        n_repeats=n_repeats,
        n_contradicting=int((y != y[first[place]]).sum()),
        n_expected=len(X) * -np.expm1(-chance * len(X) / 2),
        n_shared=n_shared,
        n_shared_expected=len(held) * -np.expm1(-chance * len(X)),
    )


def _chance_of_a_pair(X: Floats) -> float:
    """Return the chance that two rows agree, were the columns independent."""
    chance = 1.0
    for column in X.T:
        counts = np.unique(column, return_counts=True)[1] / len(column)
        chance *= float(counts @ counts)
    return chance


@dataclass(frozen=True, eq=False, kw_only=True)
class Shift:
    """Compare validation with training rows, column by column.

    Parameters
    ----------
    moved : array
        Distance of the medians, in widths of training.
    stretched : array
        Width in validation over width in training.
    spanned : array
        The same of the middle nine tenths of validation; single cells do not widen it.
    distance : array
        Largest distance of the distribution functions (Kolmogorov-Smirnov), 0 to 1.
    chance : array
        Probability of such a distance without any shift, for all columns together.
    n_validation : int
        Validation rows compared.
    """

    moved: Floats
    stretched: Floats
    spanned: Floats
    distance: Floats
    chance: Floats
    n_validation: int


def measure_shift(X: Floats, X_validation: Floats) -> Shift:
    """Measure how validation rows differ from training rows."""
    some, others = _thinned(X), _thinned(X_validation)
    (low, centre, high), (low_v, centre_v, high_v) = (
        np.percentile(rows, (25.0, 50.0, 75.0), axis=0) for rows in (some, others)
    )
    width = np.maximum((high - low) / NORMAL_QUARTILES, some.std(axis=0))
    span = np.subtract(*np.percentile(others, (95.0, 5.0), axis=0)) / NORMAL_SPAN
    width_v = np.maximum((high_v - low_v) / NORMAL_QUARTILES, others.std(axis=0))
    usual = float(np.median(width[width > 0])) if (width > 0).any() else 1.0
    safe = np.where(width > 0, width, usual)
    distance = np.array([_largest_gap(a, b) for a, b in zip(some.T, others.T, strict=True)])
    n_pairs = len(some) * len(others) / (len(some) + len(others))
    chance = np.minimum(2 * np.exp(-2 * n_pairs * distance**2) * X.shape[1], 1.0)
    return Shift(
        moved=np.abs(centre_v - centre) / safe,
        stretched=np.where(width > 0, width_v / safe, 1.0 + width_v / safe),
        spanned=np.where(width > 0, span / safe, 1.0 + span / safe),
        distance=distance,
        chance=chance,
        n_validation=len(X_validation),
    )


class TargetShift(NamedTuple):
    """Compare the targets of validation with those of training.

    Parameters
    ----------
    distance : float
        Largest change of a class's share, or the Kolmogorov-Smirnov distance of values.
    chance : float
        Probability of such a distance without any shift, for all classes together.
    is_evener : bool
        True when the classes of validation are the more alike in number.
    """

    distance: float = 0.0
    chance: float = 1.0
    is_evener: bool = False


def measure_target_shift(
    y: npt.NDArray[Any], y_validation: npt.NDArray[Any], n_classes: int
) -> TargetShift:
    """Measure how the targets of validation differ from those of training.

    Parameters
    ----------
    y, y_validation : array of shape (n,)
        Class indices or values.
    n_classes : int
        0 for values.
    """
    n_pairs = len(y) * len(y_validation) / (len(y) + len(y_validation))
    if not n_classes:
        distance = _largest_gap(y, y_validation)
        return TargetShift(distance, min(2 * math.exp(-2 * n_pairs * distance**2), 1.0))
    counts, held = (np.bincount(part, minlength=n_classes) for part in (y, y_validation))
    moved = np.abs(counts / len(y) - held / len(y_validation))
    shares = (counts + held) / (len(y) + len(y_validation))
    error = np.sqrt(np.maximum(shares * (1 - shares), np.finfo(float).tiny) / n_pairs)
    chance = math.erfc(float((moved / error).max()) / math.sqrt(2)) * n_classes
    is_evener = _evenness(held) > _evenness(counts)
    return TargetShift(float(moved.max()), min(chance, 1.0), is_evener)


def _evenness(counts: npt.NDArray[np.int64]) -> float:
    """Return the entropy of the classes."""
    shares = counts[counts > 0] / counts.sum()
    return float(-(shares * np.log(shares)).sum())


def frozen_columns(shift: Shift) -> npt.NDArray[np.int64]:
    """Return columns that stand still in training and move in validation."""
    moves = np.maximum(shift.moved, shift.spanned) >= FROZEN
    return np.flatnonzero(moves) if moves.mean() <= MOST_FROZEN else np.flatnonzero([])


def _largest_gap(a: Floats, b: Floats) -> float:
    """Return the two-sample Kolmogorov-Smirnov distance."""
    a, b = np.sort(a), np.sort(b)
    both = np.concatenate([a, b])
    below_a = np.searchsorted(a, both, side="right") / len(a)
    below_b = np.searchsorted(b, both, side="right") / len(b)
    return float(np.abs(below_a - below_b).max())


def _thinned(X: Floats) -> Floats:
    return X if len(X) <= MOST_ROWS else X[:: -(-len(X) // MOST_ROWS)]


@dataclass(frozen=True, kw_only=True)
class Leak:
    """Say how well single columns tell the target.

    Parameters
    ----------
    column : int
        The one that tells it best.
    fit : float
        Share of the target's variance it explains alone, 0 to 1.
    rival : float
        The same for the second best column.
    """

    column: int = -1
    fit: float = 0.0
    rival: float = 0.0


def find_leak(X: Floats, y: npt.NDArray[Any]) -> Leak:
    """Find the column that tells the target best by a straight line.

    Notes
    -----
    Of several classes the numbers 0..k-1 serve as values: a column that carries the
    answer carries it as such a number.
    """
    if len(X) < FEWEST_ROWS or X.shape[1] < 2:
        return Leak()
    target = y.astype(np.float64)
    X = X - X.mean(axis=0)
    target = target - target.mean()
    spread = np.sqrt((X**2).sum(axis=0) * (target**2).sum())
    told = product(target[None, :], X)[0]
    fit = np.where(spread > 0, told / np.where(spread > 0, spread, 1.0), 0.0) ** 2
    order = np.argsort(-fit)
    return Leak(column=int(order[0]), fit=float(fit[order[0]]), rival=float(fit[order[1]]))


def count_strays(X: Floats, X_validation: Floats) -> int:
    """Return how many validation rows hold cells far beyond all of training.

    Parameters
    ----------
    X, X_validation : array of shape (n, n_columns)
        Without NaN.
    """
    if len(X) < FEWEST_ROWS or not len(X_validation):
        return 0
    low, centre, high = np.percentile(X, (25.0, 50.0, 75.0), axis=0)
    width = np.maximum((high - low) / NORMAL_QUARTILES, X.std(axis=0))
    usable = width > 0
    reach = np.abs(X[:, usable] - centre[usable]).max(axis=0, initial=0.0) / width[usable]
    away = np.abs(X_validation[:, usable] - centre[usable]) / width[usable]
    n_strays = int((away > np.maximum(FAR_AWAY, STRAY * reach)).any(axis=1).sum())
    return n_strays if n_strays <= LARGEST_SHARE * len(X_validation) else 0
