"""When markets trade: trading sessions by local clocks, daylight saving included."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml_training.data.candles import IntArray
from ml_training.data.timeframes import DAY_S, HOUR_S
from ml_training.errors import DataError

BoolArray = npt.NDArray[np.bool_]


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
        is_weekday = (local // DAY_S + 3) % 7 < 5
        return is_weekday & (second >= self.start_s) & (second < self.end_s)


# Customary office hours of the four centres of currency trading, on local clocks.
SESSIONS: Mapping[str, Session] = MappingProxyType(
    {
        session.name: session
        for session in (
            Session("sydney", "Australia/Sydney", 7 * HOUR_S, 16 * HOUR_S),
            Session("tokyo", "Asia/Tokyo", 9 * HOUR_S, 18 * HOUR_S),
            Session("london", "Europe/London", 8 * HOUR_S, 17 * HOUR_S),
            Session("newyork", "America/New_York", 8 * HOUR_S, 17 * HOUR_S),
        )
    }
)


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
    time : ndarray of int64, shape (n_bars,)
        UTC epoch seconds.
    tz : str
        IANA name.

    Returns
    -------
    ndarray of int64, shape (n_bars,)
        What a clock on the wall there shows.
    """
    utc = pd.DatetimeIndex(time.astype("datetime64[s]"), tz="UTC")
    wall = utc.tz_convert(tz).tz_localize(None).to_numpy()
    local: IntArray = wall.astype("datetime64[s]").astype(np.int64)
    return local
