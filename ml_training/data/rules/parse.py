"""From a rules document to `Rules`: read, check, mirror, hash."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ml_training.data.rules import limits
from ml_training.data.rules.canonical import (
    Json,
    digest_of,
    write_condition,
    write_costs,
    write_exit,
    write_filters,
)
from ml_training.data.rules.document import Costs, Exit, Filters, Rules
from ml_training.data.rules.mirror import NoMirrorError, mirror_condition, mirror_level
from ml_training.data.rules.nodes import Condition
from ml_training.data.rules.problems import RuleError, RuleProblem, show
from ml_training.data.rules.read_conditions import ConditionReader
from ml_training.data.rules.read_settings import (
    FROM_INSTRUMENT,
    read_costs,
    read_exit,
    read_filters,
)
from ml_training.data.rules.reader import Reader

KEYS = ("version", "long", "short", "exit", "filters", "costs")
MIRROR = "mirror"


def parse_rules(document: Mapping[str, Any] | str) -> Rules:
    """Read a rules document, check all of it and return the strategy it describes.

    Parameters
    ----------
    document : mapping or str
        The JSON object, parsed or as text.

    Returns
    -------
    Rules
        With the canonical form and its digest.

    Raises
    ------
    RuleError
        With every problem found: path, rule, value received, way out.

    Examples
    --------
    >>> exits = {"take_profit": {"atr": 2}, "stop_loss": {"atr": 1}, "max_bars": 48}
    >>> entry = {"left": {"ind": "rsi"}, "op": "crosses_above", "right": 30}
    >>> rules = parse_rules({"long": entry, "short": "mirror", "exit": exits})
    >>> rules.short.op, rules.short.right.value
    ('crosses_below', 70.0)
    """
    reader = Reader()
    if isinstance(document, str):
        document = _read_text(document)
    fields = reader.fields(document, "", KEYS, required=("exit",))
    rules = None if fields is None else _read_document(reader, fields)
    if reader.problems or rules is None:
        raise RuleError(reader.problems)
    return rules


def _read_text(text: str) -> Any:
    if len(text) > limits.MOST_CHARACTERS:
        rule = f"rules take at most {limits.MOST_CHARACTERS} characters, got {len(text)}"
        raise RuleError([RuleProblem("", rule, "simplify them")])
    try:
        return json.loads(text, object_pairs_hook=_unique_keys)
    except RecursionError:
        rule = f"groups nest at most {limits.MOST_DEPTH} deep"
        raise RuleError([RuleProblem("", rule, "flatten them")]) from None
    except RuleError:
        raise
    except ValueError as error:
        hint = "check commas, quotes and brackets"
        raise RuleError([RuleProblem("", f"is not JSON: {error}", hint)]) from None


def _unique_keys(pairs: list[tuple[str, Any]]) -> Json:
    found: Json = {}
    for key, value in pairs:
        if key in found:
            problem = RuleProblem("", f"the key {show(key)} is written twice", "remove one")
            raise RuleError([problem])
        found[key] = value
    return found


def _read_document(reader: Reader, fields: Json) -> Rules | None:
    version = fields.get("version", limits.VERSION)
    reader.integer(version, "version", limits.VERSION, limits.VERSION)
    long = _read_side(reader, fields.get("long"), "long")
    is_mirror = isinstance(fields.get("short"), str) and fields["short"] == MIRROR
    short = None if is_mirror else _read_side(reader, fields.get("short"), "short")
    exit_ = read_exit(reader, fields["exit"]) if "exit" in fields else None
    filters = read_filters(reader, fields.get("filters", {}))
    costs = read_costs(reader, fields.get("costs", FROM_INSTRUMENT))
    if fields.get("long") is None and (is_mirror or fields.get("short") is None):
        reader.refuse("long", "is missing: nothing says when to enter", "add conditions")
    if reader.problems or exit_ is None:
        return None
    if is_mirror:
        short = _mirror(reader, long)
    if short is not None:
        exit_ = _mirror_exit(reader, exit_)
    return None if reader.problems else _assemble(long, short, exit_, filters, costs)


def _read_side(reader: Reader, value: object, path: str) -> Condition | None:
    if value is None:
        return None
    if isinstance(value, str):
        hint = f'write conditions, or "short": "{MIRROR}" to trade both ways'
        reader.refuse(path, f"must be a condition, got {show(value)}", hint)
        return None
    return ConditionReader(reader).read(value, path)


def _mirror(reader: Reader, long: Condition | None) -> Condition | None:
    if long is None:
        return None
    try:
        return mirror_condition(long, "long")
    except NoMirrorError as error:
        reader.problems.append(error.problem)
        return None


def _mirror_exit(reader: Reader, exit_: Exit) -> Exit:
    """Fill in the stop level of short setups."""
    stop = exit_.stop_loss
    if stop.operand is None:
        return exit_
    path = "exit.stop_loss.level"
    try:
        level = mirror_level(stop.operand, path)
    except NoMirrorError as error:
        reader.problems.append(error.problem)
        return exit_
    return replace(exit_, stop_loss=replace(stop, short_operand=level))


def _assemble(
    long: Condition | None, short: Condition | None, exit_: Exit, filters: Filters, costs: Costs
) -> Rules:
    document: Json = {
        "version": limits.VERSION,
        "long": None if long is None else write_condition(long),
        "short": _write_short(long, short),
        "exit": write_exit(exit_),
        "filters": write_filters(filters),
        "costs": write_costs(costs),
    }
    return Rules(
        long=long,
        short=short,
        exit=exit_,
        filters=filters,
        costs=costs,
        document=document,
        digest=digest_of(document),
    )


def _write_short(long: Condition | None, short: Condition | None) -> Json | str | None:
    """Return ``"mirror"`` for a tree that equals the mirror: both share one digest."""
    if short is None or long is None:
        return None if short is None else write_condition(short)
    try:
        is_mirror = mirror_condition(long, "long") == short
    except NoMirrorError:
        is_mirror = False
    return MIRROR if is_mirror else write_condition(short)
