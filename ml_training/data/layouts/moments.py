"""Bar times from cells: epochs by magnitude, ISO-8601, dates beside times of day."""

import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml_training.data.candles import IntArray
from ml_training.data.timeframes import DAY_S, HOUR_S, MINUTE_S

# An epoch below a limit is in seconds, milliseconds, microseconds or nanoseconds: 1e11
# is the year 5138 as seconds and 1973 as milliseconds, and so on.
EPOCH_UNITS = ((1e11, 1), (1e14, 1_000), (1e17, 1_000_000), (np.inf, 1_000_000_000))
# Whole numbers in this range are dates such as 20240131, not seconds of August 1970.
FIRST_DATE, LAST_DATE = 18_800_101, 21_000_101
# Smaller numbers (seconds to 1970-04-26) are no epochs but, say, days counted by Excel.
SMALLEST_EPOCH = 1e7
DATE = re.compile(r"(\d{4})[-./]?(\d{2})[-./]?(\d{2})")
TIME = re.compile(r"(\d{1,2}):?(\d{2})(?::?(\d{2})(?:\.0+)?)?")
DATE_AND_TIME = re.compile(DATE.pattern + r"[ T]+" + TIME.pattern)
NUMBER = re.compile(r"-?\d+(\.\d+)?")
ZONE_SUFFIX = r"(?:Z|[+-]\d{2}:?\d{2}|[+-]\d{2}|UTC|GMT)$"
LONGEST_DATE = len("2024-01-31")
UNREADABLE = np.iinfo(np.int64).min


@dataclass(frozen=True, slots=True)
class Moments:
    """Bar times as the file states them.

    Parameters
    ----------
    seconds : ndarray of int64, shape (n,)
        Seconds since 1970; `UNREADABLE` where the cell is no time.
    is_utc : bool
        Whether the cells say which moment they mean; else it is some wall clock's.
    n_zones : int
        How many UTC offsets the cells state; 0 unless they state any.
    bare : int or None
        First cell without an offset in a column where others have one.
    names_days : bool
        Whether the cells have no time of day.
    """

    seconds: IntArray
    is_utc: bool
    n_zones: int = 0
    bare: int | None = None
    names_days: bool = False

    @property
    def is_daily(self) -> bool:
        """Return whether these are labels of days and no moments.

        Several bars that all begin at midnight are days; one alone need not be.
        """
        all_midnight = bool(np.all(self.seconds % DAY_S == 0))
        return self.names_days or (all_midnight and len(self.seconds) > 1)


def read_moments(cells: pd.Series) -> Moments:
    """Read one column that holds date and time.

    Parameters
    ----------
    cells : Series, shape (n,)
        Numbers (epochs, or dates such as 20240131), datetimes, or strings.

    Returns
    -------
    Moments
    """
    if isinstance(cells.dtype, pd.DatetimeTZDtype):
        return Moments(_to_seconds(cells.dt.tz_convert("UTC").dt.tz_localize(None)), is_utc=True)
    if cells.dtype.kind == "M":
        return Moments(_to_seconds(cells), is_utc=False)
    if pd.api.types.is_numeric_dtype(cells):
        return _read_numbers(cells)
    if NUMBER.fullmatch(str(cells.iloc[0]).strip()):  # a stray word stands further down
        return _read_numbers(pd.to_numeric(cells, errors="coerce"))
    return _read_text(cells)


def read_dates_and_times(dates: pd.Series, times: pd.Series | None) -> Moments:
    """Read a column of dates and, when there is one, a column of times of day.

    Parameters
    ----------
    dates, times : Series of str or category, shape (n,)
        Cells such as 2024.01.31 and 23:59:00.

    Returns
    -------
    Moments
    """
    seconds = _read_unique(dates, _read_date)
    if times is not None:
        of_day = _read_unique(times, _read_time)
        is_readable = (seconds != UNREADABLE) & (of_day != UNREADABLE)
        seconds = np.where(is_readable, seconds + of_day, UNREADABLE)
    return Moments(seconds, is_utc=False, names_days=times is None)


