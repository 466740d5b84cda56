"""Read one side of a strategy: groups of conditions, bounded in depth and size."""

from collections.abc import Mapping
from typing import Any

from ml_training.data.rules import limits
from ml_training.data.rules.nodes import Condition, Group, Not, WithinLast
from ml_training.data.rules.problems import show
from ml_training.data.rules.read_leaves import WITHIN_LAST, read_bars, read_leaf
from ml_training.data.rules.reader import Reader, at

GROUPS = ("all", "any", "not", "at_least")
SHAPES = 'write {"left": ..., "op": ..., "right": ...} or a group: all, any, not, at_least'


class ConditionReader:
    """Read the tree of one side and count its conditions."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self.n_conditions = 0

    def read(self, value: object, path: str, depth: int = 1) -> Condition | None:
        """Read a condition or a group.

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
            None when there was a problem.
        """
        if not self.reader.enter(path):
            return None
        if not isinstance(value, Mapping):
            self.reader.refuse(path, f"must be a condition, got {show(value)}", SHAPES)
            return None
        group = _group_of(value)
        if group is None:
            return self._read_counted(value, path)
        if depth > limits.MOST_DEPTH:
            rule = f"groups nest at most {limits.MOST_DEPTH} deep"
            self.reader.refuse(path, rule, "flatten it")
            return None
        return self._read_group(group, value, path, depth)

    def _read_counted(self, value: Mapping[str, Any], path: str) -> Condition | None:
        self.n_conditions += 1
        if self.n_conditions <= limits.MOST_CONDITIONS:
            return read_leaf(self.reader, value, path)
        if self.n_conditions == limits.MOST_CONDITIONS + 1:
            rule = f"one side holds at most {limits.MOST_CONDITIONS} conditions"
            self.reader.refuse(path, rule, "remove some")
        return None

    def _read_group(
        self, key: str, value: Mapping[str, Any], path: str, depth: int
    ) -> Condition | None:
        if key == "at_least":
            return self._read_at_least(value, path, depth)
        if key == WITHIN_LAST:
            return self._read_within_last(value, path, depth)
        fields = self.reader.fields(value, path, (key,)) or {}
        if key == "not":
            inner = self.read(fields[key], at(path, key), depth + 1)
            return None if inner is None else Not(inner)
        members = self._read_members(fields[key], at(path, key), depth)
        return None if members is None else Group(key, members)

    def _read_at_least(self, value: Mapping[str, Any], path: str, depth: int) -> Condition | None:
        fields = self.reader.fields(value, path, ("at_least", "of"), required=("of",)) or {}
        if "of" not in fields:
            return None
        members = self._read_members(fields["of"], at(path, "of"), depth)
        most = limits.MOST_MEMBERS if members is None else len(members)
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
        known = ("op", "bars", "of")
        fields = self.reader.fields(value, path, known, required=("bars", "of")) or {}
        bars = read_bars(self.reader, WITHIN_LAST, fields, path)
        if "of" not in fields:
            return None
        inner = self.read(fields["of"], at(path, "of"), depth + 1)
        return None if inner is None or bars is None else WithinLast(inner, bars)


def _group_of(value: Mapping[str, Any]) -> str | None:
    """Return the key that makes an object a group; None for a plain condition."""
    named = next((key for key in GROUPS if key in value), None)
    if named is not None:
        return named
    op = value.get("op")
    return WITHIN_LAST if isinstance(op, str) and op == WITHIN_LAST else None
