"""What the numbers of an operand mean, so that rules compare like with like."""

from collections.abc import Mapping
from typing import assert_never

from ml_training.data.indicators import INDICATORS, IndicatorUse
from ml_training.data.rules.nodes import Expr, Number, Operand, Price

NAMES: Mapping[str, str] = {
    "price": "a price level",
    "price_delta": "a distance between prices",
    "percent": "a percentage",
    "signed_percent": "a percentage",
    "price_percent": "a percentage of the price",
    "ratio": "a ratio",
    "volume": "a volume",
    "price_volume": "a price times volume",
    "count": "a count",
    "direction": "a direction",
    "pattern": "a pattern",
    "flag": "a flag",
}
"""How scales are called in messages."""

BOUNDS: Mapping[str, tuple[float, float]] = {
    "percent": (0.0, 100.0),
    "direction": (-1.0, 1.0),
    "pattern": (-100.0, 100.0),
    "flag": (0.0, 1.0),
}
"""Smallest and largest value of scales that have them."""

SUMS: Mapping[tuple[str, str, str], str] = {
    ("price", "-", "price"): "price_delta",
    ("price", "-", "price_delta"): "price",
    ("price", "+", "price_delta"): "price",
    ("price_delta", "+", "price"): "price",
    ("price_delta", "+", "price_delta"): "price_delta",
    ("price_delta", "-", "price_delta"): "price_delta",
}
"""Sums whose scale is known; every other mixture may be compared with anything."""


def scale_of(operand: Operand) -> str | None:
    """Return what the numbers of an operand mean.

    Parameters
    ----------
    operand : operand
        Any operand.

    Returns
    -------
    str or None
        A scale of the indicators; None for plain numbers and mixtures, which may be
        compared with anything.
    """
    match operand:
        case Number():
            return None
        case Price(name, _, _):
            return "volume" if name == "volume" else "price"
        case IndicatorUse(key, _, output, _, _):
            return INDICATORS[key].scale[output]
        case Expr(op, of):
            return _scale_of_expr(op, of)
        case _:
            assert_never(operand)


def _scale_of_expr(op: str, terms: tuple[Operand, ...]) -> str | None:
    scales = [scale_of(term) for term in terms if not isinstance(term, Number)]
    if op in ("abs", "min", "max"):
        return scales[0] if len(set(scales)) == 1 else None
    if op in ("*", "/"):
        is_scaled = len(scales) == 1 and not (op == "/" and isinstance(terms[0], Number))
        return scales[0] if is_scaled else None
    total, *rest = scales
    for scale in rest:
        total = SUMS.get((str(total), op, str(scale)))
    return total


def find_mismatch(left: Operand, right: Operand) -> str:
    """Say why two operands cannot be compared in a useful way.

    Parameters
    ----------
    left, right : operand
        Two sides of a comparison.

    Returns
    -------
    str
        Empty when nothing is wrong.
    """
    if isinstance(left, Number):
        left, right = right, left
    scale, other = scale_of(left), scale_of(right)
    if isinstance(right, Number):
        # Arithmetic keeps the kind of a value but not its bounds: RSI + 50 reaches 150.
        known = {} if isinstance(left, Expr) else BOUNDS
        low, high = known.get(str(scale), (-float("inf"), float("inf")))
        if not low <= right.value <= high:
            return f"lies between {low:g} and {high:g}, got {right.value:g}"
        return ""
    if scale is None or other is None or NAMES[scale] == NAMES[other]:
        return ""
    return f"compares {NAMES[scale]} with {NAMES[other]}"
