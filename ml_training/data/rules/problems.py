"""What is wrong with a rules document: every problem with its JSON path and way out."""

import difflib
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ml_training.errors import DataError

SHOWN_PROBLEMS = 20
"""Problems spelled out in the text of the error; chosen: fits one terminal page."""

KEPT_PROBLEMS = 100
"""Problems collected before reading stops; chosen: nobody repairs more in one go."""

SHOWN_CHARACTERS = 60
"""Characters of a received value that are quoted; chosen: stays on one line."""

LONGEST_WHOLE_NUMBER_BITS = 64
"""Longer whole numbers are described, not printed; chosen: no useful one is longer."""


@dataclass(frozen=True)
class RuleProblem:
    """Hold one thing that is wrong with a rules document.

    Parameters
    ----------
    path : str
        Where in the JSON, like ``long.all[1].left.length``; empty for all of it.
    message : str
        The rule and the value received.
    hint : str
        The way out.
    """

    path: str
    message: str
    hint: str

    def __str__(self) -> str:
        """Return path, message and hint as one line."""
        return f"{self.path or 'rules'}: {self.message}; {self.hint}"


class RuleError(DataError):
    """Say everything that is wrong with a rules document at once.

    Parameters
    ----------
    problems : list of RuleProblem
        At least one; the text shows the first twenty.
    """

    def __init__(self, problems: list[RuleProblem]) -> None:
        shown = [str(problem) for problem in problems[:SHOWN_PROBLEMS]]
        n_more = len(problems) - len(shown)
        if n_more:
            shown.append(f"and {n_more} more")
        super().__init__("\n".join(shown))
        self.problems = problems

    def __reduce__(self) -> tuple[type["RuleError"], tuple[list[RuleProblem]]]:
        """Return what a worker needs to raise the same error elsewhere."""
        return RuleError, (self.problems,)


def suggest(word: object, options: Iterable[str]) -> str:
    """Return a way out that names the nearest option, or all of them when none is near.

    Parameters
    ----------
    word : object
        What was received; anything but a text has no nearest option.
    options : iterable of str
        What would have been accepted.

    Returns
    -------
    str
        ``did you mean 'ema'?`` or ``choose one of ...``.
    """
    choices = list(options)
    if isinstance(word, str):
        near = difflib.get_close_matches(word[:SHOWN_CHARACTERS].lower(), choices, n=1)
        if near:
            return f"did you mean {near[0]!r}?"
    return f"choose one of {', '.join(choices)}"


def show(value: object) -> str:
    """Return a received value as short, safe text, whatever it is.

    Parameters
    ----------
    value : object
        Anything; containers are described and never walked.

    Returns
    -------
    str
        At most about sixty characters.
    """
    if isinstance(value, str):
        text = repr(value[:SHOWN_CHARACTERS])
        return f"{text}..." if len(value) > SHOWN_CHARACTERS else text
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int | float):
        return show_number(value)
    if isinstance(value, Mapping):
        return "an object"
    return "a list" if isinstance(value, list | tuple) else f"a {type(value).__name__[:40]}"


def show_number(value: float) -> str:
    """Return a number as people write it: 30 rather than 30.0, and never a mile long.

    Parameters
    ----------
    value : float
        Any number, whole numbers of any size included.

    Returns
    -------
    str
        Shortest text that reads back as the same number.
    """
    if isinstance(value, int):
        is_long = value.bit_length() > LONGEST_WHOLE_NUMBER_BITS
        return f"a whole number of {value.bit_length()} bits" if is_long else str(int(value))
    if math.isfinite(value) and value == int(value) and abs(value) < 1e15:
        return str(int(value))
    return repr(float(value))
