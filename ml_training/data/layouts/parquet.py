"""Parquet files: the columns of a table with a header, with types of their own."""

import io

import pandas as pd
import pyarrow as pa  # type: ignore[import-untyped]

from ml_training.data.layouts import generic
from ml_training.data.layouts.plan import Plan, file_error
from ml_training.data.layouts.table import Table


def read_parquet(content: bytes, *, name: str) -> Table:
    """Read the columns of candles out of a Parquet file.

    Parameters
    ----------
    content : bytes
        The file.
    name : str
        What messages call it.

    Returns
    -------
    Table
        Times may be a column or the index.

    Raises
    ------
    DataError
        If it is damaged or a column is missing.
    """
    try:
        frame = pd.read_parquet(io.BytesIO(content))
    except (pa.ArrowException, OSError, ValueError) as error:
        hint = "Write or download it again"
        raise file_error(name, f"is a damaged Parquet file ({error})", hint=hint) from error
    if not isinstance(frame.index, pd.RangeIndex):
        frame = frame.reset_index(names=frame.index.name or "timestamp")
    frame.columns = [str(label) for label in frame.columns]
    if frame.empty:
        raise file_error(name, "has no bars", hint="Export the candles again")
    labels = list(frame.columns)
    columns = generic.plan_columns(labels, name=name)
    if columns is None:
        raise file_error(
            name,
            f"no columns of candles, got {', '.join(labels)}",
            hint="A table needs timestamp (or date, time), open, high, low, close",
        )
    plan = Plan(layout="parquet", title="a Parquet table", columns=columns, labels=tuple(labels))
    cells = {role: frame[labels[position]] for role, position in columns.items()}
    return Table(name, plan, cells, first_row=1)
