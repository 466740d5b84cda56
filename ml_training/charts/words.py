"""Keys, numbers and times as people read them."""

import json
import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from ml_training.charts.series import say_number

DASH = "-"

SHOWN_ITEMS = 4
"""Members of a list that are shown; chosen: four layers fit a phone."""

LONGEST_PRETTY = 100_000
"""Characters up to which JSON is indented; chosen: ten times the longest preset."""

MINUTE_S, HOUR_S = 60, 3_600
VERDICTS = {
    "not_enough_data": "not enough data",
    "no_edge": "no edge",
    "ranks_but_does_not_pay": "ranks, but does not pay",
    "edge_uncertain": "edge, uncertain",
    "edge_stable": "edge, stable",
    "suspected_leak": "suspected leak",
}
BLOCKS = {
    "walk_forward": " of all folds, none seen in training",
    "test": " of the test block",
    "validation": " of the validation block",
}
SHORT_WORDS = {
    "lr": "learning rate",
    "relu": "ReLU",
    "nan": "missing",
    "inf": "or infinite",
    "init": "first weights",
}
"""What keys abbreviate."""


def words(key: object) -> str:
    """Say a key such as `lr_too_high` in words."""
    text = str(key)
    if text in VERDICTS:
        return VERDICTS[text]
    return " ".join(SHORT_WORDS.get(word, word) for word in text.split("_"))


def say_block(measured_on: str) -> str:
    """Say where a figure was measured, to follow a count of setups."""
    return BLOCKS.get(measured_on, "")


def number(value: object) -> str:
    """Show up to four significant digits; a dash for nothing."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return DASH if value is None or value == "" else str(value)
    if isinstance(value, int):
        return f"{value:,}"
    return say_number(value) if math.isfinite(value) else "not a number"


def day(value: object) -> str:
    """Show the date of a time in epoch seconds or in ISO form."""
    if isinstance(value, str):
        return value[:10]
    if isinstance(value, bool) or not isinstance(value, int | float):
        return DASH
    return datetime.fromtimestamp(value, UTC).date().isoformat()


def percent(value: object) -> str:
    """Show a share of 0-1 as percent."""
    return f"{value:.1%}" if isinstance(value, int | float) else DASH


def r_multiple(value: object) -> str:
    """Show a result in R with its sign."""
    return f"{value:+.3f} R" if isinstance(value, int | float) else DASH


def duration(seconds: object) -> str:
    """Show seconds as people say them."""
    if not isinstance(seconds, int | float) or not math.isfinite(seconds):
        return DASH
    if seconds < MINUTE_S:
        return f"{seconds:.0f} s"
    if seconds < HOUR_S:
        return f"{seconds // MINUTE_S:.0f} min {seconds % MINUTE_S:.0f} s"
    return f"{seconds // HOUR_S:.0f} h {seconds % HOUR_S // MINUTE_S:.0f} min"


def file_size(n_bytes: object) -> str:
    """Show a number of bytes."""
    if not isinstance(n_bytes, int):
        return DASH
    return f"{n_bytes / 1024:,.0f} KiB" if n_bytes < 1024**2 else f"{n_bytes / 1024**2:,.1f} MiB"


def short(value: object) -> str:
    """Show a value of any shape in a few words."""
    if isinstance(value, Mapping):
        return ", ".join(
            f"{words(key)} {short(item)}" for key, item in _first(list(value.items()))
        )
    if isinstance(value, Sequence) and not isinstance(value, str):
        more = f" and {len(value) - SHOWN_ITEMS} more" if len(value) > SHOWN_ITEMS else ""
        return ", ".join(short(item) for item in _first(value)) + more
    if isinstance(value, bool):
        return "yes" if value else "no"
    return number(value)


def _first(items: Sequence[Any]) -> Sequence[Any]:
    return items[:SHOWN_ITEMS]


def pretty_json(value: object) -> str:
    """Write a document so that people can read it."""
    text = json.dumps(value, indent=2, ensure_ascii=False)
    if len(text) > LONGEST_PRETTY:  # deep nesting makes more spaces than text
        return json.dumps(value, ensure_ascii=False)
    return text


def at(mapping: object, key: object) -> object:
    """Look a key up; None where there is none."""
    return mapping.get(key) if isinstance(mapping, Mapping) else None
