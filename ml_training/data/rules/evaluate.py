"""Where the rules say enter: conditions and filters over all bars at once."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml_training.data.calendars import in_session
from ml_training.data.frame import Frame
from ml_training.data.indicators import FloatArray, IndicatorUse
from ml_training.data.rules.document import Filters, Rules
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
from ml_training.data.rules.truth import (
    BoolArray,
    Truth,
    at_least,
    negate,
    rolling_count,
    within_last,
)
from ml_training.data.timeframes import DAY_S

COMPARE: Mapping[str, Callable[[FloatArray, FloatArray], BoolArray]] = {
    ">": np.greater,
    ">=": np.greater_equal,
    "<": np.less,
    "<=": np.less_equal,
}
COMBINE: Mapping[str, np.ufunc] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,
    "min": np.minimum,
    "max": np.maximum,
}
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
    allowed = pass_filters(rules.filters, frame)
    sides = [
        np.zeros(len(allowed), np.bool_)
        if side is None
        else evaluate_condition(side, frame).is_true & allowed
        for side in (rules.long, rules.short)
    ]
    return Signals(*sides)


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
    match condition:
        case Comparison():
            return _compare(condition, frame)
        case Range():
            return _range(condition, frame)
        case Window():
            return _window(condition, frame)
        case Change():
            return _change(condition, frame)
        case _:
            return _group(condition, frame)


def _group(condition: WithinLast | Not | Group, frame: Frame) -> Truth:
    match condition:
        case WithinLast(of, bars):
            return within_last(evaluate_condition(of, frame), bars)
        case Not(of):
            return negate(evaluate_condition(of, frame))
        case Group(op, members, count):
            wanted = {"all": len(members), "any": 1}.get(op, count)
            return at_least(wanted, (evaluate_condition(each, frame) for each in members))


def _compare(condition: Comparison, frame: Frame) -> Truth:
    left = evaluate_operand(condition.left, frame)
    right = evaluate_operand(condition.right, frame)
    if condition.op in COMPARE:
        return Truth.where(COMPARE[condition.op](left, right), _known(left, right))
    known = _known(left, right)
    known[1:] &= known[:-1].copy()
    known[:1] = False
    above = (left > right) & _before(left <= right)
    below = (left < right) & _before(left >= right)
    holds = {"crosses_above": above, "crosses_below": below}.get(condition.op, above | below)
    return Truth.where(holds, known)


def _range(condition: Range, frame: Frame) -> Truth:
    left = evaluate_operand(condition.left, frame)
    low = evaluate_operand(condition.low, frame)
    high = evaluate_operand(condition.high, frame)
    inside = (left >= low) & (left <= high)
    known = _known(left, low) & ~np.isnan(high)
    return Truth.where(inside if condition.op == "between" else ~inside, known)


def _window(condition: Window, frame: Frame) -> Truth:
    values = evaluate_operand(condition.left, frame)
    if condition.op in ("rising", "falling"):
        return _keeps_moving(values, condition.op, condition.bars)
    rolling = pd.Series(values).rolling(condition.bars)
    if condition.op == "is_highest":
        extreme = rolling.max().to_numpy()
        return Truth.where(values >= extreme, ~np.isnan(extreme))
    extreme = rolling.min().to_numpy()
    return Truth.where(values <= extreme, ~np.isnan(extreme))


def _keeps_moving(values: FloatArray, op: str, bars: int) -> Truth:
    before = _lag(values, 1)
    steps = values > before if op == "rising" else values < before
    known = _known(values, before)
    return Truth.where(rolling_count(steps, bars) == bars, rolling_count(known, bars) == bars)


def _change(condition: Change, frame: Frame) -> Truth:
    values = evaluate_operand(condition.left, frame)
    before = _lag(values, condition.bars)
    with np.errstate(all="ignore"):
        percent = _finite(100.0 * (values - before) / np.abs(before))
    holds = percent >= condition.percent if condition.percent > 0 else percent <= condition.percent
    return Truth.where(holds, ~np.isnan(percent))


def evaluate_operand(operand: Operand, frame: Frame) -> FloatArray:
    """Return the value of an operand on every bar.

    Parameters
    ----------
    operand : operand
        Number, price, indicator or expression.
    frame : Frame
        The candles.

    Returns
    -------
    ndarray of shape (n_bars,)
        NaN where it has no value: warm-up, or a division by zero.
    """
    match operand:
        case Number(value):
            return np.broadcast_to(np.float64(value), len(frame.candles))
        case Price(name, timeframe, shift):
            return frame.price(name, timeframe, shift)
        case IndicatorUse():
            return frame.indicator(operand)
        case Expr(op, of):
            return _combine(op, [evaluate_operand(term, frame) for term in of])


def _combine(op: str, terms: list[FloatArray]) -> FloatArray:
    if op == "abs":
        return np.abs(terms[0])
    with np.errstate(all="ignore"):
        total = terms[0]
        for term in terms[1:]:
            total = COMBINE[op](total, term)
    return _finite(total)


def _finite(values: FloatArray) -> FloatArray:
    finite: FloatArray = np.where(np.isfinite(values), values, np.nan)
    return finite


def _known(left: FloatArray, right: FloatArray) -> BoolArray:
    known: BoolArray = ~(np.isnan(left) | np.isnan(right))
    return known


def _before(flags: BoolArray) -> BoolArray:
    shifted = np.zeros_like(flags)
    shifted[1:] = flags[:-1]
    return shifted


def _lag(values: FloatArray, bars: int) -> FloatArray:
    lagged: npt.NDArray[Any] = np.full(len(values), np.nan)
    lagged[bars:] = values[: max(len(values) - bars, 0)]
    return lagged
