"""Read conditions: comparisons of operands, and groups of conditions."""

from collections.abc import Mapping
from typing import Any

from ml_training.data.rules import limits
from ml_training.data.rules.nodes import (
    Change,
    Comparison,
    Condition,
    Group,
    Not,
    Number,
    Operand,
    Range,
    Window,
    WithinLast,
)
from ml_training.data.rules.problems import show, show_number
from ml_training.data.rules.read_operands import read_operand
from ml_training.data.rules.reader import Reader, at

COMPARISONS = (">", ">=", "<", "<=", "crosses_above", "crosses_below", "crosses")
RANGES = ("between", "outside")
WINDOWS = ("rising", "falling", "is_highest", "is_lowest")
OPERATORS = (*COMPARISONS, *RANGES, *WINDOWS, "changed_by_pct", "within_last")
GROUPS = ("all", "any", "not", "at_least")
SHAPES = 'write {"left": ..., "op": ..., "right": ...} or a group: all, any, not, at_least'

DEFAULT_BARS: Mapping[str, int] = {"rising": 1, "falling": 1, "changed_by_pct": 1}
"""Windows that may be left out; the others have no natural length."""

SHORTEST_BARS: Mapping[str, int] = {"is_highest": 2, "is_lowest": 2, "within_last": 2}
"""Windows that would say nothing with a single bar."""


