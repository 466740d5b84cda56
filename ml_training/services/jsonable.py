"""Bring measured values into a form that every JSON column takes."""

import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date
from enum import Enum
from pathlib import PurePath
from typing import Any


def to_jsonable(value: Any) -> Any:
    """Return `value` as plain JSON: arrays as lists, NaN and Inf as the words for them.

    PostgreSQL and SQLite both refuse NaN in JSON, yet a loss that became NaN is the
    very thing a run must be able to show; so it is stored as the text "NaN".
    """
    if isinstance(value, Enum):
        return to_jsonable(value.value)
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return to_finite(float(value))
    return convert(value)


def convert(value: Any) -> Any:
    """Return a container, an array or an object as plain JSON."""
    if isinstance(value, Mapping):
        return {str(key): to_jsonable(item) for key, item in value.items()}
    if is_dataclass(value):
        return {field.name: to_jsonable(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, list | tuple | set | frozenset):
        return [to_jsonable(item) for item in value]
    return convert_scalar(value)


def convert_scalar(value: Any) -> Any:
    """Return an array, a date or a path as plain JSON; anything else as its text."""
    if hasattr(value, "tolist"):  # numpy arrays and scalars, torch tensors
        return to_jsonable(value.tolist())
    if isinstance(value, date):
        return value.isoformat()
    return str(value) if isinstance(value, PurePath) else repr(value)


def to_finite(number: float) -> float | str:
    """Return a finite number as it is, else "NaN", "Infinity" or "-Infinity"."""
    if math.isfinite(number):
        return number
    if math.isnan(number):
        return "NaN"
    return "Infinity" if number > 0 else "-Infinity"
