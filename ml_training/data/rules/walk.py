"""Walk through rules: every operand, every indicator."""

from collections.abc import Iterator

from ml_training.data.indicators import IndicatorUse
from ml_training.data.rules.document import Rules
from ml_training.data.rules.nodes import (
    Change,
    Comparison,
    Condition,
    Expr,
    Group,
    Not,
    Operand,
    Range,
    Window,
    WithinLast,
)


def indicator_uses(rules: Rules) -> tuple[IndicatorUse, ...]:
    """Return the distinct indicators of a strategy in order of appearance.

    Parameters
    ----------
    rules : Rules
        Parsed rules.

    Returns
    -------
    tuple of IndicatorUse
        From the long side, the short side and the stop level.
    """
    found: dict[IndicatorUse, None] = {}
    for operand in walk_operands(rules):
        if isinstance(operand, IndicatorUse):
            found[operand] = None
    return tuple(found)


def walk_operands(rules: Rules) -> Iterator[Operand]:
    """Yield every operand of a strategy, those inside expressions included."""
    for side in (rules.long, rules.short):
        if side is not None:
            yield from walk_condition(side)
    stop = rules.exit.stop_loss
    for level in (stop.operand, stop.short_operand if rules.short else None):
        if level is not None:
            yield from unfold(level)


def walk_condition(condition: Condition) -> Iterator[Operand]:
    """Yield every operand below a condition."""
    match condition:
        case Comparison(left, _, right):
            yield from unfold(left)
            yield from unfold(right)
        case Range(left, _, low, high):
            for operand in (left, low, high):
                yield from unfold(operand)
        case Window(left) | Change(left):
            yield from unfold(left)
        case WithinLast(of) | Not(of):
            yield from walk_condition(of)
        case Group(_, of):
            for member in of:
                yield from walk_condition(member)


def unfold(operand: Operand) -> Iterator[Operand]:
    """Yield an operand and everything inside it."""
    yield operand
    if isinstance(operand, Expr):
        for term in operand.of:
            yield from unfold(term)