class ConditionReader:
    """Read one side of a strategy: a tree of conditions with bounded depth and size."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self.n_conditions = 0

    def read(self, value: object, path: str, depth: int = 1) -> Condition | None:
        """Read a condition or a group; None when there was a problem.

        Parameters
        ----------
        value : object
            The JSON value.
        path : str
            Its JSON path.
        depth : int
            Groups around it, itself included.

        Returns
        -------
        condition or None
        """
        if not self.reader.enter(path):
            return None
        if not isinstance(value, Mapping):
            self.reader.refuse(path, f"must be a condition, got {show(value)}", SHAPES)
            return None
        group = next((key for key in GROUPS if key in value), None)
        if group is None and value.get("op") != "within_last":
            return self._read_leaf(value, path)
        if depth > limits.MOST_DEPTH:
            self.reader.refuse(path, f"groups nest at most {limits.MOST_DEPTH} deep", "flatten it")
            return None
        if group is None:
            return self._read_within_last(value, path, depth)
        return self._read_group(group, value, path, depth)

    def _read_group(
        self, key: str, value: Mapping[str, Any], path: str, depth: int
    ) -> Condition | None:
        if key == "at_least":
            return self._read_at_least(value, path, depth)
        fields = self.reader.fields(value, path, (key,))
        if fields is None:
            return None
        if key == "not":
            inner = self.read(fields[key], at(path, key), depth + 1)
            return None if inner is None else Not(inner)
        members = self._read_members(fields[key], at(path, key), depth)
        return None if members is None else Group(key, members)

    def _read_at_least(self, value: Mapping[str, Any], path: str, depth: int) -> Condition | None:
        fields = self.reader.fields(value, path, ("at_least", "of"), required=("of",))
        if fields is None or "of" not in fields:
            return None
        members = self._read_members(fields["of"], at(path, "of"), depth)
        n_members = len(fields["of"]) if isinstance(fields["of"], list | tuple) else 1
        most = max(1, min(n_members, limits.MOST_MEMBERS))
        count = self.reader.integer(fields["at_least"], at(path, "at_least"), 1, most)
        if members is None or count is None:
            return None
        return Group("at_least", members, count)

    def _read_members(self, value: object, path: str, depth: int) -> tuple[Condition, ...] | None:
        items = self.reader.items(value, path, 1, limits.MOST_MEMBERS)
        if items is None:
            return None
        read = [self.read(item, f"{path}[{i}]", depth + 1) for i, item in enumerate(items)]
        members = tuple(member for member in read if member is not None)
        return members if len(members) == len(items) else None

    def _read_within_last(
        self, value: Mapping[str, Any], path: str, depth: int
    ) -> Condition | None:
        fields = self.reader.fields(value, path, ("op", "bars", "of"), required=("bars", "of"))
        if fields is None:
            return None
        bars = self._read_bars("within_last", fields, path)
        if "of" not in fields:
            return None
        inner = self.read(fields["of"], at(path, "of"), depth + 1)
        return None if inner is None or bars is None else WithinLast(inner, bars)

    def _read_leaf(self, value: Mapping[str, Any], path: str) -> Condition | None:
        self.n_conditions += 1
        if self.n_conditions > limits.MOST_CONDITIONS:
            if self.n_conditions == limits.MOST_CONDITIONS + 1:
                rule = f"one side holds at most {limits.MOST_CONDITIONS} conditions"
                self.reader.refuse(path, rule, "remove some")
            return None
        if "op" not in value:
            self.reader.refuse(path, "is not a condition: `op` is missing", SHAPES)
            return None
        op = self.reader.choice(value["op"], at(path, "op"), OPERATORS, "operator")
        if op is None:
            return None
        return self._read_operator(op, value, path)

    def _read_operator(self, op: str, value: Mapping[str, Any], path: str) -> Condition | None:
        if op in COMPARISONS:
            return self._read_comparison(op, value, path)
        if op in RANGES:
            return self._read_range(op, value, path)
        if op in WINDOWS:
            return self._read_window(op, value, path)
        return self._read_change(value, path)

    def _read_comparison(self, op: str, value: Mapping[str, Any], path: str) -> Condition | None:
        required = ("left", "op", "right")
        fields = self.reader.fields(value, path, required, required=required)
        left = self._read_side("left", fields, path)
        right = self._read_side("right", fields, path)
        if left is None or right is None:
            return None
        if isinstance(left, Number) and isinstance(right, Number):
            self.reader.refuse(path, "compares two numbers", "put a price or indicator on a side")
            return None
        if left == right:
            self.reader.refuse(path, "compares a value with itself", "change one side")
            return None
        return Comparison(left, op, right)

    def _read_range(self, op: str, value: Mapping[str, Any], path: str) -> Condition | None:
        required = ("left", "op", "right")
        fields = self.reader.fields(value, path, required, required=required)
        left = self._read_varying(fields, path)
        if fields is None or "right" not in fields:
            return None
        where = at(path, "right")
        ends = self.reader.items(fields["right"], where, 2, 2)
        if ends is None:
            return None
        low = read_operand(self.reader, ends[0], f"{where}[0]")
        high = read_operand(self.reader, ends[1], f"{where}[1]")
        if left is None or low is None or high is None:
            return None
        if isinstance(low, Number) and isinstance(high, Number) and low.value >= high.value:
            got = f"got {show_number(low.value)} and {show_number(high.value)}"
            self.reader.refuse(where, f"the lower end comes first, {got}", "swap the ends")
            return None
        return Range(left, op, low, high)

    def _read_window(self, op: str, value: Mapping[str, Any], path: str) -> Condition | None:
        required = ("left",) if op in DEFAULT_BARS else ("left", "bars")
        fields = self.reader.fields(value, path, ("left", "op", "bars"), required=required)
        left = self._read_varying(fields, path)
        bars = self._read_bars(op, fields, path)
        return None if left is None or bars is None else Window(left, op, bars)

    def _read_change(self, value: Mapping[str, Any], path: str) -> Condition | None:
        known = ("left", "op", "right", "bars")
        fields = self.reader.fields(value, path, known, required=("left", "right"))
        left = self._read_varying(fields, path)
        bars = self._read_bars("changed_by_pct", fields, path)
        if fields is None or "right" not in fields:
            return None
        where, most = at(path, "right"), limits.LARGEST_NUMBER
        percent = self.reader.number(fields["right"], where, -most, most)
        if percent == 0:
            self.reader.refuse(where, "must not be 0", "2 means up by 2 %, -2 down by 2 %")
            return None
        if left is None or bars is None or percent is None:
            return None
        return Change(left, percent, bars)

    def _read_side(self, key: str, fields: Mapping[str, Any] | None, path: str) -> Operand | None:
        if fields is None or key not in fields:
            return None
        return read_operand(self.reader, fields[key], at(path, key))

    def _read_varying(self, fields: Mapping[str, Any] | None, path: str) -> Operand | None:
        left = self._read_side("left", fields, path)
        if isinstance(left, Number):
            hint = "put a price or indicator here"
            self.reader.refuse(at(path, "left"), "a number never changes", hint)
            return None
        return left

    def _read_bars(self, op: str, fields: Mapping[str, Any] | None, path: str) -> int | None:
        if fields is None or ("bars" not in fields and op not in DEFAULT_BARS):
            return None
        bars = fields.get("bars", DEFAULT_BARS.get(op))
        least = SHORTEST_BARS.get(op, 1)
        return self.reader.integer(bars, at(path, "bars"), least, limits.MOST_BARS)
