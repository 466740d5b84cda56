"""A logistic regression with the few products of two columns that tell something."""

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from ml_training.evaluation.baselines import LogisticBaseline, check_classes
from ml_training.evaluation.metrics import FloatArray, IntArray
from ml_training.evaluation.odds import logit, sigmoid

NAME = "pairwise regression"

KNOTS = 65
"""Quantiles that a column is bent to a normal one by; chosen: the outermost two bound
the tails that are cut off, the others lie closer than luck moves them."""

TAIL = 0.01
"""Share of the values on either side whose scores are cut off; as in the line."""

COEF_SD = 0.15
"""Log-odds per standard deviation of a product, as the standard deviation of a normal
prior. Chosen: an AUC of 0.54 by one product alone, which is what markets may hold."""

EXPECTED = 0.5
"""Of all squares, and of all products of two, so many are expected to tell; chosen."""

SHARED_LUCK = 0.5
"""Overlapping setups share their luck, but not all that their columns say. Evidence
counts rows ** 0.5 * effective rows ** 0.5; chosen: halfway between both bounds."""

MOST_PAIRS = 8
"""Chosen: noise fills none of them, and what needs more is a matter for trees."""

LEAST_SPREAD = 1e-6
"""Of a product; below it nothing is told by it. Columns have a spread of 1 or 0."""

MAX_STEPS, SMALLEST_MOVE = 25, 1e-9
"""Newton steps over the coefficients, and the move that ends them; four or five do."""


@dataclass(frozen=True)
class Curve:
    """Bend a column to a normal one of mean 0 and standard deviation 1.

    Attributes
    ----------
    column : int
        Of the raw rows.
    centre : float
        Stands in for a missing cell.
    knots, scores : tuple of float
        Values in rising order and what becomes of them; straight lines lie between.
    """

    column: int
    centre: float
    knots: tuple[float, ...]
    scores: tuple[float, ...]

    @classmethod
    def fit(cls, values: FloatArray, column: int, centre: float) -> Self:
        """Fit to the cells of a column; what is not finite counts as the centre."""
        filled = np.where(np.isfinite(values), values, centre)
        levels = np.linspace(0.0, 1.0, KNOTS)
        normal = np.array([NormalDist().inv_cdf(u) for u in levels.clip(TAIL, 1 - TAIL)])
        knots, place = np.unique(np.quantile(filled, levels), return_inverse=True)
        scores = np.bincount(place, normal) / np.bincount(place)  # of ties: their mean
        bent = np.interp(filled, knots, scores)
        spread = bent.std() if bent.std() > LEAST_SPREAD else 1.0
        scores = (scores - bent.mean()) / spread
        return cls(column, float(centre), tuple(knots.tolist()), tuple(scores.tolist()))

    def bend(self, X: FloatArray) -> FloatArray:
        """Return the scores of raw rows, shape (n_rows,)."""
        cells = X[:, self.column]
        filled = np.where(np.isfinite(cells), cells, self.centre)
        return np.asarray(np.interp(filled, self.knots, self.scores))


@dataclass(frozen=True)
class Pair:
    """Two columns that tell something together.

    Attributes
    ----------
    first, second : Curve
        The same for a square.
    coef : float
        Log-odds per unit of the product of both scores.
    """

    first: Curve
    second: Curve
    coef: float

    @property
    def columns(self) -> tuple[int, int]:
        """Return the two columns of the raw rows."""
        return self.first.column, self.second.column

    def weigh(self, X: FloatArray) -> FloatArray:
        """Return what the product adds to the log-odds of raw rows."""
        return self.coef * self.first.bend(X) * self.second.bend(X)


