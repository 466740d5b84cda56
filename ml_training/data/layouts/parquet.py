"""Parquet files: the columns of a table with a header, with types of their own."""

import io

import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]

from ml_training.data.layouts import generic
from ml_training.data.layouts.plan import Plan, file_error
from ml_training.data.layouts.source import check_size
from ml_training.data.layouts.table import Table
from ml_training.errors import DataError

UNNAMED_INDEX = "__index_level_0__"  # what pandas calls an index without a name
DAMAGES = (pa.ArrowException, OSError, ValueError, TypeError)


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
        with pq.ParquetFile(io.BytesIO(content)) as file:
            labels = [str(label) for label in file.schema_arrow.names]
            columns = _plan_columns(labels, name)
            metadata = file.metadata
            groups = (metadata.row_group(at) for at in range(metadata.num_row_groups))
            check_size(sum(group.total_byte_size for group in groups), name=name)
            cells = file.read(columns=[labels[at] for at in columns.values()])
            # The notes that pandas leaves in a file are not needed, and may be damaged.
            frame = cells.to_pandas(ignore_metadata=True)
    except DataError:
        raise
    except DAMAGES as error:
        hint = "Write or download it again"
        raise file_error(name, f"is a damaged Parquet file ({error})", hint=hint) from error
    if frame.empty:
        raise file_error(name, "has no bars", hint="Export the candles again")
    plan = Plan(layout="parquet", title="a Parquet table", columns=columns, labels=tuple(labels))
    by_role = {role: frame[labels[at]] for role, at in columns.items()}
    return Table(name, plan, by_role, first_row=1)


def _plan_columns(labels: list[str], name: str) -> dict[str, int]:
    known = ["timestamp" if label == UNNAMED_INDEX else label for label in labels]
    columns = generic.plan_columns(known, name=name)
    if columns is None:
        raise file_error(
            name,
            f"no columns of candles, got {', '.join(labels)}",
            hint="A table needs timestamp (or date, time), open, high, low, close",
        )
    return columns
