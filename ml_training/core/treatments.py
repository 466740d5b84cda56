"""Treatments of the input table: fitted on training rows, applied to all rows."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from ml_training.core.arrays import Floats
from ml_training.core.facts import NORMAL_QUARTILES

NARROWEST = 1e-12  # chosen: a column this flat, relative to its size, counts as constant


class Treatment(Protocol):
    """Change a table of features the same way in training and in prediction."""

    @property
    def key(self) -> str:
        """Return the name under which it is saved."""

    def apply(self, X: Floats) -> Floats:
        """Return the treated table; the one handed in stays as it is."""

    def as_dict(self) -> dict[str, Any]:
        """Return plain numbers from which `load_treatment` builds it again."""


@dataclass(frozen=True, eq=False)
class Impute:
    """Fill missing cells with the median of the training rows.

    Parameters
    ----------
    fill : array of shape (n_features,)
        What stands in for NaN, column by column.
    """

    fill: Floats
    key = "impute"

    @classmethod
    def fitted(cls, median: Floats) -> "Impute":
        """Return the treatment for columns with these medians."""
        return cls(fill=np.where(np.isfinite(median), median, 0.0))

    def apply(self, X: Floats) -> Floats:
        """Return the table without NaN."""
        return _first_columns(X, len(self.fill), lambda X: np.where(np.isnan(X), self.fill, X))

    def as_dict(self) -> dict[str, Any]:
        """Return the filling values."""
        return {"key": self.key, "fill": self.fill.tolist()}


@dataclass(frozen=True, eq=False)
class Flag:
    """Add a column for each of some columns: one where its cell is missing, else zero.

    Parameters
    ----------
    columns : tuple of int
        Which.

    Notes
    -----
    It must come before the cells are filled. Treatments after it that were fitted
    without the new columns leave them as they are.
    """

    columns: tuple[int, ...]
    key = "flag"

    def apply(self, X: Floats) -> Floats:
        """Return the table with the new columns behind the others."""
        return np.hstack([X, np.isnan(X[:, list(self.columns)]).astype(np.float64)])

    def as_dict(self) -> dict[str, Any]:
        """Return the columns."""
        return {"key": self.key, "columns": list(self.columns)}


@dataclass(frozen=True, eq=False)
class Scale:
    """Shift and stretch every column.

    Parameters
    ----------
    centre, width : array of shape (n_features,)
        A cell becomes ``(cell - centre) / width``.
    limit : float
        Scaled cells are kept within plus and minus this value.
    """

    centre: Floats
    width: Floats
    limit: float
    key = "scale"

    def apply(self, X: Floats) -> Floats:
        """Return the scaled table."""
        return _first_columns(X, len(self.centre), self._scaled)

    def _scaled(self, X: Floats) -> Floats:
        return np.clip((X - self.centre) / self.width, -self.limit, self.limit)

    def as_dict(self) -> dict[str, Any]:
        """Return centre, width and limit."""
        return {
            "key": self.key,
            "centre": self.centre.tolist(),
            "width": self.width.tolist(),
            "limit": self.limit,
        }


@dataclass(frozen=True, eq=False)
class Silence:
    """Put one value in place of all cells of some columns: the network stays as it is.

    Parameters
    ----------
    columns : tuple of int
        Which.
    values : tuple of float
        What stands in their cells.
    """

    columns: tuple[int, ...]
    values: tuple[float, ...]
    key = "silence"

    def apply(self, X: Floats) -> Floats:
        """Return the table with nothing to see in these columns."""
        X = X.copy()
        X[:, list(self.columns)] = self.values
        return X

    def as_dict(self) -> dict[str, Any]:
        """Return columns and values."""
        return {"key": self.key, "columns": list(self.columns), "values": list(self.values)}


@dataclass(frozen=True, eq=False)
class Winsorise:
    """Pull cells beyond a fence back to it.

    Parameters
    ----------
    low, high : array of shape (n_features,)
        The fence of every column.
    """

    low: Floats
    high: Floats
    key = "winsorise"

    def apply(self, X: Floats) -> Floats:
        """Return the table within the fence."""
        return _first_columns(X, len(self.low), lambda X: np.clip(X, self.low, self.high))

    def as_dict(self) -> dict[str, Any]:
        """Return the fence."""
        return {"key": self.key, "low": self.low.tolist(), "high": self.high.tolist()}


def fit_robust_scale(X: Floats, *, limit: float) -> Scale:
    """Return the scaling by median and quartiles of a table without NaN.

    Parameters
    ----------
    X : array of shape (n, n_features)
        Training rows.
    limit : float
        Bound of the scaled cells; a far outlier must not drown its column.

    Notes
    -----
    A column whose quartiles coincide (mostly zero, one-hot) is scaled by its standard
    deviation instead; a constant column is only shifted.
    """
    low, centre, high = np.percentile(X, (25.0, 50.0, 75.0), axis=0)
    spread, deviation = (high - low) / NORMAL_QUARTILES, X.std(axis=0)
    flat = NARROWEST * np.maximum(np.abs(centre), NARROWEST)
    width = np.where(spread > flat, spread, np.where(deviation > flat, deviation, 1.0))
    return Scale(centre=centre, width=width, limit=limit)


def _first_columns(X: Floats, n_columns: int, change: Callable[[Floats], Floats]) -> Floats:
    """Return the table with its first columns changed; those behind stay."""
    if X.shape[1] <= n_columns:
        return change(X)
    return np.hstack([change(X[:, :n_columns]), X[:, n_columns:]])


def load_treatment(saved: Mapping[str, Any]) -> Treatment:
    """Build a treatment from what `as_dict` returned.

    Raises
    ------
    ValueError
        If the key is not known.
    """
    if saved["key"] == Impute.key:
        return Impute(fill=np.asarray(saved["fill"], dtype=np.float64))
    if saved["key"] == Flag.key:
        return Flag(columns=tuple(saved["columns"]))
    if saved["key"] == Scale.key:
        return Scale(
            centre=np.asarray(saved["centre"], dtype=np.float64),
            width=np.asarray(saved["width"], dtype=np.float64),
            limit=float(saved["limit"]),
        )
    if saved["key"] == Silence.key:
        return Silence(columns=tuple(saved["columns"]), values=tuple(saved["values"]))
    if saved["key"] == Winsorise.key:
        low, high = (np.asarray(saved[name], dtype=np.float64) for name in ("low", "high"))
        return Winsorise(low=low, high=high)
    raise ValueError(f"`key` must name a known treatment, got {saved['key']!r}")


def apply_all(treatments: tuple[Treatment, ...], X: Floats) -> Floats:
    """Return the table after all treatments, in order."""
    for treatment in treatments:
        X = treatment.apply(X)
    return X
