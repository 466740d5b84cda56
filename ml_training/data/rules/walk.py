"""Walk through rules: every operand, every indicator."""

from collections.abc import Iterator

from ml_training.data.indicators import IndicatorUse
from ml_training.data.rules.document import Rules
from ml_training.data.rules.nodes import (
    Comparison,
    Condition,
    Expr,
    Group,
    Leaf,
    Not,
    Operand,
    Range,
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
    for leaf in walk_leaves(condition):
        yield from unfold_leaf(leaf)


def walk_leaves(condition: Condition) -> Iterator[Leaf]:
    """Yield every condition without conditions inside."""
    match condition:
        case WithinLast(of) | Not(of):
            yield from walk_leaves(of)
        case Group(_, members):
            for member in members:
                yield from walk_leaves(member)
        case _:
            yield condition


def unfold_leaf(leaf: Leaf) -> Iterator[Operand]:
    """Yield the operands of a plain condition, those inside expressions included."""
    sides = [leaf.left]
    if isinstance(leaf, Comparison):
        sides.append(leaf.right)
    elif isinstance(leaf, Range):
        sides += [leaf.low, leaf.high]
    for side in sides:
        yield from unfold(side)


def unfold(operand: Operand) -> Iterator[Operand]:
    """Yield an operand and everything inside it."""
    yield operand
    if isinstance(operand, Expr):
        for term in operand.of:
            yield from unfold(term)
