"""Arguments turned into arrays the engine can rely on."""

import math
from decimal import Decimal
from numbers import Real
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from ml_training.core.errors import DataError

Floats = npt.NDArray[np.float64]
LARGEST = float(np.finfo(np.float32).max) / 4  # the networks compute in single precision
NO_NUMBERS = "cmM"  # kinds of arrays that would turn into numbers silently: complex, dates


def as_rows(X: Any, *, name: str) -> Floats:
    """Return a table of numbers; whatever is not a usable number becomes NaN.

    Parameters
    ----------
    X : array-like of shape (n, n_features)
        Raw features.
    name : str
        What to call it in an error.

    Raises
    ------
    DataError
        If it is not two-dimensional, has no rows or columns, or holds text.
    """
    raw = _from_torch(X)
    if isinstance(raw, np.ndarray) and raw.dtype.kind in NO_NUMBERS:
        raise DataError(
            f"`{name}` must hold real numbers, got {raw.dtype}",
            hint="compute numbers from it, such as an hour of the day or a length",
        )
    try:
        table = np.array(raw, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(
            f"`{name}` must hold numbers, in rows of one length: {error}",
            hint="encode text first, and give every row the same features",
        ) from error
    if table.ndim != 2:
        raise DataError(
            f"`{name}` must have two dimensions (rows, features), got {table.ndim}",
            hint="reshape a single feature with X.reshape(-1, 1)",
        )
    if 0 in table.shape:
        raise DataError(
            f"`{name}` must have rows and columns, got shape {table.shape}",
            hint="check the filter that selected the rows",
        )
    with np.errstate(invalid="ignore"):
        table[~(np.abs(table) <= LARGEST)] = np.nan
    return table


def as_column(values: Any, *, name: str, n_rows: int) -> npt.NDArray[Any]:
    """Return a column of `n_rows` values.

    Raises
    ------
    DataError
        If it has another length or more than one dimension, or holds no plain values.
    """
    try:
        column = np.asarray(_from_torch(values))
    except ValueError as error:
        raise DataError(
            f"`{name}` must hold one value for each of {n_rows} rows: {error}",
            hint="rows of X, y and sample_weight belong together one by one",
        ) from error
    if column.ndim == 2 and column.shape[1] == 1:
        column = column[:, 0]
    if column.ndim != 1 or len(column) != n_rows:
        raise DataError(
            f"`{name}` must hold one value for each of {n_rows} rows, got shape {column.shape}",
            hint="rows of X, y and sample_weight belong together one by one",
        )
    return _settled(column, name)


def _from_torch(values: Any) -> Any:
    """Return a tensor as an array without its gradient; anything else as it is."""
    if not isinstance(values, torch.Tensor):
        return values
    values = values.detach().cpu()
    return (values.double() if values.is_floating_point() else values).numpy()


def _settled(column: npt.NDArray[Any], name: str) -> npt.NDArray[Any]:
    """Return objects that are numbers as numbers, None as NaN; refuse a mixture."""
    if column.dtype.kind in NO_NUMBERS:
        raise DataError(
            f"`{name}` must hold numbers, truth values or text, got {column.dtype}",
            hint="compute numbers from it, or turn it into text",
        )
    if column.dtype.kind != "O":
        return column
    values = [math.nan if value is None else value for value in column.tolist()]
    if all(isinstance(value, Real | Decimal) for value in values):
        are_floats = any(isinstance(value, float | Decimal) for value in values)
        return np.array(values, dtype=np.float64 if are_floats else None)
    try:
        np.unique(column)
    except TypeError as error:
        kinds = ", ".join(sorted({type(value).__name__ for value in column.tolist()}))
        raise DataError(
            f"`{name}` must hold values of one kind, got {kinds}",
            hint="drop the rows without a value, or turn all of them into text",
        ) from error
    return column


def as_weights(values: Any, *, n_rows: int) -> Floats | None:
    """Return weights scaled to a mean of one, or None when all rows count the same.

    Raises
    ------
    DataError
        If a weight is negative or not finite, or if all are zero.
    """
    if values is None:
        return None
    column = as_column(values, name="sample_weight", n_rows=n_rows)
    weights = column.astype(np.float64) if column.dtype.kind in "buif" else np.full(1, np.nan)
    is_usable = np.isfinite(weights) & (weights >= 0)
    if not is_usable.all() or not weights.any():
        unusable = "all zero" if is_usable.all() else repr(column[np.argmin(is_usable)].item())
        raise DataError(
            f"`sample_weight` must be finite, not negative and not all zero, got {unusable}",
            hint="leave it out to let every row count the same",
        )
    weights = weights / weights.max()  # sums of 1e308 overflow
    return None if np.ptp(weights) == 0 else weights / weights.mean()


def product(A: Floats, B: Floats) -> Floats:
    """Return a matrix product by torch, which keeps to the run's threads.

    Notes
    -----
    The one of numpy takes all cores there are, and has them wait for work by spinning;
    before a run on 200 rows that took a fifth of the time of its steps (measured).
    """
    return np.asarray((torch.from_numpy(A) @ torch.from_numpy(B)).numpy())


def measure_quartiles(X: Floats) -> Floats:
    """Return the quartiles of every column, (3, n_columns); NaN cells do not count.

    Notes
    -----
    Tables without gaps are ten times as fast: numpy goes column by column otherwise.
    """
    quantile = np.nanpercentile if np.isnan(X).any() else np.percentile
    quartiles: Floats = quantile(X, (25.0, 50.0, 75.0), axis=0)
    return quartiles
