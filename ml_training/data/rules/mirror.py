"""Turn a rule upside down: what it would say if every price p were c - p.

Each operand is replaced by the operand that stands for it in the upside-down market,
together with how the two values hang together: value there = offset + levels * c
+ sign * value here. A comparison of two operands that hang together in the same way is
turned by swapping them in (and flipping it when the sign is -1), for any c.
"""

from dataclasses import dataclass, replace

from ml_training.data.indicators import IndicatorUse, Negate, Reflect, Same, mirror_use
from ml_training.data.indicators import Price as PriceMirror
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
from ml_training.data.rules.problems import RuleProblem

FLIPPED = {
    ">": "<",
    ">=": "<=",
    "<": ">",
    "<=": ">=",
    "crosses_above": "crosses_below",
    "crosses_below": "crosses_above",
    "crosses": "crosses",
    "rising": "falling",
    "falling": "rising",
    "is_highest": "is_lowest",
    "is_lowest": "is_highest",
    "min": "max",
    "max": "min",
}
UPSIDE_DOWN_PRICES = {"high": "low", "low": "high"}
OWN_SHORT = 'write an own tree under "short" instead of "mirror"'


class NoMirrorError(Exception):
    """Say that an item has no mirror image.

    Parameters
    ----------
    problem : RuleProblem
        Where, why, and the way out.
    """

    def __init__(self, problem: RuleProblem) -> None:
        super().__init__(str(problem))
        self.problem = problem


@dataclass(frozen=True)
class Turned:
    """Hold the operand that stands in, and how the values hang together.

    Parameters
    ----------
    operand : operand
        What to read instead.
    sign : int
        +1 when the value keeps its direction, -1 when up becomes down.
    offset : float
        Constant part of the value in the upside-down market.
    levels : float
        How many times the unknown c is in it: 1 for a price, 0 for a difference.
    """

    operand: Operand
    sign: int = 1
    offset: float = 0.0
    levels: float = 0.0

    @property
    def is_centred(self) -> bool:
        """Whether zero stays zero."""
        return self.offset == 0.0 and self.levels == 0.0

    @property
    def is_even(self) -> bool:
        """Whether the value does not change at all."""
        return self.sign == 1


def mirror_level(level: Operand, path: str) -> Operand:
    """Return the price level that a short setup reads instead.

    Parameters
    ----------
    level : operand
        A price level of long setups.
    path : str
        Its JSON path, for the error.

    Returns
    -------
    operand

    Raises
    ------
    NoMirrorError
        When it does not turn the way a single price does.
    """
    hint = "stop by atr, percent or pips, or trade one side only"
    try:
        turned = turn(level, path)
    except NoMirrorError as error:
        raise NoMirrorError(replace(error.problem, hint=hint)) from None
    if (turned.sign, turned.offset, turned.levels) == (-1, 0.0, 1.0):
        return turned.operand
    problem = RuleProblem(path, "is no price level, so short setups have no stop", hint)
    raise NoMirrorError(problem)


def mirror_condition(condition: Condition, path: str) -> Condition:
    """Return the condition that says of the market what this one says upside down.

    Parameters
    ----------
    condition : condition
        A rule for long setups.
    path : str
        Its JSON path, for the error.

    Returns
    -------
    condition

    Raises
    ------
    NoMirrorError
        When an item has no mirror image.
    """
    match condition:
        case Comparison():
            return _mirror_comparison(condition, path)
        case Range():
            return _mirror_range(condition, path)
        case Window(left, op, bars):
            turned = turn(left, f"{path}.left")
            return Window(turned.operand, op if turned.is_even else FLIPPED[op], bars)
        case Change():
            return _mirror_change(condition, path)
        case _:
            return _mirror_group(condition, path)


def _mirror_group(condition: WithinLast | Not | Group, path: str) -> Condition:
    match condition:
        case WithinLast(of, bars):
            return WithinLast(mirror_condition(of, f"{path}.of"), bars)
        case Not(of):
            return Not(mirror_condition(of, f"{path}.not"))
        case Group(op, members, _):
            key = "of" if op == "at_least" else op
            turned = [
                mirror_condition(each, f"{path}.{key}[{i}]") for i, each in enumerate(members)
            ]
            return replace(condition, of=tuple(turned))


def _mirror_change(condition: Change, path: str) -> Change:
    """Turn a rise by so many percent into a fall by as many.

    Exact for differences; for prices it is what traders mean. A value that turns around
    50 has no such fall: from 30 to 33 is 10 %, from 70 to 67 is not.
    """
    turned = turn(condition.left, f"{path}.left")
    if turned.offset != 0.0:
        raise _no_mirror(path, "asks for a percentage of a value that turns around a centre")
    return Change(turned.operand, condition.percent * turned.sign, condition.bars)


def _mirror_comparison(condition: Comparison, path: str) -> Comparison:
    left, right = align(
        [turn(condition.left, f"{path}.left"), turn(condition.right, f"{path}.right")], path
    )
    op = condition.op if left.is_even else FLIPPED[condition.op]
    return Comparison(left.operand, op, right.operand)


def _mirror_range(condition: Range, path: str) -> Range:
    left, low, high = align(
        [
            turn(condition.left, f"{path}.left"),
            turn(condition.low, f"{path}.right[0]"),
            turn(condition.high, f"{path}.right[1]"),
        ],
        path,
    )
    if not left.is_even:
        low, high = high, low
    return Range(left.operand, condition.op, low.operand, high.operand)


