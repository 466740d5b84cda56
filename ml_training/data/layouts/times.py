"""Bar times of a file in UTC, whichever clock it keeps."""

import numpy as np
import pandas as pd

from ml_training.data.candles import FIRST_TIME_S, LAST_TIME_S, IntArray, format_time
from ml_training.data.doctor import Diagnosis
from ml_training.data.layouts.clock import ZONE_HINT, Reading, find_clock, to_utc
from ml_training.data.layouts.moments import (
    UNREADABLE,
    Moments,
    read_dates_and_times,
    read_moments,
)
from ml_training.data.layouts.plan import file_error
from ml_training.data.layouts.table import Table


def check_moments(table: Table) -> Moments:
    """Read the bar times of a table and refuse cells that are none.

    Parameters
    ----------
    table : Table
        Cells of a file.

    Returns
    -------
    Moments

    Raises
    ------
    DataError
        If a cell is no time, or some name a UTC offset and others do not.
    """
    columns = table.columns
    if "timestamp" in columns:
        role, moments = "timestamp", read_moments(columns["timestamp"])
    else:
        role, moments = "date", read_dates_and_times(columns["date"], columns.get("time"))
    is_bad = moments.seconds == UNREADABLE
    if is_bad.any():
        position = int(np.argmax(is_bad))
        hint = "Times look like 2024-01-31T23:59:00Z, or are seconds since 1970"
        rule = f"{_show_time(table, position)!r} is not the time of a bar"
        raise table.error(role, position, rule, hint=hint)
    is_far = (moments.seconds < FIRST_TIME_S) | (moments.seconds >= LAST_TIME_S)
    if is_far.any():
        position = int(np.argmax(is_far))
        rule = f"bars lie between 1880 and 2100, got {_show_time(table, position)!r}"
        raise table.error(role, position, rule)
    if moments.bare is not None:
        rule = "the time names no UTC offset while others in the file do"
        hint = "Write every time with its offset, or none and pass --tz"
        raise table.error(role, moments.bare, rule, hint=hint)
    return moments


def find_utc(
    table: Table,
    moments: Moments,
    positions: IntArray,
    *,
    tz: str | None,
    notes: list[Diagnosis],
) -> IntArray:
    """Convert bar times to UTC.

    Parameters
    ----------
    table : Table
        Cells of a file.
    moments : Moments
        Its times.
    positions : ndarray of int, shape (n_bars,)
        Order in which to read them, oldest first: it tells the two showings of an hour
        in autumn apart.
    tz : str, optional
        Clock of times that do not name one.
    notes : list of Diagnosis
        Takes what had to be assumed.

    Returns
    -------
    ndarray of int64, shape (n_bars,)
        UTC epoch seconds in that order.

    Raises
    ------
    DataError
        If the clock is not known, is named twice, or never showed such a time.
    """
    seconds = moments.seconds[positions]
    if moments.is_utc:
        _check_stated(table, tz)
        if moments.n_zones > 1:
            notes.append(_note_offsets(moments))
        return seconds
    if moments.is_daily:
        return seconds  # dates name days; a day's label does not move with the clock
    zone = tz or table.plan.zone
    if zone is None:
        rule = f"{table.plan.title} keeps the broker's clock, and only you know which it is"
        raise file_error(table.name, rule, hint=f"Pass it with --tz. {ZONE_HINT}")
    if tz is None and zone == "UTC":
        notes.append(_note_zone(seconds))
        return seconds
    reading = to_utc(seconds, find_clock(zone))
    _check_reading(table, positions, seconds, reading, zone)
    if reading.is_ambiguous.any():
        notes.append(_note_ambiguous(reading, zone))
    return reading.time


def _check_stated(table: Table, tz: str | None) -> None:
    if tz is not None:
        rule = f"the times already say which moment they mean, and --tz {tz} says more"
        raise file_error(table.name, rule, hint="Leave --tz out for this file")


def _show_time(table: Table, position: int) -> str:
    parts = [table.columns.get(part) for part in ("timestamp", "date", "time")]
    return " ".join(_show_cell(part, position) for part in parts if part is not None)


def _show_cell(cells: pd.Series, position: int) -> str:
    if isinstance(cells.dtype, pd.DatetimeTZDtype):
        cells = cells.dt.tz_convert("UTC").dt.tz_localize(None)
    if cells.dtype.kind == "M":
        return str(cells.to_numpy()[position])  # pandas cannot write every year
    cell = cells.iloc[position]
    return "" if pd.isna(cell) else str(cell)


def _check_reading(
    table: Table, positions: IntArray, seconds: IntArray, reading: Reading, zone: str
) -> None:
    if not reading.is_skipped.any():
        return
    at = int(np.argmax(reading.is_skipped))
    role = "timestamp" if "timestamp" in table.columns else "date"
    wall = format_time(seconds[at]).rstrip("Z").replace("T", " ")
    raise table.error(
        role,
        int(positions[at]),
        f"{wall} does not exist in {zone}: clocks were put forward over it",
        hint=f"The file keeps another clock. {ZONE_HINT}",
    )


def _note_offsets(moments: Moments) -> Diagnosis:
    return Diagnosis(
        "several_offsets",
        "info",
        moments.n_zones,
        None,
        f"times are written with {moments.n_zones} UTC offsets; each was converted to UTC",
        "Nothing, if the chart's clock knows summer time",
    )


def _note_zone(seconds: IntArray) -> Diagnosis:
    return Diagnosis(
        "zone_assumed",
        "info",
        len(seconds),
        int(seconds.min()),
        "times name no time zone; they were taken as UTC",
        "Pass --tz if they are another clock's",
    )


def _note_ambiguous(reading: Reading, zone: str) -> Diagnosis:
    n_bars = int(reading.is_ambiguous.sum())
    return Diagnosis(
        "ambiguous_times",
        "warning",
        n_bars,
        int(reading.time[reading.is_ambiguous].min()),
        f"{n_bars} bars lie in the hour that {zone} has twice in autumn, while the file has it "
        "once; they were taken as the first of the two",
        "Look whether the file keeps this clock at all",
    )
