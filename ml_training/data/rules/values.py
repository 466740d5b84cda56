"""The value of an operand on every bar."""

from collections.abc import Mapping

import numpy as np

from ml_training.data.frame import Frame
from ml_training.data.indicators import FloatArray, IndicatorUse
from ml_training.data.rules.nodes import Expr, Number, Operand, Price

COMBINE: Mapping[str, np.ufunc] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,
    "min": np.minimum,
    "max": np.maximum,
}


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
    return keep_finite(total)


def keep_finite(values: FloatArray) -> FloatArray:
    """Return the values with infinite ones made NaN: an overflow is no value."""
    finite: FloatArray = np.where(np.isfinite(values), values, np.nan)
    return finite
