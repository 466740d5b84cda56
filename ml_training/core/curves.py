"""Whether a curved fit predicts unseen rows better than a straight one."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from ml_training.core.arrays import Floats, product

MOST_ROWS = 2_000  # chosen: bounds the cost at some fifty milliseconds
N_FOLDS = 2  # chosen: every row is judged once, by a fit of the other half
UNITS_PER_ROW = 0.25  # chosen: four rows for each random unit
MOST_UNITS = 256  # chosen: as many as a network of middle size has
FEWEST_ROWS = 80  # chosen: below it a random curve is fitted to noise
PENALTIES = (1e-3, 1e-1, 1e1)  # of the mean square of a column; chosen: two decades apart
WIDEST = 5.0  # standard deviations; chosen: a far outlier must not bend the whole fit


def compare_curves(X: Floats, Y: Floats, *, seed: int = 0) -> tuple[float, float]:
    """Compare ridge regressions on the features and on random curves of them.

    Parameters
    ----------
    X : array of shape (n, n_features)
        Training rows.
    Y : array of shape (n, n_outputs)
        Targets; classes as indicators.
    seed : int
        Of folds and random curves.

    Returns
    -------
    tuple of float
        Standard errors by which the curved fit is better on rows that neither saw, and
        the share of the straight fit's squared error that it saves.

    References
    ----------
    Rahimi, Recht (2008), Weighted sums of random kitchen sinks: a random hidden layer
    with a fitted output is a good stand-in for a small network.
    """
    if len(X) < FEWEST_ROWS:
        return 0.0, 0.0
    rng = np.random.default_rng(seed)
    rows = rng.permutation(len(X))[:MOST_ROWS]
    X, Y = _standardised(X[rows]), Y[rows]
    fold = np.arange(len(X)) % N_FOLDS
    straight = _errors(X, Y, fold)
    curved = _errors(np.hstack([X, _random_units(X, rng)]), Y, fold)
    difference = straight - curved
    error = float(difference.std(ddof=1)) / np.sqrt(len(difference))
    gain = float(difference.mean())
    return gain / error if error > 0 else 0.0, gain / max(float(straight.mean()), 1e-30)


def _standardised(X: Floats) -> Floats:
    deviation = X.std(axis=0)
    kept = deviation > 0
    scaled: Floats = np.clip(
        (X[:, kept] - X[:, kept].mean(axis=0)) / deviation[kept], -WIDEST, WIDEST
    )
    return scaled


def _random_units(X: Floats, rng: np.random.Generator) -> Floats:
    n_units = min(MOST_UNITS, int(UNITS_PER_ROW * len(X)))
    weights = rng.normal(size=(X.shape[1], n_units)) / np.sqrt(max(X.shape[1], 1))
    units: Floats = np.maximum(product(X, 2.0 * weights) + rng.normal(size=n_units), 0.0)
    return units


def _errors(features: Floats, targets: Floats, fold: npt.NDArray[np.int64]) -> Floats:
    """Return the squared error of every row, fitted on the other half, best penalty."""
    # torch, because it keeps to the one thread of a run
    X, Y = torch.from_numpy(features), torch.from_numpy(targets)
    errors = np.empty((len(PENALTIES), len(features)))
    for number in range(N_FOLDS):
        outside = torch.from_numpy(fold == number)
        fits = _fit(X[~outside], Y[~outside])
        for row, predict in zip(errors, fits, strict=True):
            missed = predict(X[outside]) - Y[outside]
            row[outside.numpy()] = missed.square().sum(dim=1).numpy()
    best: Floats = errors[errors.mean(axis=1).argmin()]
    return best


def _fit(X: Tensor, Y: Tensor) -> list[Callable[[Tensor], Tensor]]:
    """Return one ridge regression for every penalty."""
    middle, level = X.mean(dim=0), Y.mean(dim=0)
    gram, cross = (X - middle).T @ (X - middle), (X - middle).T @ (Y - level)
    ridge = len(X) * torch.eye(X.shape[1], dtype=X.dtype)
    weights = [torch.linalg.solve(gram + penalty * ridge, cross) for penalty in PENALTIES]

    def predictor(fitted: Tensor) -> Callable[[Tensor], Tensor]:
        return lambda rows: (rows - middle) @ fitted + level

    return [predictor(fitted) for fitted in weights]
