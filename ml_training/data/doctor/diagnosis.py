"""What an examination looks at and what it says."""

from dataclasses import dataclass
from typing import Literal

from ml_training.data.calendars import Calendar
from ml_training.data.candles import Candles, IntArray

Severity = Literal["info", "warning", "critical"]


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """Name one ill of the data.

    Parameters
    ----------
    code : str
        What it is, for programs.
    severity : {"info", "warning", "critical"}
        Worth knowing, worth a look, or not to be trained on.
    count : int
        How many bars (or places) are concerned.
    first_time : int or None
        Where it is first seen, UTC epoch seconds.
    message : str
        What is seen, for people.
    advice : str
        What to do about it.
    """

    code: str
    severity: Severity
    count: int
    first_time: int | None
    message: str
    advice: str


@dataclass(frozen=True, slots=True)
class Case:
    """What is examined: candles, their length of a bar, the market's calendar."""

    candles: Candles
    bar_s: int
    calendar: Calendar

    def diagnose(
        self,
        code: str,
        severity: Severity,
        bars: IntArray,
        message: str,
        advice: str,
        *,
        count: int | None = None,
    ) -> Diagnosis:
        """Build a diagnosis; `bars` are the positions it is seen at."""
        first = int(self.candles.time[bars[0]]) if len(bars) else None
        return Diagnosis(
            code, severity, len(bars) if count is None else count, first, message, advice
        )


def count_noun(n: int, noun: str) -> str:
    """Return a number and its noun.

    Parameters
    ----------
    n : int
        How many.
    noun : str
        Of what, in the singular.

    Returns
    -------
    str

    Examples
    --------
    >>> count_noun(1, "bar"), count_noun(1935, "bar")
    ('1 bar', '1,935 bars')
    """
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"
