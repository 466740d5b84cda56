"""What a single condition says on every bar."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml_training.data.frame import Frame
from ml_training.data.indicators import FloatArray
from ml_training.data.rules.nodes import Change, Comparison, Leaf, Range, Window
from ml_training.data.rules.truth import BoolArray, Truth, rolling_count
from ml_training.data.rules.values import evaluate_operand, keep_finite

COMPARE: Mapping[str, Callable[[FloatArray, FloatArray], BoolArray]] = {
    ">": np.greater,
    ">=": np.greater_equal,
    "<": np.less,
    "<=": np.less_equal,
}


def evaluate_leaf(leaf: Leaf, frame: Frame) -> Truth:
    """Evaluate a condition without conditions inside.

    Parameters
    ----------
    leaf : condition
        A comparison, range, window or change.
    frame : Frame
        The candles.

    Returns
    -------
    Truth
        Undefined where a value is missing.
    """
    match leaf:
        case Comparison():
            return _compare(leaf, frame)
        case Range():
            return _range(leaf, frame)
        case Window():
            return _window(leaf, frame)
        case Change():
            return _change(leaf, frame)


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
        percent = keep_finite(100.0 * (values - before) / np.abs(before))
    holds = percent >= condition.percent if condition.percent > 0 else percent <= condition.percent
    return Truth.where(holds, ~np.isnan(percent))


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
