"""What a layout says about a file: where its columns are and whose clock it keeps."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ml_training.errors import DataError

PRICES = ("open", "high", "low", "close")
NAMES: Mapping[str, frozenset[str]] = {
    "timestamp": frozenset({"timestamp", "datetime", "date time", "open time", "time utc"}),
    "date": frozenset({"date"}),
    "time": frozenset({"time"}),
    "open": frozenset({"open"}),
    "high": frozenset({"high"}),
    "low": frozenset({"low"}),
    "close": frozenset({"close"}),
    "volume": frozenset({"volume", "vol"}),
    "tick volume": frozenset({"tickvol", "tick volume", "tickvolume"}),
    "symbol": frozenset({"symbol", "ticker"}),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """Tell how to read one file.

    Parameters
    ----------
    layout, title : str
        Key of the layout, and words for people.
    columns : mapping of str to int
        Position of date, time (or timestamp), open, high, low, close, volume, symbol.
    labels : tuple of str
        What the file calls its columns, by position.
    n_header_rows : int
        Lines in front of the first bar.
    zone : str or None
        Time zone of times that do not name one; None when the user must tell.
    has_blank_bars : bool
        Whether the source writes bars without any price, to be left out.
    """

    layout: str
    title: str
    columns: Mapping[str, int]
    labels: tuple[str, ...]
    n_header_rows: int = 1
    zone: str | None = "UTC"
    has_blank_bars: bool = False
    notes: tuple[str, ...] = field(default=())

    def label(self, role: str) -> str:
        """Return what the file calls a column."""
        return self.labels[self.columns[role]]


def file_error(
    name: str,
    rule: str,
    *,
    row: int | None = None,
    column: str | None = None,
    hint: str = "",
) -> DataError:
    """Build the error that names file, row and column.

    Parameters
    ----------
    name : str
        The file.
    rule : str
        What is wrong, with the value received.
    row : int, optional
        Line in the file, the first is 1.
    column : str, optional
        What the file calls the column.
    hint : str
        The way out.

    Returns
    -------
    DataError
        To be raised by the caller.

    Examples
    --------
    >>> str(file_error("a.csv", "'x' is not a number", row=7, column="open"))
    "a.csv, row 7, column open: 'x' is not a number"
    """
    place = [name]
    place += [f"row {row}"] if row is not None else []
    place += [f"column {column}"] if column is not None else []
    return DataError(f"{', '.join(place)}: {rule}", hint=hint)


def find_columns(labels: Sequence[str], *, name: str) -> dict[str, int]:
    """Find the known columns of a header.

    Parameters
    ----------
    labels : sequence of str
        Header cells.
    name : str
        The file, for messages.

    Returns
    -------
    dict of str to int
        Position by role; roles that are missing are left out.

    Raises
    ------
    DataError
        If two columns have the same role.
    """
    columns: dict[str, int] = {}
    for position, label in enumerate(labels):
        role = _role(label)
        if role in columns:
            raise file_error(
                name,
                f"columns {labels[columns[role]]!r} and {label!r} both hold the {role}",
                row=1,
                hint="Keep one of them",
            )
        if role:
            columns[role] = position
    return columns


def _role(label: str) -> str | None:
    word = " ".join(label.strip(" <>\"'").replace("_", " ").lower().split())
    return next((role for role, words in NAMES.items() if word in words), None)
