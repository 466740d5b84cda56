"""The one way to write each rule, and its hash."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from ml_training.data.indicators import IndicatorUse
from ml_training.data.rules.document import Costs, Distance, Exit, Filters
from ml_training.data.rules.nodes import (
    Change,
    Comparison,
    Condition,
    Expr,
    Group,
    Not,
    Number,
    Operand,
    Price,
    Range,
    Window,
    WithinLast,
)

Json = dict[str, Any]

LARGEST_EXACT = 2.0**53
"""Whole floats up to here are written without a point: IEEE 754 holds them exactly."""


def write_number(value: float) -> int | float:
    """Return 30 for 30.0, so that both share one digest."""
    return int(value) if value.is_integer() and abs(value) < LARGEST_EXACT else value


def write_operand(operand: Operand) -> Json | int | float:
    """Return the canonical JSON value of an operand."""
    match operand:
        case Number(value):
            return write_number(value)
        case Price(name, timeframe, shift):
            return {"price": name, "shift": shift, "tf": timeframe}
        case IndicatorUse():
            return _write_indicator(operand)
        case Expr(op, of):
            return {"expr": op, "of": [write_operand(term) for term in of]}


def _write_indicator(use: IndicatorUse) -> Json:
    params = {
        name: write_number(value) if isinstance(value, float) else value
        for name, value in use.params
    }
    place = {"output": use.output, "shift": use.shift, "tf": use.timeframe}
    return {"ind": use.key, **params, **place}


def write_condition(condition: Condition) -> Json:
    """Return the canonical JSON object of a condition."""
    match condition:
        case Comparison(left, op, right):
            return {"left": write_operand(left), "op": op, "right": write_operand(right)}
        case Range(left, op, low, high):
            ends = [write_operand(low), write_operand(high)]
            return {"left": write_operand(left), "op": op, "right": ends}
        case Window(left, op, bars):
            return {"left": write_operand(left), "op": op, "bars": bars}
        case Change(left, percent, bars):
            change = {"op": "changed_by_pct", "right": write_number(percent), "bars": bars}
            return {"left": write_operand(left), **change}
        case _:
            return _write_group(condition)


def _write_group(condition: WithinLast | Not | Group) -> Json:
    match condition:
        case WithinLast(of, bars):
            return {"op": "within_last", "bars": bars, "of": write_condition(of)}
        case Not(of):
            return {"not": write_condition(of)}
        case Group("at_least", members, count):
            return {"at_least": count, "of": [write_condition(each) for each in members]}
        case Group(op, members, _):
            return {op: [write_condition(each) for each in members]}


def write_exit(exit_: Exit) -> Json:
    """Return the canonical JSON object of the exit."""
    return {
        "take_profit": _write_distance(exit_.take_profit),
        "stop_loss": _write_distance(exit_.stop_loss),
        "max_bars": exit_.max_bars,
    }


def _write_distance(distance: Distance) -> Json:
    if distance.kind == "level" and distance.operand is not None:
        return {
            "level": write_operand(distance.operand),
            "length": distance.atr_length,
            "offset_atr": write_number(distance.offset_atr),
        }
    written: Json = {distance.kind: write_number(distance.value)}
    return {**written, "length": distance.atr_length} if distance.kind == "atr" else written


def write_filters(filters: Filters) -> Json:
    """Return the canonical JSON object of the filters."""
    return {
        "sessions": None if filters.sessions is None else list(filters.sessions),
        "weekdays": list(filters.weekdays),
        "cooldown_bars": filters.cooldown_bars,
        "one_open_per_symbol": filters.one_open_per_symbol,
    }


def write_costs(costs: Costs) -> str | Json:
    """Return the canonical JSON value of the costs."""
    if costs == Costs():
        return "from_instrument"
    named = {"spread_pips": costs.spread_pips, "commission_bps": costs.commission_bps}
    return {key: None if value is None else write_number(value) for key, value in named.items()}


def canonical_json(document: Mapping[str, Any]) -> str:
    """Return JSON text with sorted keys and no spaces.

    Parameters
    ----------
    document : mapping
        The canonical form of a rules document.

    Returns
    -------
    str
        ASCII text; equal documents give equal texts.
    """
    return json.dumps(document, sort_keys=True, separators=(",", ":"), allow_nan=False)


def digest_of(document: Mapping[str, Any]) -> str:
    """Return the SHA-256 (hex) of the canonical text."""
    return hashlib.sha256(canonical_json(document).encode("ascii")).hexdigest()
