"""Where the rules say enter: conditions and filters over all bars at once."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ml_training.data.calendars import in_session
from ml_training.data.frame import Frame
from ml_training.data.rules.document import EVERY_DAY, Filters, Rules
from ml_training.data.rules.leaves import evaluate_leaf
from ml_training.data.rules.nodes import Condition, Group, Leaf, Not, WithinLast
from ml_training.data.rules.truth import (
    BoolArray,
    PackedTruth,
    Truth,
    at_least,
    negate,
    within_last,
)
from ml_training.data.rules.walk import unfold_leaf, walk_leaves
from ml_training.data.timeframes import DAY_S

MONDAY_OFFSET_DAYS = 3
"""1970-01-01 was a Thursday, three days after a Monday."""


@dataclass(frozen=True, eq=False)
class Signals:
    """Mark the bars at whose close the rules say enter.

    Parameters
    ----------
    long, short : ndarray of bool, shape (n_bars,)
        One flag per bar; the entry is at the open of the next bar.
    """

    long: BoolArray
    short: BoolArray


def evaluate_rules(rules: Rules, frame: Frame) -> Signals:
    """Find the signal bars of both sides.

    Parameters
    ----------
    rules : Rules
        Parsed rules.
    frame : Frame
        Candles of one symbol and timeframe.

    Returns
    -------
    Signals
        Entry conditions and session and weekday filters; the pauses
        (`cooldown_bars`, `one_open_per_symbol`) need the exits and are the scan's.

    Raises
    ------
    DataError
        When an operand asks for a timeframe below the frame's own.

    Notes
    -----
    The value at bar t uses bars up to and including t, higher timeframes their last
    closed bar. A comparison with a missing value (warm-up) is undefined: neither it nor
    its `not` gives a signal.
    """
    known = _evaluate_leaves(rules, frame)
    allowed = pass_filters(rules.filters, frame)
    sides = [
        np.zeros(len(allowed), np.bool_)
        if side is None
        else judge(side, lambda leaf: known[leaf].unpack()).is_true & allowed
        for side in (rules.long, rules.short)
    ]
    return Signals(*sides)


def _evaluate_leaves(rules: Rules, frame: Frame) -> dict[Leaf, PackedTruth]:
    """Evaluate each distinct condition once, those on the same indicator in a row.

    The frame keeps few arrays of millions of bars: going through the long side and then
    through the short side would compute most indicators twice.
    """
    sides = [side for side in (rules.long, rules.short) if side is not None]
    leaves = {leaf for side in sides for leaf in walk_leaves(side)}
    in_a_row = sorted(leaves, key=lambda leaf: str([*unfold_leaf(leaf)]))
    return {leaf: PackedTruth.of(evaluate_leaf(leaf, frame)) for leaf in in_a_row}


def pass_filters(filters: Filters, frame: Frame) -> BoolArray:
    """Say which bars open in an allowed session and on an allowed weekday.

    Parameters
    ----------
    filters : Filters
        Sessions on their local clocks, weekdays in UTC.
    frame : Frame
        The candles.

    Returns
    -------
    ndarray of bool, shape (n_bars,)

    Notes
    -----
    A bar of a day or longer holds every session: the session filter lets it pass.
    """
    time = frame.candles.time
    if (filters.sessions, filters.weekdays) == (None, EVERY_DAY):
        return np.ones(len(time), np.bool_)
    weekday = (time // DAY_S + MONDAY_OFFSET_DAYS) % 7 + 1
    allowed: BoolArray = np.isin(weekday, filters.weekdays)
    if filters.sessions is None or frame.timeframe_s >= DAY_S:
        return allowed
    is_open: BoolArray = np.zeros(len(time), np.bool_)
    for name in filters.sessions:
        is_open |= in_session(time, name)
    return allowed & is_open


def evaluate_condition(condition: Condition, frame: Frame) -> Truth:
    """Evaluate one condition on all bars.

    Parameters
    ----------
    condition : condition
        A leaf or a group.
    frame : Frame
        The candles.

    Returns
    -------
    Truth
        Undefined where a value is missing.
    """
    return judge(condition, lambda leaf: evaluate_leaf(leaf, frame))


def judge(condition: Condition, look: Callable[[Leaf], Truth]) -> Truth:
    """Work out a tree of conditions from what its leaves say.

    Parameters
    ----------
    condition : condition
        A leaf or a group.
    look : callable
        Returns the truth of a leaf.

    Returns
    -------
    Truth
    """
    match condition:
        case WithinLast(of, bars):
            return within_last(judge(of, look), bars)
        case Not(of):
            return negate(judge(of, look))
        case Group(op, members, count):
            wanted = {"all": len(members), "any": 1}.get(op, count)
            return at_least(wanted, (judge(each, look) for each in members))
        case _:
            return look(condition)