def _read_numbers(cells: pd.Series) -> Moments:
    numbers = cells.to_numpy(dtype=np.float64, na_value=np.nan)
    # What no 64-bit number can hold is read as 0, which is no bar time either.
    numbers = np.where(np.abs(numbers) < 2.0**63, numbers, 0.0)
    if np.all((numbers >= FIRST_DATE) & (numbers < LAST_DATE) & (numbers % 1 == 0)):
        return read_dates_and_times(cells.astype("int64").astype("str"), None)
    size = np.abs(numbers)
    limits, units = zip(*EPOCH_UNITS, strict=True)
    unit = np.select([size < limit for limit in limits], units, 1)
    if pd.api.types.is_integer_dtype(cells) and not cells.hasnans:
        seconds, rest = np.divmod(cells.to_numpy(dtype=np.int64), unit)  # beyond 2**53 too
    else:
        floored, rest = np.divmod(numbers, unit)
        seconds = floored.astype(np.int64)
    is_readable = (rest == 0) & (size >= SMALLEST_EPOCH)
    return Moments(np.where(is_readable, seconds, UNREADABLE), is_utc=True)


def _read_text(cells: pd.Series) -> Moments:
    first = str(cells.iloc[0]).strip()
    if DATE_AND_TIME.fullmatch(first) and first[4:5].isdigit():  # 20240131 235900
        return read_dates_and_times(cells.str.slice(0, 8), cells.str.slice(8))
    if first[4:5] in {".", "/"}:
        cells = cells.str.replace(first[4], "-", regex=False)
    try:
        parsed = pd.to_datetime(cells, format="ISO8601")
    except ValueError:
        return _read_untidy_text(cells.astype("str").str.strip())
    if isinstance(parsed.dtype, pd.DatetimeTZDtype):
        seconds = _to_seconds(parsed.dt.tz_convert("UTC").dt.tz_localize(None))
        return Moments(seconds, is_utc=True, n_zones=1)
    names_days = bool((cells.str.len() <= LONGEST_DATE).all())
    return Moments(_to_seconds(parsed), is_utc=False, names_days=names_days)


def _read_untidy_text(cells: pd.Series) -> Moments:
    """Read what the fast way refused: several offsets, or cells that are no times."""
    offsets = cells.str.extract(f"({ZONE_SUFFIX})", expand=False)
    parsed = pd.to_datetime(cells, format="ISO8601", utc=True, errors="coerce")
    n_zones = int(offsets.nunique())
    is_bare = (offsets.isna() & parsed.notna()).to_numpy()
    bare = int(np.argmax(is_bare)) if n_zones and is_bare.any() else None
    seconds = _to_seconds(parsed.dt.tz_localize(None))
    return Moments(seconds, is_utc=n_zones > 0, n_zones=n_zones, bare=bare)


def _to_seconds(times: pd.Series) -> IntArray:
    """Return whole seconds; what is not on a whole second is no bar time."""
    values = times.to_numpy()
    seconds = values.astype("datetime64[s]")
    is_whole = (seconds == values) & ~np.isnat(values)
    whole: IntArray = np.where(is_whole, seconds.astype(np.int64), UNREADABLE)
    return whole


def _read_unique(cells: pd.Series, read: Callable[[str], int]) -> IntArray:
    """Read every different cell once: years of minutes have few different dates."""
    column = cells if isinstance(cells.dtype, pd.CategoricalDtype) else cells.astype("category")
    values = [read(str(value).strip()) for value in column.cat.categories]
    table = np.array([*values, UNREADABLE], dtype=np.int64)
    codes: npt.NDArray[np.intp] = column.cat.codes.to_numpy().astype(np.intp)
    return table[codes]  # code -1, a missing cell, takes the last value


def _read_date(cell: str) -> int:
    if (found := DATE.fullmatch(cell)) is None:
        return UNREADABLE
    try:
        return int(np.datetime64("-".join(found.groups()), "s").astype(np.int64))
    except ValueError:
        return UNREADABLE


def _read_time(cell: str) -> int:
    # HHMMSS of a spreadsheet loses its leading zeros: 93000 is 09:30:00, 0 is midnight.
    text = cell.zfill(6) if cell.isdigit() and len(cell) not in {4, 6} else cell
    if (found := TIME.fullmatch(text)) is None:
        return UNREADABLE
    hours, minutes, seconds = (int(part or 0) for part in found.groups())
    if hours > 23 or minutes > 59 or seconds > 59:
        return UNREADABLE
    return hours * HOUR_S + minutes * MINUTE_S + seconds
