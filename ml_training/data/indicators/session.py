"""Prices anchored to trading sessions: average price since the open, opening range."""

from dataclasses import dataclass

import numpy as np

from ml_training.data.calendars import SESSIONS, local_seconds
from ml_training.data.indicators.base import (
    Bars,
    FloatArray,
    Indicator,
    Line,
    Price,
    choice,
    whole,
)
from ml_training.data.indicators.ranges import IntArray, divide
from ml_training.data.timeframes import DAY_S

DAY = "day"  # midnight to midnight UTC
BARS_OF_A_DAY = 1440  # a day of 1-minute bars, the longest session there is
SESSION = choice(DAY, *SESSIONS)


@dataclass(frozen=True, eq=False)
class Opens:
    """Where sessions open among the bars.

    Parameters
    ----------
    first : ndarray of int, shape (n_sessions,)
        Index of each session's first bar; it lasts until the next one opens.
    n_bars : int
        Number of bars in all.
    """

    first: IntArray
    n_bars: int

    def spread(self, values: FloatArray) -> FloatArray:
        """Give every bar the value of its session."""
        return np.repeat(values, np.diff(self.first, append=self.n_bars))

    def age(self) -> IntArray:
        """Return the bars since the session opened, 0 for its first bar."""
        lengths = np.diff(self.first, append=self.n_bars)
        return np.arange(self.n_bars) - np.repeat(self.first, lengths)


def find_opens(bars: Bars, session: str) -> Opens:
    """Find the first bar of every session, daylight saving included."""

    def make() -> Opens:
        number = bars.time // DAY_S
        if session != DAY:
            centre = SESSIONS[session]
            number = (local_seconds(bars.time, centre.tz) - centre.start_s) // DAY_S
        return Opens(np.flatnonzero(np.diff(number, prepend=number[0] - 1)), len(bars))

    opens: Opens = bars.share(("opens", session), make)
    return opens


def session_average(bars: Bars, *, session: str) -> tuple[FloatArray, ...]:
    """Compute the volume-weighted average price since the session opened.

    Notes
    -----
    Sums run over the distance from the session's first price: sums of full prices over
    millions of bars would lose the digits that matter. While a session has no volume,
    all its bars weigh the same.
    """
    opens = find_opens(bars, session)
    typical = (bars.high + bars.low + bars.close) / 3.0
    anchor = opens.spread(typical[opens.first])
    typical -= anchor
    volume = sum_within(bars.volume, opens)
    weighted = divide(sum_within(typical * bars.volume, opens), volume, otherwise=0.0)
    plain = sum_within(typical, opens) / (opens.age() + 1)
    return (np.where(volume > 0, weighted, plain) + anchor,)


def sum_within(values: FloatArray, opens: Opens) -> FloatArray:
    """Sum the values since their session opened."""
    total = np.cumsum(values)
    before = total[opens.first] - values[opens.first]
    return total - opens.spread(before)


def opening_range(bars: Bars, *, session: str, bars_in_range: int) -> tuple[FloatArray, ...]:
    """Compute the high and low of the first bars of the session.

    Notes
    -----
    Known once those bars have closed, so NaN inside the range; NaN too in the first
    session of the data, whose open may not be in them.
    """
    opens = find_opens(bars, session)
    last = np.minimum(opens.first + bars_in_range, opens.n_bars) - 1
    spans = np.column_stack([opens.first, last + 1]).ravel()
    known = (opens.age() >= bars_in_range - 1) & (np.arange(len(bars)) >= second_open(opens))
    # one bar more, so that a span may end with the data
    high = np.maximum.reduceat(np.append(bars.high, -np.inf), spans)[::2]
    low = np.minimum.reduceat(np.append(bars.low, np.inf), spans)[::2]
    return (
        np.where(known, opens.spread(high), np.nan),
        np.where(known, opens.spread(low), np.nan),
    )


def second_open(opens: Opens) -> int:
    """Return the index of the second session's first bar, or the end."""
    return int(opens.first[1]) if len(opens.first) > 1 else opens.n_bars


SESSION_INDICATORS = (
    Indicator(
        key="vwap",
        title="Session average price",
        params={"session": SESSION},
        lines=(Line("value", "price", Price("value")),),
        compute=session_average,
        warmup=lambda session: 0,
        memory=lambda session: BARS_OF_A_DAY,
    ),
    Indicator(
        key="opening_range",
        title="Opening range",
        params={"session": SESSION, "bars_in_range": whole(4, 1, BARS_OF_A_DAY)},
        lines=(
            Line("high", "price", Price("low"), sparse=True),
            Line("low", "price", Price("high"), sparse=True),
        ),
        compute=opening_range,
        warmup=lambda session, bars_in_range: bars_in_range,
        memory=lambda session, bars_in_range: 2 * BARS_OF_A_DAY,
    ),
)
