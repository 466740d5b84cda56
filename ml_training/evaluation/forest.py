"""A random forest for weak signals, kept as plain arrays."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.ensemble import RandomForestClassifier

from ml_training.evaluation.baselines import BaseRate, check_classes
from ml_training.evaluation.metrics import FloatArray
from ml_training.evaluation.trees import Trees, blank_infinite, join_trees

NAME = "random forest"

N_TREES = 200
"""Chosen: twice as many move a chance by less than 0.003 (development data)."""

LEAF_SHARE, SMALLEST_LEAF = 0.05, 20
"""Share of the drawn rows, and rows, below which no leaf is made."""

SHARE_OF_ROWS = 0.5
"""Drawn for each tree: different stretches of time make different trees."""

PULL = 200.0
"""Weight of the base rate in each leaf, in rows. Measured on made-up sets of 700 rows
with weak signal: without it the log-loss is 0.007 worse than the base rate's, with 50
rows 0.0007, with 200 it is no worse."""

N_THREADS = 2
"""Cores of the smallest server; more would only bring their own overhead."""

LARGEST = 1e30
"""Cells are kept within: what is beyond orders the same, and sums of a million of them
still fit into the single precision that scikit-learn's trees count in."""


@dataclass(frozen=True, eq=False)
class ForestBaseline:
    """Hold trees whose mean leaf is the chance of a win.

    Attributes
    ----------
    trees : Trees
        Their leaves hold win rates.
    n_features : int
        Columns of the raw rows.
    """

    trees: Trees
    n_features: int
    name: str = NAME

    @classmethod
    def fit(
        cls, X: ArrayLike, y: ArrayLike, weight: ArrayLike | None = None, *, seed: int = 0
    ) -> Self:
        """Fit on raw training rows.

        Parameters
        ----------
        X, y, weight : array
            As for `LogisticBaseline.fit`, but what is missing goes the way that helps.
        seed : int
            Of the rows and columns drawn.

        Raises
        ------
        DataError
            When only one class occurs.

        Notes
        -----
        Every tree draws from a seed of its own and the leaves are added up in the order
        of the trees, so the number of threads does not change a digit.
        """
        outcomes, rows = check_classes(y, "A forest"), np.asarray(X, dtype=np.float64)
        rows = _narrow(rows, rows.shape[-1])
        model = RandomForestClassifier(
            n_estimators=N_TREES,
            min_samples_leaf=max(SMALLEST_LEAF, round(LEAF_SHARE * SHARE_OF_ROWS * len(rows))),
            max_samples=SHARE_OF_ROWS,
            random_state=seed,
            n_jobs=N_THREADS,
        )
        model.fit(rows, outcomes, weight)
        base = BaseRate.fit(outcomes, weight).rate
        return cls(read_forest(model, base_rate=base, pull=PULL), rows.shape[1])

    def predict_proba(self, X: ArrayLike) -> FloatArray:
        """Return chances of a win of raw rows, shape (n_setups,)."""
        return self.trees.add_up(_narrow(X, self.n_features)) / len(self.trees)

    def as_dict(self) -> dict[str, Any]:
        """Return what JSON holds of it; the rest is in `as_arrays`."""
        return {"n_features": self.n_features}

    def as_arrays(self) -> dict[str, NDArray[Any]]:
        """Return the trees as safetensors can hold them."""
        return self.trees.as_arrays()

    @classmethod
    def from_stored(cls, stored: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Self:
        """Rebuild what `as_dict` and `as_arrays` gave; the numbers are the same."""
        trees = Trees.from_arrays(arrays)
        trees.check_columns(stored["n_features"])
        if not len(trees) or not ((trees.value >= 0) & (trees.value <= 1)).all():
            raise ValueError("a forest needs trees whose leaves are shares")
        return cls(trees, int(stored["n_features"]))


def read_forest(
    model: RandomForestClassifier, *, base_rate: float = 0.5, pull: float = 0.0
) -> Trees:
    """Return the trees of a fitted scikit-learn model of the classes 0 and 1.

    Parameters
    ----------
    model : RandomForestClassifier
        Of two classes.
    base_rate, pull : float
        What every leaf is drawn to, and with the weight of how many rows.
    """
    return join_trees([_read_tree(one.tree_, base_rate, pull) for one in model.estimators_])


def _read_tree(tree: Any, base_rate: float, pull: float) -> dict[str, NDArray[Any]]:
    weight = tree.weighted_n_node_samples
    return {
        "feature": np.where(tree.children_left < 0, -1, tree.feature),
        "threshold": tree.threshold,
        "left": tree.children_left,
        "right": tree.children_right,
        "missing_left": tree.missing_go_to_left,
        "value": (tree.value[:, 0, 1] * weight + base_rate * pull) / (weight + pull),
    }


def _narrow(X: ArrayLike, n_features: int) -> FloatArray:
    """Return rows as the trees saw them: in single precision, Inf as missing."""
    rows = np.clip(blank_infinite(X, n_features, NAME), -LARGEST, LARGEST)
    return rows.astype(np.float32).astype(np.float64)