def align(items: list[Turned], path: str) -> list[Turned]:
    """Write compared values so that all of them hang together in the same way.

    Parameters
    ----------
    items : list of Turned
        The sides of one comparison.
    path : str
        Its JSON path, for the error.

    Returns
    -------
    list of Turned
        All with the sign, offset and levels of the first that turns.

    Raises
    ------
    NoMirrorError
        When a side cannot be written that way, such as a price beside a number.
    """
    lead = next((item for item in items if not item.is_even), None)
    if lead is None:
        return items
    return [_adapt(item, lead, path) for item in items]


def _adapt(item: Turned, lead: Turned, path: str) -> Turned:
    if not item.is_even:
        if (item.offset, item.levels) != (lead.offset, lead.levels):
            raise _no_mirror(path, "compares values that turn around different centres")
        return item
    if lead.levels != 0.0:
        raise _no_mirror(path, "compares a price with a value that is no price")
    if isinstance(item.operand, Number):
        return replace(lead, operand=Number(lead.offset - item.operand.value))
    return replace(lead, operand=Expr("-", (Number(lead.offset), item.operand)))


def turn(operand: Operand, path: str) -> Turned:
    """Return what stands for an operand in the upside-down market.

    Parameters
    ----------
    operand : operand
        Any operand.
    path : str
        Its JSON path, for the error.

    Returns
    -------
    Turned

    Raises
    ------
    NoMirrorError
        When it has no mirror image.
    """
    match operand:
        case Number():
            return Turned(operand)
        case Price(name, _, _):
            if name == "volume":
                return Turned(operand)
            turned = replace(operand, name=UPSIDE_DOWN_PRICES.get(name, name))
            return Turned(turned, sign=-1, levels=1.0)
        case IndicatorUse():
            return _turn_indicator(operand, path)
        case Expr(op, of):
            terms = [turn(term, f"{path}.of[{i}]") for i, term in enumerate(of)]
            return _turn_expr(op, terms, path)


def _turn_indicator(use: IndicatorUse, path: str) -> Turned:
    image = mirror_use(use)
    if image is None:
        raise _no_mirror(path, f"{use.key}.{use.output} has no mirror image")
    turned, mirror = image
    match mirror:
        case PriceMirror():
            return Turned(turned, sign=-1, levels=1.0)
        case Negate():
            return Turned(turned, sign=-1)
        case Reflect(centre, _):
            return Turned(turned, sign=-1, offset=2.0 * centre)
        case Same():
            return Turned(turned)


def _turn_expr(op: str, terms: list[Turned], path: str) -> Turned:
    if all(term.is_even for term in terms):
        return Turned(Expr(op, tuple(term.operand for term in terms)))
    if op in FLIPPED:
        aligned = align(terms, path)
        return replace(aligned[0], operand=Expr(FLIPPED[op], _operands(aligned)))
    if op in ("+", "-"):
        return _turn_sum(op, terms)
    return _turn_product(op, terms, path)


def _operands(terms: list[Turned]) -> tuple[Operand, ...]:
    return tuple(term.operand for term in terms)


def _turn_sum(op: str, terms: list[Turned]) -> Turned:
    """Keep the turning terms and change the sign of the others."""
    lead, *rest = terms
    if lead.is_even:
        return _turn_even_led_sum(op, terms)
    for term in rest:
        lead = _add(lead, term, op)
    return lead


def _add(total: Turned, term: Turned, op: str) -> Turned:
    side = 1.0 if op == "+" else -1.0
    offset = total.offset + side * term.offset
    levels = total.levels + side * term.levels
    if not term.is_even:
        return Turned(_join(op, total.operand, term.operand), -1, offset, levels)
    turned_op = {"+": "-", "-": "+"}[op]
    return Turned(_join(turned_op, total.operand, term.operand), -1, offset, levels)


def _join(op: str, left: Operand, right: Operand) -> Expr:
    if op == "+" and isinstance(left, Expr) and left.op == "+":
        return Expr("+", (*left.of, right))
    return Expr(op, (left, right))


def _turn_even_led_sum(op: str, terms: list[Turned]) -> Turned:
    if op == "+":  # order does not matter: begin with a term that turns
        return _turn_sum("+", sorted(terms, key=lambda term: term.is_even))
    even, term = terms
    total = Expr("+", (even.operand, term.operand))
    if term.is_centred:
        return Turned(total)
    return Turned(Expr("-", (Number(0.0), total)), -1, -term.offset, -term.levels)


def _turn_product(op: str, terms: list[Turned], path: str) -> Turned:
    operand = Expr(op, _operands(terms))
    turning = [term for term in terms if not term.is_even]
    if all(term.is_centred for term in turning):
        is_odd = op != "abs" and len(turning) % 2 == 1
        return Turned(operand, sign=-1 if is_odd else 1)
    others = [term.operand for term in terms if term is not turning[0]]
    is_scaled = op == "*" or (op == "/" and terms[0] is turning[0])
    if len(turning) > 1 or not is_scaled or not all(isinstance(each, Number) for each in others):
        raise _no_mirror(path, f"{op} of a price level has no mirror image")
    factor = 1.0
    for each in others:
        factor *= each.value if isinstance(each, Number) else 1.0
    if op == "/":
        factor = 1.0 / factor
    lead = turning[0]
    return Turned(operand, -1, lead.offset * factor, lead.levels * factor)


def _no_mirror(path: str, message: str) -> NoMirrorError:
    return NoMirrorError(RuleProblem(path, f"{message}, so it cannot be mirrored", OWN_SHORT))
