"""Times that are not UTC: bars while the market is shut."""

from collections.abc import Iterator

import numpy as np

from ml_training.data.calendars import BoolArray
from ml_training.data.candles import IntArray
from ml_training.data.doctor.diagnosis import Case, Diagnosis, count_noun
from ml_training.data.timeframes import DAY_S, HOUR_S, WEEK_S

# Gaps from which the clock is read: a night or a weekend, no daily break.
CLOSING_GAP_S = 4 * HOUR_S
FEW_CLOSINGS = 8
CLOCK_TOLERANCE = 0.05  # share of closings that half days and outages may spoil (chosen)
FARTHEST_CLOCK_H = 14  # Kiribati
WINTER, SUMMER = (11, 0, 1), (5, 6, 7)  # months, January is 0: summer time is off and on


def find_wrong_clock(case: Case) -> Iterator[Diagnosis]:
    """Find bars while the market is shut, and the clock that would explain them.

    Parameters
    ----------
    case : Case
        What is examined.

    Yields
    ------
    Diagnosis
    """
    is_always_open = sum(end - start for start, end in case.calendar.hours) == WEEK_S
    if case.bar_s >= DAY_S or is_always_open:
        return
    time = case.candles.time
    last = np.flatnonzero(np.diff(time) > CLOSING_GAP_S)
    if len(last) < FEW_CLOSINGS:
        return
    edges = np.sort(np.concatenate([time[last], time[last + 1]]))
    if _share_shut(case, edges, 0) <= CLOCK_TOLERANCE:
        return
    month = edges.astype("datetime64[s]").astype("datetime64[M]").astype(np.int64) % 12
    winter = _find_shift(case, edges[np.isin(month, WINTER)])
    summer = _find_shift(case, edges[np.isin(month, SUMMER)])
    n_shut = int(_is_shut(case, time, 0).sum())
    where = time[_is_shut(case, time, 0)]
    first = np.flatnonzero(time == where[0]) if len(where) else np.arange(0)
    if winter is None and summer is None:
        yield case.diagnose(
            "outside_hours",
            "info",
            first,
            f"{count_noun(n_shut, 'bar')} outside the hours of {case.calendar.title}",
            "Check the instrument's calendar",
            count=n_shut,
        )
        return
    shifts = [
        f"{shift:+d} h in {season}"
        for shift, season in ((winter, "winter"), (summer, "summer"))
        if shift is not None
    ]
    yield case.diagnose(
        "wrong_clock",
        "warning",
        first,
        f"{count_noun(n_shut, 'bar')} where the market is shut; the times look like those of a "
        f"clock that is {' and '.join(shifts)} from UTC",
        "Import again and name the clock with --tz, such as America/New_York+7",
        count=n_shut,
    )


def _is_shut(case: Case, time: IntArray, shift_h: int) -> BoolArray:
    moved = time - shift_h * HOUR_S
    return ~case.calendar.is_open(moved) & ~case.calendar.is_open(moved + case.bar_s - 1)


def _share_shut(case: Case, edges: IntArray, shift_h: int) -> float:
    return float(_is_shut(case, edges, shift_h).mean()) if len(edges) else 0.0


def _find_shift(case: Case, edges: IntArray) -> int | None:
    """Return the smallest shift of the clock under which the market was open."""
    if len(edges) < FEW_CLOSINGS:
        return None
    for shift in sorted(range(-FARTHEST_CLOCK_H, FARTHEST_CLOCK_H + 1), key=abs):
        if _share_shut(case, edges, shift) <= CLOCK_TOLERANCE:
            return shift
    return None
