"""Prices and volumes from cells: every one a number that a market can show."""

import numpy as np

from ml_training.data.calendars import BoolArray
from ml_training.data.candles import FloatArray
from ml_training.data.doctor import Diagnosis
from ml_training.data.layouts.plan import PRICES, file_error
from ml_training.data.layouts.table import Table


def drop_blank_bars(table: Table, notes: list[Diagnosis]) -> Table:
    """Leave out rows without any price and note how many.

    Parameters
    ----------
    table : Table
        Cells of a file.
    notes : list of Diagnosis
        Takes the note.

    Returns
    -------
    Table

    Raises
    ------
    DataError
        If no row is left.
    """
    prices = np.column_stack([table.numbers(role) for role in PRICES])
    is_blank = np.isnan(prices).all(axis=1)
    if not is_blank.any():
        return table
    if is_blank.all():
        raise file_error(table.name, "has no bar with a price", hint="Export the candles again")
    notes.append(
        Diagnosis(
            "blank_bars",
            "info",
            int(is_blank.sum()),
            None,
            f"{int(is_blank.sum())} rows name a day and no price; they were left out",
            "Nothing: the source writes such rows for days without trade",
        )
    )
    return table.keep(np.flatnonzero(~is_blank))


def check_prices(table: Table, columns: list[FloatArray]) -> None:
    """Refuse prices that no market shows.

    Parameters
    ----------
    table : Table
        Cells of a file.
    columns : list of ndarray, each (n_bars,)
        Open, high, low and close.

    Raises
    ------
    DataError
        If one is missing, infinite or not positive, or a high is below its low.
    """
    for role, price in zip(PRICES, columns, strict=True):
        _refuse(table, role, np.isnan(price), "the cell is empty")
        _refuse(table, role, np.isinf(price), "a price cannot be infinite")
        _refuse(table, role, price <= 0.0, "a price must be above 0, got {}", price)
    _, high, low, _ = columns
    _refuse(table, "high", high < low, "the high {} is below the low", high)


def _refuse(
    table: Table,
    role: str,
    is_bad: BoolArray,
    rule: str,
    values: FloatArray | None = None,
) -> None:
    if not is_bad.any():
        return
    position = int(np.argmax(is_bad))
    value = "" if values is None else f"{values[position]:g}"
    n_bad = int(is_bad.sum())
    more = f" (and {n_bad - 1} more)" if n_bad > 1 else ""
    hint = "Correct or remove the row"
    raise table.error(role, position, rule.format(value) + more, hint=hint)


def read_volume(table: Table, notes: list[Diagnosis]) -> FloatArray:
    """Return the volume of every bar, 0 where the file has none.

    Parameters
    ----------
    table : Table
        Cells of a file.
    notes : list of Diagnosis
        Takes a note on empty cells.

    Returns
    -------
    ndarray of float64, shape (n_bars,)

    Raises
    ------
    DataError
        If one is infinite or negative.
    """
    if "volume" not in table.columns:
        return np.zeros(len(table.columns["close"]))
    volume = table.numbers("volume")
    _refuse(table, "volume", np.isinf(volume), "a volume cannot be infinite")
    _refuse(table, "volume", volume < 0.0, "a volume must not be negative, got {}", volume)
    if n_empty := int(np.isnan(volume).sum()):
        notes.append(
            Diagnosis(
                "empty_volume",
                "info",
                n_empty,
                None,
                f"{n_empty} bars have no volume; it was set to 0",
                "Rules on volume do not fire there",
            )
        )
    return np.nan_to_num(volume)
