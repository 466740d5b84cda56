"""From a sent form to a rules document; nothing is judged here."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.http import QueryDict

from ml_training.data.indicators import INDICATORS
from ml_training.data.rules import limits
from ml_training.data.rules.document import EVERY_DAY
from ml_training.views.builder.choices import EXPRESSION, NUMBER, is_indicator

NEW_RULE: dict[str, Any] = {
    "left": {"ind": "rsi", "length": 14},
    "op": "crosses_above",
    "right": 30,
}
NEW_GROUP: dict[str, Any] = {"any": [NEW_RULE]}
MOST_LEVELS = limits.MOST_DEPTH + 3
"""Levels read; chosen: a little deeper than the grammar allows, so that it says so."""

LONGEST_TEXT = limits.MOST_CHARACTERS
LONGEST_FIELD = 2_000


@dataclass(frozen=True)
class Action:
    """The button that was pressed: what to do, and to which row."""

    verb: str = "refresh"
    target: str = ""


def read_action(form: QueryDict) -> Action:
    """Return what the pressed button says, such as `remove:long.0`."""
    verb, _, target = form.get("do", "refresh").partition(":")
    return Action(verb, target)


def read_document(form: QueryDict, action: Action = Action()) -> Any:
    """Return the document that a form describes, after the action.

    Parameters
    ----------
    form : QueryDict
        Fields named by the place of their row, such as `long.0.left.what`.
    action : Action
        A row to add or to remove on the way.
    """
    if action.verb == "read_json":
        return parse_json(form.get("json", "")[: LONGEST_TEXT + 1])
    reader = FormReader(form, action)
    return {
        **reader.read_sides(),
        "exit": reader.read_exit(),
        "filters": reader.read_filters(),
        "costs": reader.read_costs(),
    }


def parse_json(text: str) -> Any:
    """Return what a text holds, or the text itself when it is not JSON."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