@dataclass(frozen=True, eq=False)
class PairwiseBaseline:
    """Hold a logistic regression and the products that it is moved by.

    Attributes
    ----------
    line : LogisticBaseline
        Of all columns.
    pairs : tuple of Pair
        The most telling first; often none, and then the line stands alone.
    level : float
        Log-odds to add to every row, so that the products add nothing on average.
    """

    line: LogisticBaseline
    pairs: tuple[Pair, ...]
    level: float
    name: str = NAME

    @classmethod
    def fit(
        cls,
        X: ArrayLike,
        y: ArrayLike,
        weight: ArrayLike | None = None,
        *,
        line: LogisticBaseline | None = None,
    ) -> Self:
        """Fit on raw training rows in time order.

        Parameters
        ----------
        X, y, weight : array
            As for `LogisticBaseline.fit`.
        line : LogisticBaseline or None
            Fitted on the same; None fits it.

        Raises
        ------
        DataError
            When only one class occurs.

        Notes
        -----
        Among the squares half a one is expected to tell something, and among the some
        700 products of two columns as well. Each in turn is the one that most likely
        does, given those before it, until the next is more likely luck than not (Bayes
        factors of a normal prior). The coefficients share that prior and are multiplied
        with how likely each tells anything at all.

        References
        ----------
        George, McCulloch 1993, Variable selection via Gibbs sampling (spike and slab);
        Wakefield 2009, Bayes factors for genome-wide association studies.
        """
        outcomes = check_classes(y, "A pairwise regression")
        rows = np.asarray(X, dtype=np.float64)
        weights = np.ones(len(rows)) if weight is None else np.asarray(weight, dtype=np.float64)
        line = LogisticBaseline.fit(rows, outcomes, weights) if line is None else line
        counts = weights * (len(rows) / weights.sum()) ** SHARED_LUCK
        curves = [Curve.fit(rows[:, j], j, line.centre[j]) for j in range(rows.shape[1])]
        products = _Products(np.stack([curve.bend(rows) for curve in curves], axis=1))
        places, coefs = _select(products, outcomes, counts, logit(line.predict_proba(rows)))
        pairs = [
            Pair(curves[i], curves[j], coef / products.spread[i, j])
            for (i, j), coef in zip(places, coefs, strict=True)
        ]
        means = [products.mean[place] for place in places]
        level = -sum(pair.coef * float(mean) for pair, mean in zip(pairs, means, strict=True))
        return cls(line, tuple(pairs), float(level))

    def predict_proba(self, X: ArrayLike) -> FloatArray:
        """Return chances of a win of raw rows, shape (n_setups,)."""
        rows = np.asarray(X, dtype=np.float64)
        chances = self.line.predict_proba(rows)
        if not self.pairs:
            return chances
        moved = self.level + np.sum([pair.weigh(rows) for pair in self.pairs], axis=0)
        return sigmoid(logit(chances) + moved)

    def as_dict(self) -> dict[str, Any]:
        """Return all that is needed to predict again, as JSON can hold it."""
        pairs = [
            {"first": vars(pair.first), "second": vars(pair.second), "coef": pair.coef}
            for pair in self.pairs
        ]
        return {"line": self.line.as_dict(), "pairs": pairs, "level": self.level}

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Self:
        """Rebuild what `as_dict` wrote; predictions are the same to the last bit.

        Raises
        ------
        ValueError
            When a number is not finite, or a curve does not fit together or asks for a
            column there is none of.
        """
        line = LogisticBaseline.from_dict(stored["line"])
        n_columns = len(line.coef)
        pairs = [
            Pair(
                _read_curve(one["first"], n_columns),
                _read_curve(one["second"], n_columns),
                float(one["coef"]),
            )
            for one in stored["pairs"]
        ]
        level = float(stored["level"])
        if not np.isfinite([level, *(pair.coef for pair in pairs)]).all():
            raise ValueError("a pairwise regression needs finite coefficients and level")
        return cls(line, tuple(pairs), level)


def _read_curve(stored: Mapping[str, Any], n_columns: int) -> Curve:
    knots, scores = (tuple(map(float, stored[name])) for name in ("knots", "scores"))
    column = int(stored["column"])
    if not 0 <= column < n_columns or len(knots) != len(scores) or not knots:
        raise ValueError("a curve needs a column of the rows, and a score for each knot")
    if not np.isfinite([*knots, *scores]).all() or not (np.diff(knots) > 0).all():
        raise ValueError("a curve needs finite numbers, and knots in rising order")
    return Curve(column, float(stored["centre"]), knots, scores)


