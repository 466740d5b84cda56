"""Read plain conditions: an operand, an operator, and what it is compared with."""

from collections.abc import Callable, Mapping
from typing import Any

from ml_training.data.rules import limits
from ml_training.data.rules.nodes import (
    Change,
    Comparison,
    Condition,
    Number,
    Operand,
    Range,
    Window,
)
from ml_training.data.rules.problems import show_number
from ml_training.data.rules.read_operands import read_operand
from ml_training.data.rules.reader import Reader, at
from ml_training.data.rules.scales import find_mismatch

COMPARISONS = (">", ">=", "<", "<=", "crosses_above", "crosses_below", "crosses")
RANGES = ("between", "outside")
WINDOWS = ("rising", "falling", "is_highest", "is_lowest")
CHANGE = "changed_by_pct"
WITHIN_LAST = "within_last"
OPERATORS = (*COMPARISONS, *RANGES, *WINDOWS, CHANGE, WITHIN_LAST)
SIDES = ("left", "op", "right")

DEFAULT_BARS: Mapping[str, int] = {"rising": 1, "falling": 1, CHANGE: 1}
"""Windows that may be left out; the others have no natural length."""

SHORTEST_BARS: Mapping[str, int] = {"is_highest": 2, "is_lowest": 2, WITHIN_LAST: 2}
"""Windows that would say nothing with a single bar."""


def read_leaf(reader: Reader, value: Mapping[str, Any], path: str) -> Condition | None:
    """Read a condition without conditions inside.

    Parameters
    ----------
    reader : Reader
        Collects the problems.
    value : mapping
        The JSON object.
    path : str
        Its JSON path.

    Returns
    -------
    condition or None
        None when there was a problem.
    """
    if "op" not in value:
        hint = 'write {"left": ..., "op": ..., "right": ...} or all, any, not, at_least'
        reader.refuse(path, "is not a condition: `op` is missing", hint)
        return None
    op = reader.choice(value["op"], at(path, "op"), OPERATORS, "operator")
    if op is None:
        return None
    return _reader_of(op)(reader, op, value, path)


def read_bars(reader: Reader, op: str, fields: Mapping[str, Any], path: str) -> int | None:
    """Read the length of an operator's window; None when there was a problem."""
    if "bars" not in fields and op not in DEFAULT_BARS:
        return None  # noted as missing by the caller
    bars = fields.get("bars", DEFAULT_BARS.get(op))
    return reader.integer(bars, at(path, "bars"), SHORTEST_BARS.get(op, 1), limits.MOST_BARS)


def _reader_of(op: str) -> Callable[..., Condition | None]:
    if op in COMPARISONS:
        return _read_comparison
    if op in RANGES:
        return _read_range
    return _read_window if op in WINDOWS else _read_change


def _read_comparison(
    reader: Reader, op: str, value: Mapping[str, Any], path: str
) -> Condition | None:
    fields = reader.fields(value, path, SIDES, required=SIDES) or {}
    left = _read_side(reader, "left", fields, path)
    right = _read_side(reader, "right", fields, path)
    if left is None or right is None:
        return None
    if isinstance(left, Number) and isinstance(right, Number):
        reader.refuse(path, "compares two numbers", "put a price or indicator on a side")
    elif left == right:
        reader.refuse(path, "compares a value with itself", "change one side")
    _check_scales(reader, left, right, path)
    return Comparison(left, op, right)


def _read_range(reader: Reader, op: str, value: Mapping[str, Any], path: str) -> Condition | None:
    fields = reader.fields(value, path, SIDES, required=SIDES) or {}
    left = _read_varying(reader, fields, path)
    if "right" not in fields:
        return None
    where = at(path, "right")
    ends = reader.items(fields["right"], where, 2, 2) or ()
    read = [read_operand(reader, end, f"{where}[{i}]") for i, end in enumerate(ends)]
    both = [end for end in read if end is not None]
    if left is None or len(both) < 2:
        return None
    low, high = both
    _check_ends(reader, low, high, where)
    _check_scales(reader, left, low, path)
    _check_scales(reader, left, high, path)
    return Range(left, op, low, high)


def _check_ends(reader: Reader, low: Operand, high: Operand, path: str) -> None:
    if isinstance(low, Number) and isinstance(high, Number) and low.value >= high.value:
        got = f"got {show_number(low.value)} and {show_number(high.value)}"
        reader.refuse(path, f"the lower end comes first, {got}", "swap the ends")


def _read_window(reader: Reader, op: str, value: Mapping[str, Any], path: str) -> Condition | None:
    required = ("left",) if op in DEFAULT_BARS else ("left", "bars")
    fields = reader.fields(value, path, ("left", "op", "bars"), required=required) or {}
    left = _read_varying(reader, fields, path)
    bars = read_bars(reader, op, fields, path)
    return None if left is None or bars is None else Window(left, op, bars)


def _read_change(reader: Reader, op: str, value: Mapping[str, Any], path: str) -> Condition | None:
    known = (*SIDES, "bars")
    fields = reader.fields(value, path, known, required=("left", "right")) or {}
    left = _read_varying(reader, fields, path)
    bars = read_bars(reader, op, fields, path)
    percent = None
    if "right" in fields:
        where, most = at(path, "right"), limits.LARGEST_NUMBER
        percent = reader.number(fields["right"], where, -most, most)
        if percent == 0:
            reader.refuse(where, "must not be 0", "2 means up by 2 %, -2 down by 2 %")
    if left is None or bars is None or percent is None:
        return None
    return Change(left, percent, bars)


def _read_side(reader: Reader, key: str, fields: Mapping[str, Any], path: str) -> Operand | None:
    return read_operand(reader, fields[key], at(path, key)) if key in fields else None


def _read_varying(reader: Reader, fields: Mapping[str, Any], path: str) -> Operand | None:
    left = _read_side(reader, "left", fields, path)
    if isinstance(left, Number):
        hint = "put a price or indicator here"
        reader.refuse(at(path, "left"), "a number never changes", hint)
        return None
    return left


def _check_scales(reader: Reader, left: Operand, right: Operand, path: str) -> None:
    mismatch = find_mismatch(left, right)
    if mismatch:
        reader.refuse(path, mismatch, "compare like with like")
