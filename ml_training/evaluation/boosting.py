"""Gradient boosted trees for weak signals, kept as plain arrays."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.ensemble import HistGradientBoostingClassifier
from threadpoolctl import threadpool_limits

from ml_training.evaluation.baselines import (
    FIT_SHARE,
    JUDGE_FROM,
    MIN_ROWS_TO_CHOOSE,
    check_classes,
    choose_clearly,
)
from ml_training.evaluation.metrics import FloatArray, log_losses
from ml_training.evaluation.odds import sigmoid
from ml_training.evaluation.trees import Trees, blank_infinite, join_trees

NAME = "gradient boosting"

LEARNING_RATE = 0.05
"""Of each tree; chosen: a twentieth leaves the choice of where to stop."""

N_TREES, USUAL_TREES = (0, 10, 20, 40, 80, 160), 40
"""How many may be grown, and how many are unless later rows clearly ask for another.
Measured on made-up sets of 700 and 4,000 rows: 40 are best where the signal is weak,
and stopping at the best of 140 later rows is worse than always taking 40."""

LEAVES = 4
"""Leaves of a tree: interactions of two or three columns at most."""

LEAF_SHARE, SMALLEST_LEAF = 0.02, 20
"""Share of the rows, and rows, below which no leaf is made: a win rate of 20 rows is
known to 0.1 at best."""

L2 = 200.0
"""Pulls a leaf towards nothing as 800 rows without an opinion would (one row weighs
p (1 - p), about a quarter)."""

SHARE_OF_COLUMNS = 0.3
"""Columns looked at for each question: correlated ones else repeat each other."""

N_BINS = 63
"""Bins per column; chosen: finer cuts than this only fit noise, and cost time."""


@dataclass(frozen=True, eq=False)
class BoostingBaseline:
    """Hold boosted trees that add up to log-odds.

    Attributes
    ----------
    trees : Trees
        Steps away from the base log-odds; none when later rows gainsaid every step.
    base_log_odds : float
        Log-odds of a win before the first tree.
    n_features : int
        Columns of the raw rows.
    """

    trees: Trees
    base_log_odds: float
    n_features: int
    name: str = NAME

    @classmethod
    def fit(
        cls, X: ArrayLike, y: ArrayLike, weight: ArrayLike | None = None, *, seed: int = 0
    ) -> Self:
        """Fit on raw training rows in time order; the later ones choose how many trees.

        Parameters
        ----------
        X, y, weight : array
            As for `LogisticBaseline.fit`, but what is missing goes the way that helps.
        seed : int
            Of the columns drawn for each question.

        Raises
        ------
        DataError
            When only one class occurs.

        Notes
        -----
        One thread does the work: sums over several would differ in the last digits with
        their number, and a split can hang on the last digit.
        """
        outcomes, rows = check_classes(y, "Boosting"), np.asarray(X, dtype=np.float64)
        rows = blank_infinite(rows, rows.shape[-1], NAME)
        rows[:, np.isnan(rows).all(axis=0)] = 0.0  # constant, so that nothing asks about it
        weights = np.ones(len(rows)) if weight is None else np.asarray(weight, dtype=np.float64)
        n_trees = _choose_n_trees(rows, outcomes, weights, seed)
        # At least one, so that the base log-odds are scikit-learn's own.
        trees, base = _train(_grow(max(n_trees, 1), len(rows), seed), rows, outcomes, weights)
        return cls(trees.keep(n_trees), base, rows.shape[1])

    def predict_proba(self, X: ArrayLike) -> FloatArray:
        """Return chances of a win of raw rows, shape (n_setups,)."""
        rows = blank_infinite(X, self.n_features, self.name)
        return sigmoid(self.base_log_odds + self.trees.add_up(rows))

    def as_dict(self) -> dict[str, Any]:
        """Return what JSON holds of it; the rest is in `as_arrays`."""
        return {"base_log_odds": self.base_log_odds, "n_features": self.n_features}

    def as_arrays(self) -> dict[str, NDArray[Any]]:
        """Return the trees as safetensors can hold them."""
        return self.trees.as_arrays()

    @classmethod
    def from_stored(cls, stored: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Self:
        """Rebuild what `as_dict` and `as_arrays` gave; the numbers are the same."""
        trees = Trees.from_arrays(arrays)
        trees.check_columns(stored["n_features"])
        return cls(trees, float(stored["base_log_odds"]), int(stored["n_features"]))


def read_boosted(model: HistGradientBoostingClassifier) -> Trees:
    """Return the trees of a fitted scikit-learn model without categorical columns.

    Parameters
    ----------
    model : HistGradientBoostingClassifier
        Of two classes.
    """
    nodes = [trees[0].nodes for trees in model._predictors]  # noqa: SLF001 - no public way
    return join_trees(
        [
            {
                "feature": np.where(one["is_leaf"], -1, one["feature_idx"]),
                "threshold": one["num_threshold"],
                "left": one["left"].astype(np.int64),
                "right": one["right"].astype(np.int64),
                "missing_left": one["missing_go_to_left"],
                "value": one["value"],
            }
            for one in nodes
        ]
    )


def read_base(model: HistGradientBoostingClassifier) -> float:
    """Return the log-odds a fitted scikit-learn model of two classes begins with."""
    return float(np.ravel(model._baseline_prediction)[0])  # noqa: SLF001 - no public way


def _choose_n_trees(X: FloatArray, y: NDArray[Any], weight: FloatArray, seed: int) -> int:
    """Return how many trees later training rows ask for."""
    fit, judge = slice(0, int(FIT_SHARE * len(y))), slice(int(JUDGE_FROM * len(y)), None)
    if len(y) < MIN_ROWS_TO_CHOOSE or len(np.unique(y[fit])) < 2:
        return USUAL_TREES
    trees, base = _train(_grow(max(N_TREES), len(y[fit]), seed), X[fit], y[fit], weight[fit])
    losses: dict[float, FloatArray] = {
        n_trees: log_losses(y[judge], sigmoid(base + trees.keep(n_trees).add_up(X[judge])))
        for n_trees in N_TREES
    }
    return int(choose_clearly(losses, USUAL_TREES))


def _train(
    model: HistGradientBoostingClassifier, X: FloatArray, y: NDArray[Any], weight: FloatArray
) -> tuple[Trees, float]:
    """Return trees on raw rows, and the log-odds they begin with.

    Rows are cut into bins here: scikit-learn asks for every weighted quantile by
    itself, which takes ten times as long as all its trees. A column of fewer values
    than bins is taken by it as it is.
    """
    edges = [_find_edges(column) for column in X.T]
    with threadpool_limits(limits=1, user_api="openmp"):
        model.fit(_number_bins(X, edges), y, weight)
    trees = read_boosted(model)
    return replace(trees, threshold=_read_edges(trees, edges)), read_base(model)


def _find_edges(column: FloatArray) -> FloatArray:
    """Return the largest value of each bin but the last; bins hold equal shares."""
    known = column[~np.isnan(column)]
    if not len(known):
        return known
    edges: FloatArray = np.unique(
        np.quantile(known, np.arange(1, N_BINS) / N_BINS, method="inverted_cdf")
    )
    inner: FloatArray = edges[edges < known.max()]
    return inner


def _number_bins(X: FloatArray, edges: list[FloatArray]) -> FloatArray:
    """Return the bin of each cell, NaN where it is missing."""
    bins = [np.searchsorted(at, column) for at, column in zip(edges, X.T, strict=True)]
    numbered: FloatArray = np.where(np.isnan(X), np.nan, np.stack(bins, axis=1))
    return numbered


def _read_edges(trees: Trees, edges: list[FloatArray]) -> FloatArray:
    """Return thresholds between bins as values of the columns; infinite ones stay."""
    asks = (trees.feature >= 0) & np.isfinite(trees.threshold)
    threshold = trees.threshold.astype(np.float64)
    threshold[asks] = [
        edges[column][int(at)]
        for column, at in zip(trees.feature[asks], trees.threshold[asks], strict=True)
    ]
    return threshold


def _grow(n_trees: int, n_rows: int, seed: int) -> HistGradientBoostingClassifier:
    return HistGradientBoostingClassifier(
        learning_rate=LEARNING_RATE,
        max_iter=n_trees,
        max_leaf_nodes=LEAVES,
        min_samples_leaf=max(SMALLEST_LEAF, round(LEAF_SHARE * n_rows)),
        l2_regularization=L2,
        max_features=SHARE_OF_COLUMNS,
        max_bins=N_BINS,
        early_stopping=False,
        random_state=seed,
    )