class FormReader:
    """Read one form."""

    def __init__(self, form: QueryDict, action: Action) -> None:
        self.form = form
        self.action = action

    def text(self, name: str, default: str = "") -> str:
        """Return a field as text."""
        return self.form.get(name, default).strip()[:LONGEST_FIELD]

    def number(self, name: str, default: str = "") -> int | float | str:
        """Return a field as a number; what is none stays as it was typed."""
        text = self.text(name, default).replace(",", ".")
        for kind in (int, float):
            try:
                return kind(text)
            except ValueError:
                continue
        return text

    def read_sides(self) -> dict[str, Any]:
        """Return the entries of both sides."""
        sides: dict[str, Any] = {}
        for side in ("long", "short"):
            mode = self.text(f"{side}.mode", "none")
            if mode == "own":
                sides[side] = unwrap(self.read_condition(side, 1))
            elif mode == "mirror" and side == "short":
                sides[side] = "mirror"
        return sides

    def read_condition(self, name: str, level: int) -> Any:
        """Return a condition or a group."""
        kind = self.text(f"{name}.kind")
        if kind == "raw":
            return parse_json(self.text(f"{name}.json"))
        if kind == "group" or level == 1:
            return self.read_group(name, level)
        return self.read_rule(name)

    def read_group(self, name: str, level: int) -> dict[str, Any]:
        """Return a group with its members, one added or removed by the action."""
        members = self.read_members(name, level) if level <= MOST_LEVELS else []
        op = self.text(f"{name}.op", "all")
        if op == "at_least":
            return {"at_least": self.number(f"{name}.count", "2"), "of": members}
        if op == "within_last":
            bars = self.number(f"{name}.bars", "3")
            return {"op": "within_last", "bars": bars, "of": as_one(members)}
        return {"not": as_one(members)} if op == "not" else {op: members}

    def read_members(self, name: str, level: int) -> list[Any]:
        """Return the rows of a group."""
        n_rows = self.number(f"{name}.n", "0")
        most = min(n_rows, limits.MOST_MEMBERS + 1) if isinstance(n_rows, int) else 0
        names = [f"{name}.{at}" for at in range(most)]
        if self.action.verb == "remove":
            names = [one for one in names if one != self.action.target]
        members = [self.read_condition(one, level + 1) for one in names]
        if self.action.target == name:
            members += [
                fresh
                for verb, fresh in (("add_rule", NEW_RULE), ("add_group", NEW_GROUP))
                if verb == self.action.verb
            ]
        return members

    def read_rule(self, name: str) -> dict[str, Any]:
        """Return one plain condition with the fields that its operator takes."""
        op = self.text(f"{name}.op", ">")
        rule: dict[str, Any] = {"left": self.read_operand(f"{name}.left"), "op": op}
        if op in {"between", "outside"}:
            rule["right"] = [self.read_operand(f"{name}.{end}") for end in ("right", "high")]
        elif op == "changed_by_pct":
            rule |= {"right": self.number(f"{name}.percent", "2")}
            rule |= {"bars": self.number(f"{name}.bars", "1")}
        elif op in {"rising", "falling", "is_highest", "is_lowest"}:
            default = "1" if op in {"rising", "falling"} else "20"
            rule["bars"] = self.number(f"{name}.bars", default)
        else:
            rule["right"] = self.read_operand(f"{name}.right")
        return rule

    def read_operand(self, name: str) -> Any:
        """Return a number, a price, an indicator or an expression."""
        what = self.text(f"{name}.what", NUMBER)
        if what == NUMBER:
            return self.number(f"{name}.number", "0")
        if what == EXPRESSION:
            return parse_json(self.text(f"{name}.json"))
        if what.startswith("price:"):
            place = self.read_place(name)
            return {"price": what[6:], **place} if place else what[6:]
        return self.read_indicator(name, what)

    def read_indicator(self, name: str, what: str) -> dict[str, Any]:
        """Return an indicator; its own fields count only if they were shown for it."""
        use: dict[str, Any] = {"ind": what.removeprefix("ind:")}
        if is_indicator(what) and self.text(f"{name}.was") == what:
            for key, param in INDICATORS[use["ind"]].params.items():
                field = f"{name}.p.{key}"
                if field in self.form:
                    is_choice = param.kind == "choice"
                    use[key] = self.text(field) if is_choice else self.number(field)
            if output := self.text(f"{name}.output"):
                use["output"] = output
        return {**use, **self.read_place(name)}

    def read_place(self, name: str) -> dict[str, Any]:
        """Return how far back and on which timeframe an operand is read."""
        place: dict[str, Any] = {}
        if (shift := self.number(f"{name}.shift", "0")) not in {0, ""}:
            place["shift"] = shift
        if timeframe := self.text(f"{name}.tf"):
            place["tf"] = timeframe
        return place

    def read_exit(self) -> dict[str, Any]:
        """Return target, stop and time limit."""
        return {
            "take_profit": self.read_distance("exit.target"),
            "stop_loss": self.read_distance("exit.stop"),
            "max_bars": self.number("exit.max_bars", "48"),
        }

    def read_distance(self, name: str) -> dict[str, Any]:
        """Return one barrier."""
        kind = self.text(f"{name}.kind", "atr")
        length = {"length": self.number(f"{name}.length", str(limits.ATR_LENGTH))}
        if kind == "level":
            level = self.read_operand(f"{name}.level")
            return {"level": level, **length, "offset_atr": self.number(f"{name}.offset", "0")}
        width = {kind: self.number(f"{name}.value", "1")}
        return {**width, **length} if kind == "atr" else width

    def read_filters(self) -> dict[str, Any]:
        """Return hours, days and pauses."""
        days = [int(day) for day in self.form.getlist("weekdays") if day in "1234567" and day]
        return {
            "sessions": self.form.getlist("sessions") or None,
            "weekdays": days or list(EVERY_DAY),
            "cooldown_bars": self.number("cooldown_bars", "0"),
            "one_open_per_symbol": self.text("one_open_per_symbol", "yes") == "yes",
        }

    def read_costs(self) -> Any:
        """Return the user's own costs, or those of the instrument."""
        if self.text("costs.mode", "from_instrument") != "own":
            return "from_instrument"
        fields = ("spread_pips", "commission_bps")
        given = {name: self.number(f"costs.{name}") for name in fields}
        return {name: value for name, value in given.items() if value != ""}


def as_one(members: list[Any]) -> Any:
    """Return the only member, or a group of all."""
    return members[0] if len(members) == 1 else {"all": members}


def unwrap(group: Mapping[str, Any]) -> Any:
    """Return a side's only condition without the group that the form drew around it."""
    members = group.get("all")
    return members[0] if isinstance(members, list) and len(members) == 1 else group
