"""When markets trade: opening hours by local clocks, daylight saving included."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
import pandas as pd
from pandas.tseries import holiday as days

from ml_training.data.candles import IntArray
from ml_training.data.timeframes import DAY_S, HOUR_S, MINUTE_S, WEEK_S
from ml_training.errors import DataError

BoolArray = npt.NDArray[np.bool_]

MONDAY_DAY = 4  # 1970-01-05, counted in days since the epoch
NEW_YORK = "America/New_York"
WEEKDAYS = (0, 1, 2, 3, 4)
EVERY_DAY = (0, 1, 2, 3, 4, 5, 6)
# Brokers label daily bars by their own midnight, up to six hours before that of UTC
# (chosen: New York close charts open their day at 21:00 or 22:00 UTC).
DAY_LABEL_LEAD_S = 6 * HOUR_S
# A date that no holiday rule covers costs a false gap; far more years cost only memory.
FIRST_HOLIDAY_YEAR, LAST_HOLIDAY_YEAR = 1950, 2100

NEW_YEAR = days.Holiday("New Year", month=1, day=1)
CHRISTMAS = days.Holiday("Christmas", month=12, day=25)
# NYSE rule 7.2: a holiday on a Sunday moves to Monday, one on a Saturday to Friday,
# except New Year, which is then not kept at all.
NYSE_HOLIDAYS = (
    days.Holiday("New Year", month=1, day=1, observance=days.sunday_to_monday),
    days.Holiday(
        "Martin Luther King",
        month=1,
        day=1,
        offset=pd.DateOffset(weekday=days.MO(3)),
        start_date="1998-01-01",
    ),
    days.USPresidentsDay,
    days.GoodFriday,
    days.USMemorialDay,
    days.Holiday(
        "Juneteenth",
        month=6,
        day=19,
        start_date="2022-06-18",
        observance=days.nearest_workday,
    ),
    days.Holiday("Independence", month=7, day=4, observance=days.nearest_workday),
    days.USLaborDay,
    days.USThanksgivingDay,
    days.Holiday("Christmas", month=12, day=25, observance=days.nearest_workday),
)


@dataclass(frozen=True, slots=True)
class Session:
    """Hold the hours of one trading centre on its own clock.

    Parameters
    ----------
    name : str
        Key of `SESSIONS`.
    tz : str
        Time zone of the centre.
    start_s, end_s : int
        Seconds after local midnight; the end is exclusive.
    """

    name: str
    tz: str
    start_s: int
    end_s: int

    def contains(self, time: IntArray) -> BoolArray:
        """Return, per bar open, whether the session is on (Monday to Friday there)."""
        local = local_seconds(time, self.tz)
        second = local % DAY_S
        is_on: BoolArray = (second >= self.start_s) & (second < self.end_s)
        return is_on & np.isin(_weekday(local), WEEKDAYS)


# Customary office hours of the four centres of currency trading, on local clocks.
SESSIONS: Mapping[str, Session] = MappingProxyType(
    {
        session.name: session
        for session in (
            Session("sydney", "Australia/Sydney", 7 * HOUR_S, 16 * HOUR_S),
            Session("tokyo", "Asia/Tokyo", 9 * HOUR_S, 18 * HOUR_S),
            Session("london", "Europe/London", 8 * HOUR_S, 17 * HOUR_S),
            Session("newyork", NEW_YORK, 8 * HOUR_S, 17 * HOUR_S),
        )
    }
)


@dataclass(frozen=True, slots=True)
class Calendar:
    """Say when a market trades.

    Parameters
    ----------
    name, title : str
        Key of `CALENDARS`, and words for people.
    tz : str
        Whose clock the hours are on.
    hours : tuple of (int, int)
        Opening hours in seconds after Monday 00:00 local time; ends exclusive.
    weekdays : tuple of int
        Trading days, Monday is 0.
    day_start_s : int
        Local second at which a trading day ends and the next one begins.
    holidays : tuple of pandas Holiday
        Trading days without trade. Half days are not known here.
    """

    name: str
    title: str
    tz: str
    hours: tuple[tuple[int, int], ...]
    weekdays: tuple[int, ...] = WEEKDAYS
    day_start_s: int = DAY_S
    holidays: tuple[days.Holiday, ...] = ()

    def is_open(self, time: IntArray) -> BoolArray:
        """Return, per moment, whether the market trades.

        Parameters
        ----------
        time : ndarray of int64, shape (n,)
            UTC epoch seconds.

        Returns
        -------
        ndarray of bool, shape (n,)
        """
        local = local_seconds(time, self.tz)
        edges = np.array(self.hours, dtype=np.int64).ravel()
        second = (local - MONDAY_DAY * DAY_S) % WEEK_S
        in_hours: BoolArray = np.searchsorted(edges, second, side="right") % 2 == 1
        trading_day = (local + DAY_S - self.day_start_s) // DAY_S
        return in_hours & ~self._is_holiday(trading_day)

    def expects(self, time: IntArray, bar_s: int) -> BoolArray:
        """Return, per bar open, whether a bar should be there.

        Parameters
        ----------
        time : ndarray of int64, shape (n,)
            Opens of possible bars in UTC epoch seconds.
        bar_s : int
            Length of a bar in seconds.

        Returns
        -------
        ndarray of bool, shape (n,)

        Notes
        -----
        Bars within a day count when the market is open in their first and last second:
        brokers disagree about bars that hold a closing hour. Daily bars count on
        trading days, whichever midnight labels them. Weekly bars always count.
        """
        if bar_s >= WEEK_S:
            return np.ones(len(time), dtype=np.bool_)
        if bar_s >= DAY_S:
            day = (time + DAY_LABEL_LEAD_S) // DAY_S
            return np.isin(_weekday(day * DAY_S), self.weekdays) & ~self._is_holiday(day)
        return self.is_open(time) & self.is_open(time + bar_s - 1)

    def _is_holiday(self, day: IntArray) -> BoolArray:
        if not self.holidays:
            return np.zeros(len(day), dtype=np.bool_)
        return np.isin(day, _holiday_days(self.holidays))


def _daily(start_s: int, end_s: int) -> tuple[tuple[int, int], ...]:
    return tuple((day * DAY_S + start_s, day * DAY_S + end_s) for day in WEEKDAYS)


def _with_break(open_s: int, close_s: int) -> tuple[tuple[int, int], ...]:
    """Open on Sunday, shut from `close_s` to `open_s` every day, end on Friday."""
    nights = ((day * DAY_S + open_s, (day + 1) * DAY_S + close_s) for day in range(4))
    return ((0, close_s), *nights, (6 * DAY_S + open_s, WEEK_S))


CLOSE_S = 17 * HOUR_S  # the New York close ends the trading day of currencies and metals
CALENDARS: Mapping[str, Calendar] = MappingProxyType(
    {
        calendar.name: calendar
        for calendar in (
            Calendar(
                "fx_24x5",
                "Currencies, Sunday to Friday 17:00 New York",
                NEW_YORK,
                ((0, 4 * DAY_S + CLOSE_S), (6 * DAY_S + CLOSE_S, WEEK_S)),
                day_start_s=CLOSE_S,
                holidays=(NEW_YEAR, CHRISTMAS),
            ),
            Calendar(
                "metals",
                "Metals, as currencies with a daily break 17:00-18:00 New York",
                NEW_YORK,
                _with_break(18 * HOUR_S, CLOSE_S),
                day_start_s=CLOSE_S,
                holidays=(NEW_YEAR, CHRISTMAS, days.GoodFriday),
            ),
            Calendar(
                "index",
                "Index and energy futures, daily break 17:00-18:00 New York",
                NEW_YORK,
                _with_break(18 * HOUR_S, CLOSE_S),
                day_start_s=CLOSE_S,
                holidays=(NEW_YEAR, CHRISTMAS, days.GoodFriday),
            ),
            Calendar(
                "us_equity",
                "New York Stock Exchange, 9:30-16:00",
                NEW_YORK,
                _daily(9 * HOUR_S + 30 * MINUTE_S, 16 * HOUR_S),
                holidays=NYSE_HOLIDAYS,
            ),
            Calendar("weekdays", "Monday to Friday, UTC", "UTC", ((0, 5 * DAY_S),)),
            Calendar("crypto_24x7", "Always open", "UTC", ((0, WEEK_S),), weekdays=EVERY_DAY),
        )
    }
)


def find_calendar(name: str) -> Calendar:
    """Return the calendar of this name.

    Parameters
    ----------
    name : str
        Key of `CALENDARS`.

    Returns
    -------
    Calendar

    Raises
    ------
    DataError
        If no calendar has this name.
    """
    if name not in CALENDARS:
        raise DataError(f"no calendar is called {name!r}", hint=f"Known: {', '.join(CALENDARS)}")
    return CALENDARS[name]


def in_session(time: IntArray, name: str) -> BoolArray:
    """Say which bars open while a session is on.

    Parameters
    ----------
    time : ndarray of int64, shape (n_bars,)
        Bar opens in UTC epoch seconds.
    name : str
        sydney, tokyo, london or newyork.

    Returns
    -------
    ndarray of bool, shape (n_bars,)

    Raises
    ------
    DataError
        If no session has this name.
    """
    if name not in SESSIONS:
        raise DataError(f"no session is called {name!r}", hint=f"Known: {', '.join(SESSIONS)}")
    return SESSIONS[name].contains(time)


def local_seconds(time: IntArray, tz: str) -> IntArray:
    """Shift UTC seconds to the wall clock of a time zone, as seconds since 1970.

    Parameters
    ----------
    time : ndarray of int64, shape (n,)
        UTC epoch seconds.
    tz : str
        IANA name.

    Returns
    -------
    ndarray of int64, shape (n,)
        What a clock on the wall there shows.
    """
    if tz == "UTC":
        return time
    utc = pd.DatetimeIndex(time.astype("datetime64[s]"), tz="UTC")
    wall = utc.tz_convert(tz).tz_localize(None).to_numpy()
    local: IntArray = wall.astype("datetime64[s]").astype(np.int64)
    return local


def _weekday(local: IntArray) -> IntArray:
    return (local // DAY_S - MONDAY_DAY) % 7


@lru_cache(maxsize=8)
def _holiday_days(rules: tuple[days.Holiday, ...]) -> IntArray:
    first = pd.Timestamp(FIRST_HOLIDAY_YEAR, 1, 1)
    last = pd.Timestamp(LAST_HOLIDAY_YEAR, 12, 31)
    dates = np.concatenate([rule.dates(first, last).to_numpy() for rule in rules])
    found: IntArray = np.unique(dates.astype("datetime64[D]").astype(np.int64))
    return found
