"""The table a model learns from: features, labels, times and weights of setups."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml_training.data.setups import Setups
from ml_training.data.weights import average_uniqueness
from ml_training.errors import DataError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_KINDS: dict[str, Any] = {
    "X": np.float64,
    "y": np.int8,
    "r": np.float64,
    "t0": np.int64,
    "t1": np.int64,
    "weight": np.float64,
    "side": np.int8,
    "symbol": np.str_,
    "timeframe": np.str_,
}


@dataclass(frozen=True, eq=False)
class LabelledSet:
    """Hold labelled setups, one per row, in the order of their entry times.

    Parameters
    ----------
    X : array of float, shape (n_setups, n_features)
        Raw features as of the signal bar; may hold NaN and Inf.
    y : array of int, shape (n_setups,)
        1 for a win (R after costs above zero), 0 for a loss.
    r : array of float, shape (n_setups,)
        Result after costs in multiples of the risk.
    t0, t1 : array of int, shape (n_setups,)
        Open of the entry bar and end of the exit bar, UTC epoch seconds.
    weight : array of float, shape (n_setups,), 0-1
        Average uniqueness; the sum is the effective number of setups.
    side : array of int, shape (n_setups,)
        1 for long, -1 for short.
    symbol, timeframe : array of str, shape (n_setups,)
        Where each setup comes from.
    feature_names : tuple of str
        One name per column of `X`.
    feature_digest : str
        Hash of the feature plan; two sets with different hashes cannot be joined.

    Raises
    ------
    ValueError
        When the columns do not describe the same setups in the order of `t0`.
    """

    X: Floats
    y: NDArray[np.int8]
    r: Floats
    t0: Ints
    t1: Ints
    weight: Floats
    side: NDArray[np.int8]
    symbol: NDArray[np.str_]
    timeframe: NDArray[np.str_]
    feature_names: tuple[str, ...]
    feature_digest: str

    def __post_init__(self) -> None:
        """Fix the kinds of the columns and check that they belong together."""
        for name, kind in _KINDS.items():
            column = np.ascontiguousarray(getattr(self, name), dtype=kind).view()
            column.flags.writeable = False
            object.__setattr__(self, name, column)
        _check_shapes(self)
        _check_values(self)

    def __len__(self) -> int:
        return len(self.y)

    @property
    def n_features(self) -> int:
        """Count the columns of `X`."""
        return len(self.feature_names)

    @property
    def n_effective(self) -> float:
        """Count the setups as if none overlapped."""
        return float(self.weight.sum())

    def take(self, rows: Ints) -> "LabelledSet":
        """Keep some rows, in the order of time; weights stay as they are.

        Parameters
        ----------
        rows : array of int, shape (n_rows,)
            Which rows, ascending.

        Returns
        -------
        LabelledSet
            The chosen rows.
        """
        columns = {name: getattr(self, name)[rows] for name in _KINDS}
        return LabelledSet(
            **columns, feature_names=self.feature_names, feature_digest=self.feature_digest
        )

    def digest(self) -> str:
        """Hash every value of the set.

        Returns
        -------
        str
            SHA-256 in hex; equal sets have equal digests on every machine.
        """
        sha = hashlib.sha256()
        for field in fields(self):
            value = getattr(self, field.name)
            sha.update(f"{field.name}:{np.shape(value)}".encode())
            sha.update(_little_endian_bytes(value))
        return sha.hexdigest()


def empty_set(feature_names: tuple[str, ...], feature_digest: str) -> LabelledSet:
    """Make a set without setups.

    Parameters
    ----------
    feature_names : tuple of str
        Names of the columns it would have.
    feature_digest : str
        Hash of the feature plan.

    Returns
    -------
    LabelledSet
        No rows.
    """
    columns: dict[str, Any] = {name: np.empty(0, dtype=kind) for name, kind in _KINDS.items()}
    columns["X"] = np.empty((0, len(feature_names)))
    return LabelledSet(**columns, feature_names=feature_names, feature_digest=feature_digest)


def set_from_setups(
    setups: Setups,
    X: Floats,
    *,
    symbol: str,
    timeframe: str,
    feature_names: tuple[str, ...],
    feature_digest: str,
) -> LabelledSet:
    """Join the labelled setups of one scan with their features.

    Parameters
    ----------
    setups : Setups
        A scan of one symbol and timeframe.
    X : array of float, shape (n_setups, n_features)
        Features of all of them, OPEN ones included.
    symbol, timeframe : str
        Where they come from.
    feature_names : tuple of str
        One name per column of `X`.
    feature_digest : str
        Hash of the feature plan.

    Returns
    -------
    LabelledSet
        The labelled setups, weighted as if no other timeframe existed; `concat_sets`
        weighs them anew.
    """
    known = setups.take(setups.labelled)
    symbols = np.full(len(known), symbol)
    return LabelledSet(
        X=X[setups.labelled],
        y=known.win.astype(np.int8),
        r=known.r,
        t0=known.t0,
        t1=known.t1,
        weight=average_uniqueness(known.t0, known.t1, symbols),
        side=known.side,
        symbol=symbols,
        timeframe=np.full(len(known), timeframe),
        feature_names=feature_names,
        feature_digest=feature_digest,
    )


def concat_sets(parts: Iterable[LabelledSet]) -> LabelledSet:
    """Join the sets of several symbols and timeframes into one, sorted by time.

    Parameters
    ----------
    parts : iterable of LabelledSet
        At least one; all with the same features.

    Returns
    -------
    LabelledSet
        Sorted by entry time, ties by symbol, timeframe and exit.

    Raises
    ------
    DataError
        When the sets were made with different features.
    ValueError
        When there is nothing to join.

    Notes
    -----
    Weights are computed anew: setups of one symbol overlap on the wall clock whatever
    their timeframes, which a set of a single timeframe cannot know.
    """
    sets = list(parts)
    if not sets:
        msg = "`parts` must hold at least one set; use `empty_set` for none"
        raise ValueError(msg)
    _check_same_features(sets)
    columns = {name: np.concatenate([getattr(one, name) for one in sets]) for name in _KINDS}
    keys = [columns[name] for name in ("side", "t1", "timeframe", "symbol", "t0")]
    order = np.lexsort(keys)
    columns = {name: column[order] for name, column in columns.items()}
    columns["weight"] = average_uniqueness(columns["t0"], columns["t1"], columns["symbol"])
    return LabelledSet(
        **columns, feature_names=sets[0].feature_names, feature_digest=sets[0].feature_digest
    )


def _check_same_features(sets: list[LabelledSet]) -> None:
    plans = {(one.feature_names, one.feature_digest) for one in sets}
    if len(plans) > 1:
        digests = ", ".join(sorted({digest[:12] for _, digest in plans}))
        msg = f"sets can only be joined when their features are the same, got {digests}"
        raise DataError(msg, hint="Scan the setups again so that all use the current features")


def _check_shapes(rows: LabelledSet) -> None:
    n_setups = len(rows.y)
    wrong = {name: getattr(rows, name).shape for name in _KINDS if name != "X"}
    wrong = {name: shape for name, shape in wrong.items() if shape != (n_setups,)}
    if rows.X.shape != (n_setups, len(rows.feature_names)):
        wrong["X"] = rows.X.shape
    if wrong:
        msg = (
            f"every column must have {n_setups} rows, and X {len(rows.feature_names)} columns, "
            f"as `y` and `feature_names` say; got {wrong}"
        )
        raise ValueError(msg)


def _check_values(rows: LabelledSet) -> None:
    if np.any(np.diff(rows.t0) < 0):
        raise ValueError("rows must be sorted by `t0`; `concat_sets` sorts them")
    if np.any(rows.t1 <= rows.t0):
        raise ValueError("`t1` must lie after `t0` in every row: a bar lasts some time")
    if not np.isin(rows.y, (0, 1)).all():
        raise ValueError(f"`y` must be 0 or 1, got {np.unique(rows.y).tolist()}")
    if not np.isfinite(rows.r).all():
        raise ValueError("`r` must be finite: unlabelled setups do not belong into the set")


def _little_endian_bytes(value: object) -> bytes:
    if isinstance(value, np.ndarray) and value.dtype.kind != "U":
        return value.astype(value.dtype.newbyteorder("<"), copy=False).tobytes()
    words = value.tolist() if isinstance(value, np.ndarray) else value
    return repr(words).encode()
