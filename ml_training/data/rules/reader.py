"""Small checks of JSON values that collect problems instead of raising."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from ml_training.data.rules import limits
from ml_training.data.rules.problems import (
    KEPT_PROBLEMS,
    RuleProblem,
    show,
    show_number,
    suggest,
)

SHOWN_KEYS = 10
"""Unknown keys named per object; chosen: a typo has one, a bomb has thousands."""

SHOWN_KEY_CHARACTERS = 70
"""Characters of a key in a path; chosen: longer than any known key."""


class Reader:
    """Collect problems while a document is read; a check that fails returns None."""

    def __init__(self) -> None:
        self.problems: list[RuleProblem] = []
        self.n_nodes = 0

    def refuse(self, path: str, message: str, hint: str) -> None:
        """Note one problem, up to a limit."""
        if len(self.problems) < KEPT_PROBLEMS:
            self.problems.append(RuleProblem(path, message, hint))

    def enter(self, path: str) -> bool:
        """Count one part; False once the document is too large to go on."""
        self.n_nodes += 1
        if self.n_nodes == limits.MOST_NODES + 1:
            self.refuse(path, f"rules hold at most {limits.MOST_NODES} parts", "simplify them")
        return self.n_nodes <= limits.MOST_NODES

    def fields(
        self, value: object, path: str, known: Sequence[str], required: Sequence[str] = ()
    ) -> dict[str, Any] | None:
        """Return the known keys of an object; note unknown and missing ones."""
        if not isinstance(value, Mapping):
            hint = f"its keys are {', '.join(known)}"
            self.refuse(path, f"must be an object, got {show(value)}", hint)
            return None
        unknown = [key for key in value if key not in known]
        for key in unknown[:SHOWN_KEYS]:
            self.refuse(at(path, key), f"unknown key {show(key)}", suggest(key, known))
        if len(unknown) > SHOWN_KEYS:
            self.refuse(path, f"{len(unknown) - SHOWN_KEYS} more unknown keys", "remove them")
        for key in required:
            if key not in value:
                self.refuse(at(path, key), "is missing", f"add {key!r}")
        return {key: value[key] for key in known if key in value}

    def number(self, value: object, path: str, low: float, high: float) -> float | None:
        """Return a finite number from `low` to `high` as a float."""
        if isinstance(value, bool) or not isinstance(value, int | float):
            hint = f"write one {_range(low, high)}, without quotes"
            self.refuse(path, f"must be a number, got {show(value)}", hint)
            return None
        if not self._is_inside(value, path, low, high):
            return None
        return float(value) + 0.0  # turns -0.0 into 0.0

    def integer(self, value: object, path: str, low: int, high: int) -> int | None:
        """Return a whole number from `low` to `high`; 14.0 counts as whole."""
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int):
            hint = f"write one {_range(low, high)}, without quotes or decimals"
            self.refuse(path, f"must be a whole number, got {show(value)}", hint)
            return None
        return int(value) if self._is_inside(value, path, low, high) else None

    def _is_inside(self, value: int | float, path: str, low: float, high: float) -> bool:
        if low <= value <= high:
            return True
        nearest = show_number(high if value > high else low)
        is_nan = isinstance(value, float) and math.isnan(value)
        hint = "write a number" if is_nan else f"the nearest allowed is {nearest}"
        self.refuse(path, f"must be {_range(low, high)}, got {show(value)}", hint)
        return False

    def choice(self, value: object, path: str, options: Sequence[str], what: str) -> str | None:
        """Return one of `options`, which are called `what` in the message."""
        if isinstance(value, str) and value in options:
            return options[options.index(value)]
        self.refuse(path, f"unknown {what} {show(value)}", suggest(value, options))
        return None

    def items(self, value: object, path: str, least: int, most: int) -> Sequence[Any] | None:
        """Return a list of `least` to `most` items."""
        wanted = str(least) if least == most else f"{least} to {most}"
        if not isinstance(value, list | tuple):
            self.refuse(path, f"must be a list, got {show(value)}", f"write [ ] with {wanted}")
            return None
        if not least <= len(value) <= most:
            self.refuse(path, f"must hold {wanted}, got {len(value)}", f"write {wanted}")
            return None
        return value

    def flag(self, value: object, path: str) -> bool | None:
        """Return true or false, and nothing else."""
        if isinstance(value, bool):
            return value
        self.refuse(path, f"must be true or false, got {show(value)}", "write it without quotes")
        return None


def at(path: str, key: object) -> str:
    """Return the path of a key below `path`; odd keys are quoted."""
    is_plain = isinstance(key, str) and key[:SHOWN_KEY_CHARACTERS].isidentifier()
    name = key[:SHOWN_KEY_CHARACTERS] if is_plain and isinstance(key, str) else show(key)
    return f"{path}.{name}" if path else name


def _range(low: float, high: float) -> str:
    return show_number(low) if low == high else f"from {show_number(low)} to {show_number(high)}"
