"""Leaps of the price: splits, re-used tickers, wrong quotes, news."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ml_training.data.calendars import BoolArray
from ml_training.data.candles import Candles, FloatArray, format_time
from ml_training.data.doctor.diagnosis import Case, Diagnosis, Severity
from ml_training.data.doctor.times import LONG_GAP_S

# A return so many times the usual one, and of this size, is an event or an error
# (chosen: among real hourly candles the franc of 2015-01-15 is 425 usual hours and the
# night of the Brexit vote 132 of the pound's).
JUMP_IN_USUAL_RETURNS, SMALLEST_JUMP = 30.0, 0.02
DOUBLING = float(np.log(2.0))
SPLITS = (3 / 2, 2, 3, 4, 5, 7, 8, 10, 15, 20, 25, 30, 50, 100)
SPLIT_TOLERANCE = 0.03  # how far prices move over the night of a split (chosen)
SMALLEST_SPLIT = float(np.log(1.4))
# A split comes out of the blue: this day and those before moved little beside it
# (chosen).
QUIET_BARS, QUIET_SHARE = 10, 0.25


class Kind(NamedTuple):
    """A kind of leap: its code, how grave it is, words for one of it, advice."""

    code: str
    severity: Severity
    noun: str
    advice: str


REUSE = Kind(
    "ticker_reuse",
    "critical",
    "price after a long gap that belongs to something else",
    "Keep one side of the gap only",
)
SPLIT = Kind(
    "split",
    "critical",
    "leap over night by a factor as of a split",
    "Import prices that are adjusted for splits",
)
LEAP = Kind(
    "leap",
    "critical",
    "leap that doubles or halves the price",
    "Look for wrong quotes or a change of units there",
)
EVENT = Kind(
    "jumps",
    "warning",
    "return far beyond the usual",
    "Look whether news explains it; stops do not hold there",
)


@dataclass(frozen=True, slots=True)
class Moves:
    """Log returns into each bar but the first: from close to open, and to close."""

    overnight: FloatArray
    total: FloatArray

    @classmethod
    def of(cls, candles: Candles) -> "Moves":
        """Measure the returns of candles."""
        logs = np.log(candles.close)
        return cls(np.log(candles.open[1:]) - logs[:-1], np.diff(logs))

    @property
    def size(self) -> FloatArray:
        """Return the larger of the two, without its sign."""
        larger: FloatArray = np.maximum(np.abs(self.overnight), np.abs(self.total))
        return larger

    def largest(self, at: int) -> float:
        """Return the larger of the two with its sign."""
        return float(max(self.overnight[at], self.total[at], key=abs))


def find_jumps(case: Case) -> Iterator[Diagnosis]:
    """Find leaps of the price and say what they look like.

    Parameters
    ----------
    case : Case
        What is examined.

    Yields
    ------
    Diagnosis
    """
    candles = case.candles
    if len(candles) <= QUIET_BARS:
        return
    moves = Moves.of(candles)
    size = moves.size
    usual = float(np.median(np.abs(moves.total)))
    is_jump = size > max(SMALLEST_JUMP, JUMP_IN_USUAL_RETURNS * usual)
    is_double = size > DOUBLING
    is_reuse = is_double & (np.diff(candles.time) > LONG_GAP_S)
    is_split = _look_like_splits(moves) & ~is_reuse
    is_leap = is_double & ~is_reuse & ~is_split
    is_event = is_jump & ~is_reuse & ~is_split & ~is_leap
    kinds = {REUSE: is_reuse, SPLIT: is_split, LEAP: is_leap, EVENT: is_event}
    for kind, mask in kinds.items():
        if mask.any():
            yield _describe(case, kind, moves, mask)


def _describe(case: Case, kind: Kind, moves: Moves, mask: BoolArray) -> Diagnosis:
    found = np.flatnonzero(mask)
    at = int(found[np.argmax(moves.size[found])])
    when = format_time(case.candles.time[at + 1])
    n_found = f"{len(found):,} times a " if len(found) > 1 else "a "
    message = f"{n_found}{kind.noun}; the largest has a log return of {moves.largest(at):+.2f}"
    return case.diagnose(kind.code, kind.severity, found + 1, f"{message} at {when}", kind.advice)


def _look_like_splits(moves: Moves) -> BoolArray:
    """Say which leaps are by the factor of a split and come out of the blue."""
    is_split = np.zeros(len(moves.total), dtype=np.bool_)
    factor = np.abs(moves.overnight)
    candidates = np.flatnonzero(factor > SMALLEST_SPLIT)
    candidates = candidates[candidates >= QUIET_BARS]
    distance = np.abs(factor[candidates, np.newaxis] - np.log(SPLITS)).min(axis=1)
    before = candidates[:, np.newaxis] - np.arange(1, QUIET_BARS + 1)
    loudest = np.abs(moves.total[before]).max(axis=1)
    is_quiet = loudest < QUIET_SHARE * factor[candidates]
    by_day = np.abs(moves.total - moves.overnight)[candidates]
    is_quiet &= by_day < QUIET_SHARE * factor[candidates]
    is_split[candidates[(distance < SPLIT_TOLERANCE) & is_quiet]] = True
    return is_split
