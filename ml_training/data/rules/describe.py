"""Rules in plain English, for traders."""

from collections.abc import Callable, Iterator

from ml_training.data.rules.document import Costs, Distance, Filters, Rules
from ml_training.data.rules.name_operands import SESSION_NAMES, name_operand, plural
from ml_training.data.rules.nodes import (
    Change,
    Comparison,
    Condition,
    Group,
    Not,
    Number,
    Range,
    Window,
    WithinLast,
)
from ml_training.data.rules.problems import show_number
from ml_training.data.rules.scales import scale_of

COMPARISONS = {
    ">": "above",
    ">=": "at or above",
    "<": "below",
    "<=": "at or below",
    "crosses_above": "crosses above",
    "crosses_below": "crosses below",
    "crosses": "crosses",
}
WINDOWS: dict[str, Callable[[int], str]] = {
    "rising": lambda bars: "rising" if bars == 1 else f"rising {bars} bars in a row",
    "falling": lambda bars: "falling" if bars == 1 else f"falling {bars} bars in a row",
    "is_highest": lambda bars: f"at its highest of {bars} bars",
    "is_lowest": lambda bars: f"at its lowest of {bars} bars",
}
SIGNS = {
    ("pattern", ">"): "bullish {}",
    ("pattern", "<"): "bearish {}",
    ("direction", ">"): "bullish {}",
    ("direction", "<"): "bearish {}",
    ("direction", "crosses_above"): "{} turns bullish",
    ("direction", "crosses_below"): "{} turns bearish",
    ("flag", ">"): "{}",
    ("flag", "<="): "no {}",
}
"""How the sign of a value without a unit is said."""

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
INDENT = "  "


def describe_rules(rules: Rules) -> list[str]:
    """Say in plain English what a strategy does.

    Parameters
    ----------
    rules : Rules
        Parsed rules.

    Returns
    -------
    list of str
        One line per item; members of groups are indented by two spaces and a dash.

    Examples
    --------
    >>> from ml_training.data.presets import PRESETS
    >>> from ml_training.data.rules import parse_rules
    >>> lines = describe_rules(parse_rules(PRESETS["rsi_return"].document))
    >>> lines[0]
    'Buy when RSI 14 crosses above 30'
    """
    lines = []
    if rules.long is not None:
        lines += _describe_side("Buy when", rules.long)
    if rules.short is not None:
        lines += _describe_side("Sell short when", rules.short)
    lines += [
        _describe_target(rules.exit.take_profit),
        _describe_stop(rules.exit.stop_loss),
        f"Leave after {plural(rules.exit.max_bars, 'bar')} at the latest",
    ]
    return [*lines, *_describe_filters(rules.filters), _describe_costs(rules.costs)]


def _describe_side(opening: str, condition: Condition) -> list[str]:
    first, *rest = _describe(condition)
    return [f"{opening} {first}", *rest]


def _describe(condition: Condition) -> list[str]:
    """Return a phrase, and the indented lines that belong to it."""
    match condition:
        case Not(of):
            return _prefix("not: ", of)
        case WithinLast(of, bars):
            return _prefix(f"within the last {bars} bars: ", of)
        case Group(op, members, count):
            title = {"all": "all of these hold:", "any": "any of these holds:"}
            n_wanted = f"at least {count} of these {len(members)} hold:"
            return [title.get(op, n_wanted), *_describe_members(members)]
        case Comparison():
            return [_describe_comparison(condition)]
        case Range() | Window() | Change():
            return [_describe_leaf(condition)]


def _prefix(words: str, condition: Condition) -> list[str]:
    first, *rest = _describe(condition)
    return [words + first, *rest]


def _describe_members(members: tuple[Condition, ...]) -> Iterator[str]:
    for member in members:
        first, *rest = _describe(member)
        yield f"{INDENT}- {first}"
        yield from (INDENT + line for line in rest)


def _describe_comparison(condition: Comparison) -> str:
    left, right = name_operand(condition.left), name_operand(condition.right)
    said = SIGNS.get((str(scale_of(condition.left)), condition.op))
    if said is not None and condition.right == Number(0.0):
        return said.format(left)
    return f"{left} {COMPARISONS[condition.op]} {right}"


def _describe_leaf(condition: Range | Window | Change) -> str:
    left = name_operand(condition.left)
    match condition:
        case Range(_, op, low, high):
            joint = "and" if op == "between" else "to"
            return f"{left} {op} {name_operand(low)} {joint} {name_operand(high)}"
        case Window(_, op, bars):
            return f"{left} {WINDOWS[op](bars)}"
        case Change(_, percent, bars):
            way = "up" if percent > 0 else "down"
            return f"{left} {way} {show_number(abs(percent))} % or more over {plural(bars, 'bar')}"


def _describe_target(distance: Distance) -> str:
    if distance.kind == "r":
        return f"Take profit at {show_number(distance.value)} times the risk"
    return f"Take profit {_describe_width(distance)} from the entry"


def _describe_stop(distance: Distance) -> str:
    if distance.operand is None:
        return f"Stop loss {_describe_width(distance)} from the entry"
    level = name_operand(distance.operand)
    if distance.short_operand is not None:
        level += f" (short: {name_operand(distance.short_operand)})"
    if distance.offset_atr == 0.0:
        return f"Stop loss at {level}"
    offset = f"{show_number(distance.offset_atr)} ATR {distance.atr_length}"
    return f"Stop loss {offset} beyond {level}"


def _describe_width(distance: Distance) -> str:
    unit = {"atr": f"ATR {distance.atr_length}", "percent": "%", "pips": "pips"}
    return f"{show_number(distance.value)} {unit[distance.kind]}"


def _describe_filters(filters: Filters) -> Iterator[str]:
    if filters.sessions is not None:
        names = " or ".join(SESSION_NAMES.get(name, name) for name in filters.sessions)
        yield f"Only bars that open in the {names} session"
    if len(filters.weekdays) < len(WEEKDAYS):
        days = ", ".join(WEEKDAYS[day - 1] for day in filters.weekdays)
        yield f"Only bars that open on {days} (UTC)"
    if filters.cooldown_bars:
        yield f"After a setup, wait {plural(filters.cooldown_bars, 'bar')}"
    if filters.one_open_per_symbol:
        yield "One open position per symbol at a time"
    else:
        yield "Several positions per symbol may be open at once"


def _describe_costs(costs: Costs) -> str:
    if costs == Costs():
        return "Costs: spread and commission of the instrument"
    parts = []
    if costs.spread_pips is not None:
        parts.append(f"spread {show_number(costs.spread_pips)} pips")
    if costs.commission_bps is not None:
        parts.append(f"commission {show_number(costs.commission_bps)} basis points a side")
    return f"Costs: {', '.join(parts)}"
