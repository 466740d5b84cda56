"""Clocks of brokers: from what their wall clock shows to UTC."""

import re
from dataclasses import dataclass
from datetime import timedelta, timezone, tzinfo
from difflib import get_close_matches
from zoneinfo import ZoneInfo, available_timezones

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml_training.data.candles import IntArray
from ml_training.data.timeframes import DAY_S, HOUR_S, MINUTE_S
from ml_training.errors import DataError

OFFSET = re.compile(r"(?:UTC|GMT)?([+-])(\d{1,2})(?::?([0-5]\d))?")
SHIFTED = re.compile(r"([A-Za-z_]+/[A-Za-z_/]+)([+-]\d{1,2})")
FARTHEST_OFFSET_H = 14  # Kiribati
ZONE_HINT = (
    "Zones look like Europe/Athens, +02:00, or America/New_York+7 (New York and 7 hours: the "
    "clock of most MetaTrader brokers)"
)


@dataclass(frozen=True, slots=True)
class Clock:
    """A wall clock: that of a time zone, put forward by some hours.

    Parameters
    ----------
    name : str
        As the user wrote it.
    zone : tzinfo
        Time zone.
    ahead_s : int
        Seconds by which the clock is ahead of the zone's own.
    """

    name: str
    zone: tzinfo
    ahead_s: int = 0


@dataclass(frozen=True, slots=True)
class Reading:
    """Times in UTC, and what was not clear about them.

    Parameters
    ----------
    time : ndarray of int64, shape (n,)
        UTC epoch seconds; unset where `is_skipped`.
    is_skipped : ndarray of bool, shape (n,)
        Times that the clock never shows: it jumped over them in spring.
    is_ambiguous : ndarray of bool, shape (n,)
        Times that the clock shows twice, in autumn, while the file has them once. They
        are read as the first of the two.
    """

    time: IntArray
    is_skipped: npt.NDArray[np.bool_]
    is_ambiguous: npt.NDArray[np.bool_]


def find_clock(name: str) -> Clock:
    """Return the clock that a name stands for.

    Parameters
    ----------
    name : str
        An IANA zone, a fixed offset, or a zone and the hours it is put forward.

    Returns
    -------
    Clock

    Raises
    ------
    DataError
        If there is no such zone.

    Examples
    --------
    >>> find_clock("America/New_York+7").ahead_s
    25200
    """
    text = name.strip()
    if text in available_timezones():
        return Clock(text, ZoneInfo(text))
    if (offset := OFFSET.fullmatch(text)) is not None:
        return Clock(text, timezone(_offset(name, *offset.groups())))
    if (shifted := SHIFTED.fullmatch(text)) is not None:
        return Clock(text, find_clock(shifted[1]).zone, int(shifted[2]) * HOUR_S)
    raise _unknown_zone(text)


def to_utc(wall: IntArray, clock: Clock) -> Reading:
    """Read a wall clock.

    Parameters
    ----------
    wall : ndarray of int64, shape (n,)
        What the clock shows, as seconds since 1970 on its own dial, in file order.
    clock : Clock
        Whose clock it is.

    Returns
    -------
    Reading

    Notes
    -----
    When clocks go back in autumn, an hour is shown twice. In a file that has both,
    times step back once: what comes after the step is the second.
    """
    zone_wall = (wall - clock.ahead_s).astype("datetime64[s]")
    index = pd.DatetimeIndex(zone_wall)
    first, second = (
        index.tz_localize(clock.zone, ambiguous=np.full(len(wall), is_dst), nonexistent="NaT")
        for is_dst in (True, False)
    )
    is_skipped = np.asarray(first.isna())
    time = _epoch(first)
    is_ambiguous = np.asarray(first != second) & ~is_skipped
    if is_ambiguous.any():
        later = _epoch(second)
        is_second, is_ambiguous = _resolve(wall, is_ambiguous)
        time = np.where(is_second, later, time)
    return Reading(time, is_skipped, is_ambiguous)


def _resolve(
    wall: IntArray, is_ambiguous: npt.NDArray[np.bool_]
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Split ambiguous times into second showings and those that stay unclear."""
    is_second = np.zeros(len(wall), dtype=np.bool_)
    unclear = is_ambiguous.copy()
    at = np.flatnonzero(is_ambiguous)
    nights = np.split(at, np.flatnonzero(np.diff(wall[at] // DAY_S)) + 1)
    for night in nights:
        steps_back = np.flatnonzero(np.diff(wall[night]) <= 0)
        if len(steps_back) == 1:
            is_second[night[steps_back[0] + 1 :]] = True
            unclear[night] = False
    return is_second, unclear


def _epoch(index: pd.DatetimeIndex) -> IntArray:
    utc = index.tz_convert("UTC").tz_localize(None).to_numpy()
    seconds: IntArray = utc.astype("datetime64[s]").astype(np.int64)
    return seconds


def _offset(name: str, sign: str, hours: str, minutes: str | None) -> timedelta:
    seconds = int(hours) * HOUR_S + int(minutes or 0) * MINUTE_S
    if seconds > FARTHEST_OFFSET_H * HOUR_S:
        raise DataError(f"no clock is {name!r} away from UTC", hint=ZONE_HINT)
    return timedelta(seconds=-seconds if sign == "-" else seconds)


def _unknown_zone(name: str) -> DataError:
    near = get_close_matches(name, available_timezones(), n=3, cutoff=0.5)
    offer = f"Did you mean {' or '.join(near)}? " if near else ""
    return DataError(f"no time zone is called {name!r}", hint=offer + ZONE_HINT)
