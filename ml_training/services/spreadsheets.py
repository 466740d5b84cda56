"""Tables as CSV that no spreadsheet computes."""

import csv
import io
from collections.abc import Iterable, Sequence

FORMULA_MARKS = ("=", "+", "-", "@", "\t", "\r")
"""Characters by which spreadsheets take a text for a formula (OWASP, CSV injection)."""

Cell = str | float | int | bool | None


def write_table(columns: Sequence[str], rows: Iterable[Iterable[Cell]]) -> str:
    """Return a table as CSV with a header; numbers stay numbers."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(neutralise(columns))
    writer.writerows(neutralise(row) for row in rows)
    return out.getvalue()


def neutralise(row: Iterable[Cell]) -> list[Cell]:
    """Put an apostrophe before texts that a spreadsheet would compute."""
    return [
        f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA_MARKS) else cell
        for cell in row
    ]
