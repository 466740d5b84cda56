"""From a rules document to the rows of the form, with what is wrong beside them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.safestring import SafeString

from ml_training.charts.words import pretty_json
from ml_training.data.indicators import INDICATORS, Param
from ml_training.data.rules.nodes import PRICES
from ml_training.data.rules.problems import RuleProblem
from ml_training.views.builder import choices
from ml_training.views.builder.read import MOST_LEVELS

NOTHING = SafeString("")


@dataclass(frozen=True, kw_only=True)
class ParamField:
    """One parameter of an indicator."""

    name: str
    label: str
    value: object
    options: SafeString | None = None
    hint: str = ""


@dataclass(frozen=True, kw_only=True)
class OperandFields:
    """The fields of one operand."""

    name: str
    label: str
    what: str
    options: SafeString
    number: object = ""
    json: str = ""
    shift: object = 0
    tf_options: SafeString = NOTHING
    output_options: SafeString | None = None
    params: Sequence[ParamField] = ()
    has_place: bool = False


@dataclass(frozen=True, kw_only=True)
class Node:
    """One row of the form: a group, a plain rule, or JSON that is neither."""

    name: str
    kind: str
    problems: Sequence[str]
    op: str = ""
    op_options: SafeString = NOTHING
    operands: Sequence[OperandFields] = ()
    members: "Sequence[Node]" = ()
    bars: object = None
    percent: object = None
    count: object = None
    json: str = ""
    is_root: bool = False


@dataclass(frozen=True)
class Problems:
    """What is wrong with a document, by place."""

    found: Sequence[RuleProblem] = field(default_factory=tuple)

    def at(self, path: str) -> list[str]:
        """Return what is wrong with one value itself."""
        return [say(one) for one in self.found if one.path == path]

    def within(self, path: str) -> list[str]:
        """Return what is wrong with a value or anything inside it."""
        return [
            say(one)
            for one in self.found
            if one.path == path or one.path.startswith((f"{path}.", f"{path}["))
        ]


def say(problem: RuleProblem) -> str:
    """Return the problem without its path."""
    return f"{problem.message}; {problem.hint}"


def lay_out_side(document: object, side: str, problems: Problems) -> Node:
    """Return the rows of one side; a single rule gets a group around it."""
    value = document.get(side) if isinstance(document, Mapping) else None
    if value is None or value == "mirror":
        value = {"all": []}
    if name_group(value) is None:
        members = [lay_out(value, f"{side}.0", side, problems, 2)]
        return make_group(side, "all", members, [], is_root=True)
    return lay_out(value, side, side, problems, 1)


def lay_out(value: object, name: str, path: str, problems: Problems, level: int) -> Node:
    """Return a condition as a row, and groups with their rows inside."""
    op = name_group(value)
    if op is not None and level <= MOST_LEVELS and isinstance(value, Mapping):
        return lay_out_group(value, op, name, path, problems, level)
    if isinstance(value, Mapping) and isinstance(value.get("op"), str) and "left" in value:
        return lay_out_rule(value, name, problems.within(path))
    return Node(name=name, kind="raw", problems=problems.within(path), json=pretty_json(value))


def name_group(value: object) -> str | None:
    """Return which group an object is; None for a rule and for anything else."""
    if not isinstance(value, Mapping):
        return None
    if value.get("op") == "within_last":
        return "within_last"
    return next((op for op in choices.GROUPS if op in value), None)


def lay_out_group(
    value: Mapping[str, Any], op: str, name: str, path: str, problems: Problems, level: int
) -> Node:
    """Return a group with its rows."""
    key = {"at_least": "of", "within_last": "of"}.get(op, op)
    inner = value.get(key)
    inside = f"{path}.{key}"
    if op in {"not", "within_last"}:
        rows = [(inner, inside)]
    else:
        items = inner if isinstance(inner, list | tuple) else []
        rows = [(item, f"{inside}[{at}]") for at, item in enumerate(items)]
    members = [
        lay_out(item, f"{name}.{at}", where, problems, level + 1)
        for at, (item, where) in enumerate(rows)
    ]
    own = [*problems.at(path), *problems.at(f"{path}.bars"), *problems.at(f"{path}.at_least")]
    if op not in {"not", "within_last"}:
        own += problems.at(inside)
    return make_group(
        name,
        op,
        members,
        own,
        is_root=level == 1,
        count=value.get("at_least"),
        bars=value.get("bars"),
    )


def make_group(
    name: str, op: str, members: Sequence[Node], problems: Sequence[str], **others: Any
) -> Node:
    """Return the row of a group."""
    return Node(
        name=name,
        kind="group",
        op=op,
        op_options=choices.list_options(choices.GROUPS, op),
        members=members,
        problems=problems,
        **others,
    )


def lay_out_rule(value: Mapping[str, Any], name: str, problems: Sequence[str]) -> Node:
    """Return a plain rule with the operands that its operator takes."""
    op = str(value["op"])
    right = value.get("right", 0)
    operands = [lay_out_operand(value["left"], f"{name}.left", "What")]
    percent = bars = None
    if op in {"between", "outside"}:
        ends = right if isinstance(right, list | tuple) and len(right) == 2 else [right, right]
        operands += [
            lay_out_operand(end, f"{name}.{key}", label)
            for end, key, label in zip(ends, ("right", "high"), ("from", "to"), strict=True)
        ]
    elif op == "changed_by_pct":
        percent, bars = right, value.get("bars", 1)
    elif op in choices.OPERATORS["Its own past"]:
        bars = value.get("bars", 1)
    else:
        operands.append(lay_out_operand(right, f"{name}.right", "than"))
    return Node(
        name=name,
        kind="rule",
        op=op,
        op_options=choices.operator_options(op[:40]),
        operands=operands,
        problems=problems,
        percent=percent,
        bars=bars,
    )


def lay_out_operand(value: object, name: str, label: str) -> OperandFields:
    """Return the fields of an operand; what the form has no fields for becomes JSON."""
    if isinstance(value, str) and value in PRICES:
        value = {"price": value}
    if isinstance(value, Mapping):
        if as_key(value.get("price")) in PRICES:
            return lay_out_price(value, name, label)
        if as_key(value.get("ind")) in INDICATORS:
            return lay_out_indicator(value, name, label)
    if isinstance(value, int | float | str) and not isinstance(value, bool):
        options = choices.operand_options(choices.NUMBER)
        return OperandFields(
            name=name, label=label, what=choices.NUMBER, options=options, number=value
        )
    options = choices.operand_options(choices.EXPRESSION)
    return OperandFields(
        name=name,
        label=label,
        what=choices.EXPRESSION,
        options=options,
        json=pretty_json(value),
    )


def as_key(value: object) -> str:
    """Return a text that can be looked up; an empty one for anything else."""
    return value if isinstance(value, str) else ""


def lay_out_price(value: Mapping[str, Any], name: str, label: str) -> OperandFields:
    """Return the fields of a column of the candles."""
    what = f"price:{value['price']}"
    return OperandFields(
        name=name,
        label=label,
        what=what,
        options=choices.operand_options(what),
        **lay_out_place(value),
    )


def lay_out_place(value: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields for bars ago and timeframe."""
    return {
        "has_place": True,
        "shift": value.get("shift", 0),
        "tf_options": choices.list_options(choices.HIGHER, value.get("tf") or ""),
    }


def lay_out_indicator(value: Mapping[str, Any], name: str, label: str) -> OperandFields:
    """Return the fields of an indicator: its parameters and its output."""
    indicator = INDICATORS[value["ind"]]
    what = f"ind:{indicator.key}"
    outputs = choices.named(indicator.outputs)
    shown = value.get("output") or indicator.outputs[0]
    return OperandFields(
        name=name,
        label=label,
        what=what,
        options=choices.operand_options(what),
        params=list(lay_out_params(indicator.params, value, name)),
        output_options=choices.list_options(outputs, shown) if len(outputs) > 1 else None,
        **lay_out_place(value),
    )


def lay_out_params(
    params: Mapping[str, Param], value: Mapping[str, Any], name: str
) -> Iterable[ParamField]:
    """Return a field per parameter."""
    for key, param in params.items():
        given = value.get(key, param.default)
        is_choice = param.kind == "choice"
        yield ParamField(
            name=f"{name}.p.{key}",
            label=key.replace("_", " "),
            value=given,
            options=choices.list_options(choices.named(param.choices), given)
            if is_choice
            else None,
            hint="" if is_choice else f"{param.low:g} to {param.high:g}",
        )
