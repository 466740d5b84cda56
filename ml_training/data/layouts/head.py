"""The first lines of a text file, cut into cells."""

import csv
import re
from dataclasses import dataclass

from ml_training.data.layouts.plan import file_error

NEWLINE = re.compile(r"\r\n|\n|\r")  # str.splitlines knows more than pandas does
DELIMITERS = ("\t", ";", ",")
HEAD_BYTES = 65_536
N_HEAD_LINES = 50  # enough to see whether a volume column is used (chosen)
LETTERS_ALLOWED = frozenset("naulitfNAULITFTZ")  # of nan, null, inf, and of ISO times


@dataclass(frozen=True, slots=True)
class Head:
    """Hold the beginning of a file.

    Parameters
    ----------
    name : str
        The file.
    delimiter : str
        Comma, semicolon or tab.
    rows : list of list of str
        Cells of the first lines that are not blank.
    numbers : list of int
        Which lines of the file these are, the first is 1.
    """

    name: str
    delimiter: str
    rows: list[list[str]]
    numbers: list[int]

    @property
    def first(self) -> list[str]:
        """Return the cells of the first row."""
        return self.rows[0]

    @property
    def first_number(self) -> int:
        """Return the line in the file of the first row."""
        return self.numbers[0]

    @property
    def has_header(self) -> bool:
        """Return whether the first row names columns instead of holding a bar."""
        return not any(cell[:1].isdigit() for cell in self.first)


def read_head(content: bytes, *, name: str) -> Head:
    """Cut the first lines into cells.

    Parameters
    ----------
    content : bytes
        UTF-8 text that is not blank.
    name : str
        The file, for messages.

    Returns
    -------
    Head

    Raises
    ------
    DataError
        If there is no line, or the first one has no delimiter.
    """
    text = content[:HEAD_BYTES].decode(errors="ignore")
    lines = NEWLINE.split(text)
    if len(content) > HEAD_BYTES and len(lines) > 1:
        lines = lines[:-1]  # the last one may be cut
    filled = [at for at, line in enumerate(lines) if line.strip()][:N_HEAD_LINES]
    if not filled:
        raise file_error(name, "begins with blank lines only", hint="Export the candles again")
    first = lines[filled[0]]
    delimiter = max(DELIMITERS, key=first.count)
    if not first.count(delimiter):
        raise file_error(
            name,
            f"the line has no columns, got {first[:60]!r}",
            row=filled[0] + 1,
            hint="Columns are separated by comma, semicolon or tab",
        )
    cells = [next(csv.reader([lines[at]], delimiter=delimiter)) for at in filled]
    rows = [[cell.strip() for cell in row] for row in cells]
    return Head(name, delimiter, rows, [at + 1 for at in filled])
