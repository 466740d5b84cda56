"""A text file as columns, every cell with its row in the file."""

import io
import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ml_training.data.candles import FloatArray, IntArray
from ml_training.data.layouts.head import Head
from ml_training.data.layouts.plan import PRICES, Plan, file_error
from ml_training.errors import DataError

TOO_MANY_CELLS = re.compile(r"Expected (\d+) fields in line (\d+), saw (\d+)")
DECIMAL_COMMA = re.compile(r"-?\d+,\d+")
EMPTY_WORDS = ["", "null", "NULL", "None", "nan", "NaN", "NAN", "NA", "N/A", "#N/A", "-"]


@dataclass(frozen=True, slots=True)
class Table:
    """Hold the columns that a plan names.

    Parameters
    ----------
    name : str
        The file.
    plan : Plan
        How it was read.
    columns : mapping of str to Series
        Cells by role.
    first_row : int
        Row in the file of the first cell.
    """

    name: str
    plan: Plan
    columns: Mapping[str, pd.Series]
    first_row: int

    def row(self, position: int) -> int:
        """Return the row in the file of a cell."""
        return int(self.columns["close"].index[position]) + self.first_row

    def error(self, role: str, position: int, rule: str, *, hint: str = "") -> DataError:
        """Build the error that names file, row and column of a cell."""
        return file_error(
            self.name, rule, row=self.row(position), column=self.plan.label(role), hint=hint
        )

    def numbers(self, role: str) -> FloatArray:
        """Return a column as numbers.

        Parameters
        ----------
        role : str
            open, high, low, close or volume.

        Returns
        -------
        ndarray of float64, shape (n,)
            NaN where a cell is empty.

        Raises
        ------
        DataError
            If a cell holds something else.
        """
        cells = self.columns[role]
        if not pd.api.types.is_numeric_dtype(cells):
            numbers = pd.to_numeric(cells, errors="coerce")
            if (is_word := (numbers.isna() & cells.notna()).to_numpy()).any():
                position = int(np.argmax(is_word))
                cell = str(cells.iloc[position])
                raise self.error(role, position, f"{cell!r} is not a number", hint=_hint(cell))
            cells = numbers
        values: FloatArray = cells.to_numpy(dtype=np.float64, na_value=np.nan)
        return values

    def keep(self, kept: IntArray) -> "Table":
        """Return the table with only these positions."""
        columns = {role: cells.iloc[kept] for role, cells in self.columns.items()}
        return Table(self.name, self.plan, columns, self.first_row)


def read_table(content: bytes, head: Head, plan: Plan) -> Table:
    """Read the columns that a plan names out of text.

    Parameters
    ----------
    content : bytes
        UTF-8 text.
    head : Head
        Its first lines.
    plan : Plan
        Where the columns are.

    Returns
    -------
    Table

    Raises
    ------
    DataError
        If a row has too many cells, or there are no bars.
    """
    positions = sorted(set(plan.columns.values()))
    split = {plan.columns[role] for role in ("date", "time") if role in plan.columns}
    hint = "Export the candles again"
    n_skipped = head.n_blank + plan.n_header_rows
    try:
        frame = pd.read_csv(
            io.BytesIO(content),
            sep=head.delimiter,
            header=None,
            names=range(len(plan.labels)),
            index_col=False,
            usecols=positions,
            skiprows=n_skipped,
            skip_blank_lines=False,
            dtype=dict.fromkeys(split, "category"),
            decimal="," if _has_decimal_comma(head, plan) else ".",
            keep_default_na=False,
            na_values=EMPTY_WORDS,
            low_memory=False,
        )
    except pd.errors.EmptyDataError:
        raise file_error(head.name, "has a header and no bars", hint=hint) from None
    except pd.errors.ParserError as error:
        raise _shape_error(head.name, error) from error
    if frame[plan.columns["close"]].isna().any():
        frame = frame.dropna(how="all")  # blank lines
    if frame.empty:
        raise file_error(head.name, "has a header and no bars", hint=hint)
    columns = {role: frame[position] for role, position in plan.columns.items()}
    return Table(head.name, plan, columns, n_skipped + 1)


def _has_decimal_comma(head: Head, plan: Plan) -> bool:
    if head.delimiter == "," or len(head.rows) <= plan.n_header_rows:
        return False
    row = head.rows[plan.n_header_rows]
    prices = [row[plan.columns[role]] for role in PRICES if plan.columns[role] < len(row)]
    return any(DECIMAL_COMMA.fullmatch(price) for price in prices)


def _shape_error(name: str, error: Exception) -> DataError:
    if (found := TOO_MANY_CELLS.search(str(error))) is not None:
        expected, row, seen = found.groups()
        return file_error(
            name,
            f"the row has {seen} cells where {expected} are expected",
            row=int(row),
            hint="Numbers must not hold the character that separates columns",
        )
    return file_error(name, f"is not a table ({error})", hint="Export the candles again")


def _hint(cell: str) -> str:
    if re.fullmatch(r"-?\d{1,3}(,\d{3})+(\.\d+)?", cell):
        return "Write numbers without a separator of thousands"
    return "Correct or remove the row"
