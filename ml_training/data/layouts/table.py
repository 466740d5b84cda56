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
    bars = head.rows[plan.n_header_rows :]
    if not bars:
        raise _no_bars(head.name)
    split = {plan.columns[role] for role in ("date", "time") if role in plan.columns}
    n_skipped = head.first_number - 1 + plan.n_header_rows
    try:
        frame = pd.read_csv(
            io.BytesIO(content),
            sep=head.delimiter,
            header=None,
            names=range(_count_cells(head, plan)),
            skiprows=n_skipped,
            skip_blank_lines=False,
            dtype=dict.fromkeys(split, "category"),
            decimal="," if _have_decimal_commas(head, plan, bars) else ".",
            keep_default_na=False,
            na_values=EMPTY_WORDS,
            low_memory=False,
        )
    except pd.errors.ParserError as error:
        raise _shape_error(head.name, error) from error
    if not isinstance(frame.index, pd.RangeIndex):  # pandas took a column for an index
        raise _shape_error(head.name, ValueError("rows have more cells than the first"))
    if frame[plan.columns["close"]].isna().any():
        frame = frame.dropna(how="all")  # blank lines
    if frame.empty:  # a quotation mark without its partner swallows all that follows
        raise _no_bars(head.name)
    columns = {role: frame[position] for role, position in plan.columns.items()}
    return Table(head.name, plan, columns, n_skipped + 1)


def _count_cells(head: Head, plan: Plan) -> int:
    """Return the cells of a row: the header's, and one more when all end in a comma.

    pandas takes the first column for an index when the first row has more cells than
    there are names, and puts every price into the wrong column.
    """
    n_cells = len(plan.labels)
    bars = head.rows[plan.n_header_rows :]
    if all(len(row) == n_cells + 1 and not row[-1] for row in bars):
        return n_cells + 1
    for row, number in zip(bars, head.numbers[plan.n_header_rows :], strict=True):
        if len(row) > n_cells:
            raise _too_many_cells(head.name, len(row), n_cells, number)
    return n_cells


def _have_decimal_commas(head: Head, plan: Plan, bars: list[list[str]]) -> bool:
    if head.delimiter == ",":
        return False
    cells = [bars[0][at] for role in PRICES if (at := plan.columns[role]) < len(bars[0])]
    return any(DECIMAL_COMMA.fullmatch(cell) for cell in cells)


def _no_bars(name: str) -> DataError:
    return file_error(name, "has a header and no bars", hint="Export the candles again")


def _shape_error(name: str, error: Exception) -> DataError:
    if (found := TOO_MANY_CELLS.search(str(error))) is not None:
        expected, row, seen = map(int, found.groups())
        return _too_many_cells(name, seen, expected, row)
    return file_error(name, f"is not a table ({error})", hint="Export the candles again")


def _too_many_cells(name: str, n_cells: int, n_expected: int, row: int) -> DataError:
    rule = f"the row has {n_cells} cells where {n_expected} are expected"
    hint = "Numbers must not hold the character that separates columns"
    return file_error(name, rule, row=row, hint=hint)


def _hint(cell: str) -> str:
    if re.fullmatch(r"-?\d{1,3}(,\d{3})+(\.\d+)?", cell):
        return "Write numbers without a separator of thousands"
    return "Correct or remove the row"
