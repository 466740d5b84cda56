"""Whether a curved fit predicts unseen rows better than a straight one."""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from ml_training.core.arrays import Floats, product
from ml_training.core.scores import balanced_hits

MOST_ROWS = 2_000  # chosen: bounds the cost at some fifty milliseconds
N_FOLDS = 2  # chosen: every row is judged once, by a fit of the other half
UNITS_PER_ROW = 0.25  # chosen: four rows for each random unit
MOST_UNITS = 256  # chosen: as many as a network of middle size has
FEWEST_ROWS = 80  # chosen: below it a random curve is fitted to noise
PENALTIES = (1e-3, 1e-1, 1e1)  # of the mean square of a column; chosen: two decades apart
WIDEST = 5.0  # standard deviations; chosen: a far outlier must not bend the whole fit


class Curve(NamedTuple):
    """Say what a curved fit has over a straight one, on rows that neither saw.

    Parameters
    ----------
    gain : float
        Standard errors by which its squared error is smaller.
    share : float
        Share of the straight fit's squared error that it saves.
    answers : float
        Standard errors by which it names more classes rightly, each class counting the
        same; infinite for values, where the error itself is the score.
    """

    gain: float = 0.0
    share: float = 0.0
    answers: float = math.inf


def compare_curves(X: Floats, Y: Floats, *, n_classes: int = 0, seed: int = 0) -> Curve:
    """Compare ridge regressions on the features and on random curves of them.

    Parameters
    ----------
    X : array of shape (n, n_features)
        Training rows.
    Y : array of shape (n, n_outputs)
        Targets; classes as indicators, of two classes one is enough.
    n_classes : int
        0 for values.
    seed : int
        Of folds and random curves.

    References
    ----------
    Rahimi, Recht (2008), Weighted sums of random kitchen sinks: a random hidden layer
    with a fitted output is a good stand-in for a small network.
    """
    if len(X) < FEWEST_ROWS:
        return Curve()
    rng = np.random.default_rng(seed)
    rows = rng.permutation(len(X))[:MOST_ROWS]
    X, Y = _standardised(X[rows]), Y[rows]
    fold = np.arange(len(X)) % N_FOLDS
    straight = _foretold(X, Y, fold)
    curved = _foretold(np.hstack([X, _random_units(X, rng)]), Y, fold)
    errors = [((told - Y) ** 2).sum(axis=1) for told in (straight, curved)]
    saved = errors[0] - errors[1]
    return Curve(
        gain=_standard_errors(saved),
        share=float(saved.mean()) / max(float(errors[0].mean()), 1e-30),
        answers=_answers_gained(straight, curved, Y) if n_classes else math.inf,
    )


def _standard_errors(values: Floats) -> float:
    error = float(values.std(ddof=1)) / math.sqrt(len(values))
    return float(values.mean()) / error if error > 0 else 0.0


def _answers_gained(straight: Floats, curved: Floats, Y: Floats) -> float:
    """Return by how many standard errors more classes are named rightly.

    Notes
    -----
    A class is named when it is likelier than it is frequent: the answer that costs the
    least when every class counts the same. A curve may fit indicators better and name
    the same classes; a network that stays straight then loses nothing.
    """
    truth, line, curve = (_both_columns(part) for part in (Y, straight, curved))
    shares = np.maximum(truth.mean(axis=0), 1.0 / len(truth))
    classes = truth.argmax(axis=1)
    hits = [balanced_hits((told / shares).argmax(axis=1), classes) for told in (curve, line)]
    return _standard_errors(hits[0] - hits[1])


def _both_columns(shares: Floats) -> Floats:
    """Return one column for each class, also where one was given for two."""
    return np.hstack([1.0 - shares, shares]) if shares.shape[1] == 1 else shares


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


def _foretold(features: Floats, targets: Floats, fold: npt.NDArray[np.int64]) -> Floats:
    """Return what a fit on the other half says of every row, with the best penalty."""
    # torch, because it keeps to the one thread of a run
    X, Y = torch.from_numpy(features), torch.from_numpy(targets)
    told = np.empty((len(PENALTIES), *targets.shape))
    for number in range(N_FOLDS):
        outside = torch.from_numpy(fold == number)
        fits = _fit(X[~outside], Y[~outside])
        for rows, predict in zip(told, fits, strict=True):
            rows[outside.numpy()] = predict(X[outside]).numpy()
    best: Floats = told[((told - targets) ** 2).mean(axis=(1, 2)).argmin()]
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
