"""From cells to candles: times to UTC, order, doubles, prices."""

from dataclasses import dataclass

import numpy as np

from ml_training.data.calendars import BoolArray
from ml_training.data.candles import Candles, FloatArray, IntArray, format_time
from ml_training.data.doctor import Diagnosis
from ml_training.data.layouts.plan import PRICES
from ml_training.data.layouts.prices import check_prices, drop_blank_bars, read_volume
from ml_training.data.layouts.table import Table
from ml_training.data.layouts.times import check_moments, find_utc


@dataclass(frozen=True, slots=True)
class ParsedFile:
    """What a file holds.

    Parameters
    ----------
    candles : Candles
        Its bars, in order, in UTC.
    layout, title : str
        Key of the layout found, and words for people.
    columns : tuple of str
        The columns that were read, as the file calls them.
    notes : tuple of Diagnosis
        What was set right on the way in; empty for a clean file.
    """

    candles: Candles
    layout: str
    title: str
    columns: tuple[str, ...]
    notes: tuple[Diagnosis, ...] = ()


def assemble(table: Table, *, tz: str | None) -> ParsedFile:
    """Build candles of a table.

    Parameters
    ----------
    table : Table
        Cells of a file.
    tz : str, optional
        Clock of times that do not name one.

    Returns
    -------
    ParsedFile

    Raises
    ------
    DataError
        If a cell is of no use; the message names file, row and column.
    """
    notes: list[Diagnosis] = []
    _check_symbol(table)
    if table.plan.has_blank_bars:
        table = drop_blank_bars(table, notes)
    columns = [table.numbers(role) for role in PRICES]
    check_prices(table, columns)
    columns.append(read_volume(table, notes))
    moments = check_moments(table)
    is_newest_first = moments.seconds[0] > moments.seconds[-1]
    positions = np.arange(len(moments.seconds))[:: -1 if is_newest_first else 1]
    time = find_utc(table, moments, positions, tz=tz, notes=notes)
    order = _sort(time, notes)
    positions, time = positions[order], time[order]
    is_double = _find_doubles(table, positions, time, columns, notes)
    positions, time = positions[~is_double], time[~is_double]
    open_, high, low, close, volume = (column[positions] for column in columns)
    return ParsedFile(
        candles=Candles.from_columns(time, open_, high, low, close, volume),
        layout=table.plan.layout,
        title=table.plan.title,
        columns=tuple(table.plan.label(role) for role in table.columns),
        notes=tuple(notes),
    )


def _check_symbol(table: Table) -> None:
    if "symbol" not in table.columns:
        return
    symbols = table.columns["symbol"]
    is_other = (symbols != symbols.iloc[0]).to_numpy()
    if is_other.any():
        position = int(np.argmax(is_other))
        rule = f"{symbols.iloc[position]!r} follows {symbols.iloc[0]!r}"
        hint = "A file holds the bars of one symbol; split it"
        raise table.error("symbol", position, rule, hint=hint)


def _sort(time: IntArray, notes: list[Diagnosis]) -> IntArray:
    is_late = time < np.maximum.accumulate(time)
    if not is_late.any():
        return np.arange(len(time))
    n_late = int(is_late.sum())
    notes.append(
        Diagnosis(
            "unordered_bars",
            "warning",
            n_late,
            int(time[is_late].min()),
            f"{n_late} bars stand behind later ones; they were put in order",
            "Look how the file was made: were two files joined?",
        )
    )
    return np.argsort(time, kind="stable")


def _find_doubles(
    table: Table,
    positions: IntArray,
    time: IntArray,
    columns: list[FloatArray],
    notes: list[Diagnosis],
) -> BoolArray:
    is_double: BoolArray = np.diff(time, prepend=time[0] - 1) == 0
    if not is_double.any():
        return is_double
    later = np.flatnonzero(is_double)
    differs = np.any(
        [column[positions[later]] != column[positions[later - 1]] for column in columns], axis=0
    )
    if differs.any():
        at = int(later[np.argmax(differs)])
        first, second = int(positions[at - 1]), int(positions[at])
        raise table.error(
            "close",
            second,
            f"the bar of {format_time(time[at])} is here a second time with other values than "
            f"in row {table.row(first)}; {int(differs.sum())} bars are",
            hint="Keep one of them",
        )
    notes.append(
        Diagnosis(
            "duplicate_bars",
            "warning",
            len(later),
            int(time[later[0]]),
            f"{len(later)} bars are in the file twice, with equal values; one of each was kept",
            "Look how the file was made: were two files joined?",
        )
    )
    return is_double
