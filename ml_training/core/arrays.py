"""Arguments turned into arrays the engine can rely on."""

from typing import Any

import numpy as np
import numpy.typing as npt

from ml_training.core.errors import DataError

Floats = npt.NDArray[np.float64]
LARGEST = float(np.finfo(np.float32).max) / 4  # the networks compute in single precision


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
    try:
        table = np.array(X, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(
            f"`{name}` must hold numbers: {error}", hint="encode text first"
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
        If it has another length or more than one dimension.
    """
    column = np.asarray(values)
    if column.ndim == 2 and column.shape[1] == 1:
        column = column[:, 0]
    if column.ndim != 1 or len(column) != n_rows:
        raise DataError(
            f"`{name}` must hold one value for each of {n_rows} rows, got shape {column.shape}",
            hint="rows of X, y and sample_weight belong together one by one",
        )
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
    weights = as_column(values, name="sample_weight", n_rows=n_rows).astype(np.float64)
    if not np.isfinite(weights).all() or (weights < 0).any() or not weights.any():
        raise DataError(
            "`sample_weight` must be finite, not negative and not all zero",
            hint="leave it out to let every row count the same",
        )
    return None if np.ptp(weights) == 0 else weights / weights.mean()
