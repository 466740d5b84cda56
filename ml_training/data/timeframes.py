"""Names and lengths of timeframes, and the timeframe that bar times reveal."""

from collections.abc import Mapping
from difflib import get_close_matches
from types import MappingProxyType

import numpy as np

from ml_training.data.candles import IntArray
from ml_training.errors import DataError

MINUTE_S = 60
HOUR_S = 60 * MINUTE_S
DAY_S = 24 * HOUR_S
WEEK_S = 7 * DAY_S

TIMEFRAMES: Mapping[str, int] = MappingProxyType(
    {
        **{f"{n}m": n * MINUTE_S for n in (1, 2, 3, 5, 10, 15, 30)},
        **{f"{n}h": n * HOUR_S for n in (1, 2, 3, 4, 6, 8, 12)},
        "1d": DAY_S,
        "1w": WEEK_S,
    }
)
# How brokers and charting programs spell the same timeframes.
ALIASES: Mapping[str, str] = MappingProxyType(
    {
        **{f"m{n}": f"{n}m" for n in (1, 2, 3, 5, 10, 15, 30)},
        **{f"{n}min": f"{n}m" for n in (1, 2, 3, 5, 10, 15, 30)},
        **{f"h{n}": f"{n}h" for n in (1, 2, 3, 4, 6, 8, 12)},
        "60m": "1h",
        "60min": "1h",
        "240m": "4h",
        "24h": "1d",
        "7d": "1w",
        "d": "1d",
        "d1": "1d",
        "daily": "1d",
        "w": "1w",
        "w1": "1w",
        "weekly": "1w",
    }
)
NAMES = MappingProxyType({seconds: name for name, seconds in TIMEFRAMES.items()})


def parse_timeframe(text: str) -> str:
    """Return the one name of a timeframe, however it was spelled.

    Parameters
    ----------
    text : str
        Such as ``1h``, ``H1``, ``60min``.

    Returns
    -------
    str
        A key of `TIMEFRAMES`.

    Raises
    ------
    DataError
        If no timeframe has this name; the hint offers the nearest ones.

    Examples
    --------
    >>> parse_timeframe("H4")
    '4h'
    """
    name = text.strip()
    if name in TIMEFRAMES:
        return name
    lowered = name.lower()
    known = ALIASES.get(lowered, lowered)
    if known in TIMEFRAMES and name != "1M":  # 1M is a month everywhere, never a minute
        return known
    near = get_close_matches(lowered, TIMEFRAMES, n=3, cutoff=0.4)
    offer = f"Did you mean {' or '.join(near)}? " if near else ""
    raise DataError(
        f"no timeframe is called {text!r}", hint=f"{offer}Known: {', '.join(TIMEFRAMES)}"
    )


def timeframe_seconds(name: str) -> int:
    """Return the length of a timeframe in seconds.

    Parameters
    ----------
    name : str
        Any spelling `parse_timeframe` knows.

    Returns
    -------
    int
        Seconds from one bar's open to the next.

    Raises
    ------
    DataError
        If no timeframe has this name.

    Examples
    --------
    >>> timeframe_seconds("1h")
    3600
    """
    return TIMEFRAMES[parse_timeframe(name)]


def timeframe_name(seconds: int) -> str:
    """Return the name of the timeframe that lasts so many seconds.

    Parameters
    ----------
    seconds : int
        Length of a bar.

    Returns
    -------
    str
        A key of `TIMEFRAMES`.

    Raises
    ------
    DataError
        If no timeframe has this length.

    Examples
    --------
    >>> timeframe_name(14400)
    '4h'
    """
    if seconds not in NAMES:
        raise DataError(f"no timeframe lasts {seconds} s", hint=f"Known: {', '.join(TIMEFRAMES)}")
    return NAMES[seconds]


def infer_timeframe(time: IntArray) -> str:
    """Return the timeframe that bar times reveal: their most common distance.

    Parameters
    ----------
    time : ndarray of int64, shape (n_bars,)
        Strictly increasing bar opens in seconds.

    Returns
    -------
    str
        A key of `TIMEFRAMES`.

    Raises
    ------
    DataError
        If there are fewer than two bars, or their distance is no known timeframe.

    Notes
    -----
    The most common distance and not the smallest: one misplaced bar would decide. Not
    the median either: in thin markets most bars are missing.
    """
    if len(time) < 2:
        raise DataError(
            f"two bars are needed to see the timeframe, got {len(time)}",
            hint="Name the timeframe yourself",
        )
    distances, counts = np.unique(np.diff(time), return_counts=True)
    return timeframe_name(int(distances[np.argmax(counts)]))


def check_timeframe(time: IntArray, timeframe: str) -> None:
    """Refuse a timeframe that the bars do not have.

    Parameters
    ----------
    time : ndarray of int64, shape (n_bars,)
        Strictly increasing bar opens in seconds.
    timeframe : str
        What the bars are said to be.

    Raises
    ------
    DataError
        If the bars reveal another timeframe, finer or coarser.
    """
    if len(time) < 2:
        return
    stated = parse_timeframe(timeframe)
    found = infer_timeframe(time)
    if found != stated:
        finer = TIMEFRAMES[stated] < TIMEFRAMES[found]
        raise DataError(
            f"timeframe {stated} was stated, but most bars are {found} apart",
            hint=f"{stated} is finer than these data; import finer candles or say {found}"
            if finer
            else f"Import them as {found}; coarser timeframes are resampled from it",
        )
