"""Decision trees as plain arrays: stored without pickle, read by numpy alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ml_training.errors import DataError
from ml_training.evaluation.metrics import FloatArray

LEAF = -1
"""What stands in `feature` of a node that asks nothing."""

CHUNK_CELLS = 1 << 18
"""Cells of (rows x trees) walked at once; chosen: they stay in the cache of a core."""

KINDS: Mapping[str, str] = {
    "roots": "<i4",
    "feature": "<i4",
    "left": "<i4",
    "right": "<i4",
    "missing_left": "|u1",
    "threshold": "<f8",
    "value": "<f8",
}
"""The stored arrays; all but the roots have one entry per node."""


@dataclass(frozen=True, eq=False)
class Trees:
    """Hold trees one behind the other, node by node; parents come before children.

    Attributes
    ----------
    roots : array of int, shape (n_trees,)
        First node of each tree, ascending from 0.
    feature : array of int, shape (n_nodes,)
        Column a node asks about; -1 in a leaf.
    left, right : array of int, shape (n_nodes,)
        Where a row goes on: left when its cell is at most the threshold. A leaf points
        to itself.
    missing_left : array of int, shape (n_nodes,)
        1 where a missing cell goes left.
    threshold, value : array of float, shape (n_nodes,)
        What a cell is compared with; what a leaf adds.

    Raises
    ------
    ValueError
        When the arrays are not trees: walking them would not end, or end elsewhere.
    """

    roots: NDArray[np.int32]
    feature: NDArray[np.int32]
    left: NDArray[np.int32]
    right: NDArray[np.int32]
    missing_left: NDArray[np.uint8]
    threshold: FloatArray
    value: FloatArray

    def __post_init__(self) -> None:
        for name, kind in KINDS.items():
            object.__setattr__(self, name, np.ascontiguousarray(getattr(self, name), dtype=kind))
        _check_trees(self)

    def __len__(self) -> int:
        """Return the number of trees."""
        return len(self.roots)

    @property
    def depth(self) -> int:
        """Return the most questions a row is asked by one tree."""
        depth, nodes = 0, self.roots
        while len(nodes := nodes[self.feature[nodes] != LEAF]):
            nodes, depth = np.concatenate([self.left[nodes], self.right[nodes]]), depth + 1
        return depth

    def add_up(self, X: ArrayLike) -> FloatArray:
        """Return the sum of the leaves each row falls into, shape (n_rows,).

        Parameters
        ----------
        X : array of float, shape (n_rows, n_features)
            NaN is a missing cell; Inf is compared like any number.

        Notes
        -----
        The order of the sum does not depend on the number of rows or of threads.
        """
        rows = np.ascontiguousarray(X, dtype=np.float64)
        total, depth = np.zeros(len(rows)), self.depth
        chunk = max(CHUNK_CELLS // max(len(self), 1), 1)
        for start in range(0, len(rows), chunk):
            part = slice(start, start + chunk)
            for leaves in self._walk(rows[part], depth):
                total[part] += self.value[leaves]
        return total

    def _walk(self, rows: FloatArray, depth: int) -> NDArray[np.int32]:
        """Return the leaf of every row in every tree, shape (n_trees, n_rows)."""
        cells, first = rows.ravel(), np.arange(len(rows), dtype=np.int64) * rows.shape[1]
        column = np.maximum(self.feature, 0)
        node = np.repeat(self.roots[:, None], len(rows), axis=1)
        for _ in range(depth):
            cell = cells[first + column[node]]
            goes_left = cell <= self.threshold[node]
            goes_left |= np.isnan(cell) & (self.missing_left[node] == 1)
            node = np.where(goes_left, self.left[node], self.right[node])
        return node

    def check_columns(self, n_features: int) -> None:
        """Raise `ValueError` when a node asks about a column that is not there."""
        asked = int(self.feature.max(initial=LEAF))
        if asked >= n_features:
            raise ValueError(f"a tree asks about column {asked}, there are {n_features}")

    def keep(self, n_trees: int) -> Self:
        """Return the first trees only."""
        end = int(self.roots[n_trees]) if n_trees < len(self) else len(self.feature)
        arrays = {name: getattr(self, name)[:end] for name in KINDS if name != "roots"}
        return type(self)(roots=self.roots[:n_trees], **arrays)

    def as_arrays(self) -> dict[str, NDArray[Any]]:
        """Return all that is needed to predict again, as safetensors can hold it."""
        return {name: getattr(self, name) for name in KINDS}

    @classmethod
    def from_arrays(cls, stored: Mapping[str, NDArray[Any]]) -> Self:
        """Rebuild what `as_arrays` gave.

        Raises
        ------
        ValueError
            When an array is of another kind, or they are not trees.
        """
        for name, kind in KINDS.items():
            if stored[name].dtype != np.dtype(kind):
                raise ValueError(f"`{name}` must be of kind {kind}, got {stored[name].dtype.str}")
        return cls(**{name: stored[name] for name in KINDS})


def join_trees(trees: Sequence[Mapping[str, ArrayLike]]) -> Trees:
    """Put trees one behind the other.

    Parameters
    ----------
    trees : sequence of mapping
        Arrays of one tree each, by the names of `Trees`, nodes counted from 0; where
        `feature` is negative there is a leaf, whatever its other entries say.
    """
    sizes = [len(np.asarray(tree["feature"])) for tree in trees]
    roots = np.cumsum([0, *sizes])[:-1]
    joined: dict[str, NDArray[Any]] = {
        name: np.concatenate([np.asarray(tree[name]) for tree in trees] or [np.empty(0)])
        for name in ("feature", "missing_left", "threshold", "value")
    }
    leaf = joined["feature"] < 0
    own = np.arange(len(leaf))
    for name in ("left", "right"):
        parts = [np.asarray(t[name]) + root for t, root in zip(trees, roots, strict=True)]
        joined[name] = np.where(leaf, own, np.concatenate(parts or [np.empty(0)]))
    joined["feature"] = np.where(leaf, LEAF, joined["feature"])
    joined["threshold"] = np.where(leaf, 0.0, joined["threshold"])
    joined["value"] = np.where(leaf, joined["value"], 0.0)
    return Trees(roots=roots, **joined)


def blank_infinite(X: ArrayLike, n_features: int, name: str) -> FloatArray:
    """Return raw rows with Inf as missing, or refuse what was not trained on.

    Parameters
    ----------
    X : array of float, shape (n_rows, n_features)
        Raw features.
    n_features : int
        Columns of the training rows.
    name : str
        Of the model, for the refusal.

    Raises
    ------
    DataError
        When the columns are not as many as in training.
    """
    rows = np.asarray(X, dtype=np.float64)
    if rows.ndim != 2 or rows.shape[1] != n_features:
        raise DataError(
            f"The {name} was fitted on {n_features} features, got rows of shape {rows.shape}"
        )
    return np.where(np.isfinite(rows), rows, np.nan)


def _check_trees(trees: Trees) -> None:
    n_nodes = len(trees.feature)
    if any(getattr(trees, name).shape != (n_nodes,) for name in KINDS if name != "roots"):
        raise ValueError("every array of the nodes must have one entry per node")
    roots = trees.roots
    if roots.ndim != 1 or (np.diff(roots, prepend=-1, append=n_nodes) <= 0).any():
        raise ValueError("`roots` must rise from 0 and stay within the nodes")
    if n_nodes and (not len(roots) or roots[0] != 0):
        raise ValueError("the first tree must begin with the first node")
    if (trees.feature < LEAF).any() or not np.isfinite(trees.value).all():
        raise ValueError("columns must be 0 or more, values finite")
    if np.isnan(trees.threshold).any():
        raise ValueError("thresholds must be numbers; Inf parts missing cells from all others")
    _check_children(trees)


def _check_children(trees: Trees) -> None:
    """Refuse what would lead in a circle, into another tree, or twice to one node."""
    n_nodes, leaf, roots = len(trees.feature), trees.feature == LEAF, trees.roots
    own = np.arange(n_nodes)
    last = np.append(roots[1:], n_nodes)[np.searchsorted(roots, own, side="right") - 1]
    for child in (trees.left, trees.right):
        if not np.where(leaf, child == own, (child > own) & (child < last)).all():
            raise ValueError("children must come behind their parents, in the same tree")
    children = np.concatenate([trees.left[~leaf], trees.right[~leaf], roots])
    if len(children) != n_nodes or len(np.unique(children)) != n_nodes:
        raise ValueError("every node but a root must have one parent")