class _Products:
    """All products of two columns, centred and of standard deviation 1.

    They are never written down: sums over them are products of matrices, so that
    memory stays that of the rows.
    """

    def __init__(self, Z: FloatArray) -> None:
        self.Z, self.squares = Z, Z**2
        n = max(len(Z), 1)
        self.mean = Z.T @ Z / n
        variance = self.squares.T @ self.squares / n - self.mean**2
        tells = np.triu(variance > LEAST_SPREAD**2)  # each pair once
        self.spread = np.where(tells, np.sqrt(np.maximum(variance, 0.0)), np.inf)
        is_square = np.eye(len(tells), dtype=bool)
        n_squares, n_others = (max(int(tells[one].sum()), 1) for one in (is_square, ~is_square))
        share = EXPECTED / np.where(is_square, n_squares, n_others)
        self.prior = np.where(tells, np.log(share), -np.inf)  # log-odds that it tells

    def column(self, place: tuple[int, int]) -> FloatArray:
        """Write one product down."""
        i, j = place
        raw = self.Z[:, i] * self.Z[:, j]
        return np.asarray((raw - self.mean[place]) / self.spread[place])

    def slopes(self, missing: FloatArray) -> FloatArray:
        """Return the sum of each product times `missing`, shape (n_features,) * 2."""
        raw = (self.Z * missing[:, None]).T @ self.Z
        return np.asarray((raw - self.mean * missing.sum()) / self.spread)

    def bends(self, counts: FloatArray) -> FloatArray:
        """Return the sum of each product's square times `counts`."""
        fourth = (self.squares * counts[:, None]).T @ self.squares
        second = (self.Z * counts[:, None]).T @ self.Z
        raw = fourth - 2 * self.mean * second + self.mean**2 * counts.sum()
        return np.asarray(raw / self.spread**2)


def _select(
    products: _Products, y: IntArray, counts: FloatArray, log_odds: FloatArray
) -> tuple[list[tuple[int, int]], FloatArray]:
    """Return the telling products and their coefficients, each drawn to zero."""
    places: list[tuple[int, int]] = []
    chances: list[float] = []
    coefs, moved = np.zeros(0), log_odds
    for _ in range(MOST_PAIRS):
        odds = _weigh_evidence(products, y, counts, sigmoid(moved))
        for place in places:
            odds[place] = -np.inf
        i, j = np.unravel_index(int(np.argmax(odds)), odds.shape)
        place = (int(i), int(j))
        if odds[place] <= 0.0:
            break
        places.append(place)
        chances.append(float(sigmoid(odds[place])))
        chosen = np.stack([products.column(one) for one in places], axis=1)
        coefs = _fit_coefs(chosen, y, counts, log_odds)
        moved = log_odds + chosen @ coefs
    return places, coefs * np.asarray(chances)


def _weigh_evidence(
    products: _Products, y: IntArray, counts: FloatArray, p: FloatArray
) -> FloatArray:
    """Return the log-odds that each product tells something beyond chances `p`."""
    slopes = products.slopes(counts * (y - p))
    precision = np.maximum(products.bends(counts * p * (1.0 - p)), LEAST_SPREAD)
    told = precision * COEF_SD**2  # the prior's variance in units of the estimate's
    factor = 0.5 * slopes**2 / precision * told / (1.0 + told) - 0.5 * np.log1p(told)
    return np.asarray(factor + products.prior)


def _fit_coefs(A: FloatArray, y: IntArray, counts: FloatArray, log_odds: FloatArray) -> FloatArray:
    """Return the likeliest coefficients under the normal prior, by Newton's method."""
    coefs, prior = np.zeros(A.shape[1]), np.eye(A.shape[1]) / COEF_SD**2
    for _ in range(MAX_STEPS):
        p = sigmoid(log_odds + A @ coefs)
        slope = A.T @ (counts * (y - p)) - prior @ coefs
        bend = (A * (counts * p * (1.0 - p))[:, None]).T @ A + prior
        move = np.linalg.solve(bend, slope)
        coefs = coefs + move
        if np.abs(move).max() < SMALLEST_MOVE:
            break
    return coefs
