"""The data doctor: what is wrong with candles, before anything is trained on them."""

from dataclasses import dataclass
from typing import Literal

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
