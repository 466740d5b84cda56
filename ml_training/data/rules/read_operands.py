"""Read operands: numbers, prices, indicators and expressions of them."""

from collections.abc import Callable, Mapping
from typing import Any

from ml_training.data.indicators import INDICATORS, Indicator, IndicatorUse, Param, Value
from ml_training.data.rules import limits
from ml_training.data.rules.nodes import PRICES, Expr, Number, Operand, Price
from ml_training.data.rules.problems import show
from ml_training.data.rules.reader import Reader, at
from ml_training.data.timeframes import TIMEFRAMES

TERMS: Mapping[str, tuple[int, int]] = {
    "+": (2, limits.MOST_TERMS),
    "-": (2, 2),
    "*": (2, limits.MOST_TERMS),
    "/": (2, 2),
    "abs": (1, 1),
    "min": (2, limits.MOST_TERMS),
    "max": (2, limits.MOST_TERMS),
}
"""Expressions and how many operands they take."""

SHAPES = 'write a number, "close", {"price": ...}, {"ind": ...} or {"expr": ..., "of": [...]}'


def read_operand(reader: Reader, value: object, path: str, depth: int = 1) -> Operand | None:
    """Read anything that has a value on every bar.

    Parameters
    ----------
    reader : Reader
        Collects the problems.
    value : object
        The JSON value.
    path : str
        Its JSON path.
    depth : int
        Expressions around it, itself included.

    Returns
    -------
    operand or None
        None when there was a problem.
    """
    if not reader.enter(path):
        return None
    if isinstance(value, str):
        name = _read_price_name(reader, value, path)
        return None if name is None else Price(name)
    if not isinstance(value, Mapping):
        return read_number(reader, value, path)
    readers: dict[str, Callable[[], Operand | None]] = {
        "price": lambda: read_price(reader, value, path),
        "ind": lambda: read_indicator(reader, value, path),
        "expr": lambda: read_expr(reader, value, path, depth),
    }
    named = [key for key in readers if key in value]
    if named:
        return readers[named[0]]()
    reader.refuse(path, f"is not an operand, got {show(value)}", SHAPES)
    return None


def read_number(reader: Reader, value: object, path: str) -> Number | None:
    """Read a constant."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        reader.refuse(path, f"is not an operand, got {show(value)}", SHAPES)
        return None
    number = reader.number(value, path, -limits.LARGEST_NUMBER, limits.LARGEST_NUMBER)
    return None if number is None else Number(number)


def read_price(reader: Reader, value: Mapping[str, Any], path: str) -> Price | None:
    """Read a column of the candles: ``{"price": "close", "shift": 1, "tf": "1d"}``."""
    fields = reader.fields(value, path, ("price", "shift", "tf")) or {}
    name = _read_price_name(reader, fields["price"], at(path, "price"))
    shift, timeframe, is_fine = read_place(reader, fields, path)
    if name is None or not is_fine:
        return None
    return Price(name, timeframe, shift)


def _read_price_name(reader: Reader, value: object, path: str) -> str | None:
    if isinstance(value, str) and value in INDICATORS:
        hint = f'write {{"ind": "{value}"}}'
        reader.refuse(path, f"{value!r} is an indicator, not a price", hint)
        return None
    return reader.choice(value, path, PRICES, "price")


def read_place(
    reader: Reader, fields: Mapping[str, Any], path: str
) -> tuple[int, str | None, bool]:
    """Read ``shift`` and ``tf``; the last item says whether both are fine."""
    shift = reader.integer(fields.get("shift", 0), at(path, "shift"), 0, limits.MOST_SHIFT)
    named = fields.get("tf")
    if named is None:
        return shift or 0, None, shift is not None
    timeframe = reader.choice(named, at(path, "tf"), tuple(TIMEFRAMES), "timeframe")
    return shift or 0, timeframe, shift is not None and timeframe is not None


def read_indicator(reader: Reader, value: Mapping[str, Any], path: str) -> IndicatorUse | None:
    """Read ``{"ind": "ema", "length": 50, "output": ..., "shift": ..., "tf": ...}``."""
    key = reader.choice(value["ind"], at(path, "ind"), tuple(INDICATORS), "indicator")
    if key is None:
        return None
    indicator = INDICATORS[key]
    known = ("ind", *indicator.params, "output", "shift", "tf")
    fields = reader.fields(value, path, known) or {}
    params = _read_params(reader, indicator, fields, path)
    named = fields.get("output", indicator.outputs[0])
    output = reader.choice(named, at(path, "output"), indicator.outputs, f"output of {key}")
    shift, timeframe, is_fine = read_place(reader, fields, path)
    if params is None or output is None or not is_fine:
        return None
    return IndicatorUse(key, tuple(sorted(params.items())), output, timeframe, shift)


def _read_params(
    reader: Reader, indicator: Indicator, fields: Mapping[str, Any], path: str
) -> dict[str, Value] | None:
    params: dict[str, Value] = {}
    for name, param in indicator.params.items():
        read = _read_param(reader, param, fields.get(name, param.default), at(path, name))
        if read is not None:
            params[name] = read
    if len(params) < len(indicator.params):
        return None
    conflict = indicator.conflict(**params)
    if conflict:
        usual = ", ".join(f"{name} {param.default}" for name, param in indicator.params.items())
        reader.refuse(path, f"{indicator.key}: {conflict}", f"usual is {usual}")
        return None
    return params


def _read_param(reader: Reader, param: Param, value: object, path: str) -> Value | None:
    if param.kind == "choice":
        return reader.choice(value, path, param.choices, "choice")
    if param.kind == "int":
        return reader.integer(value, path, int(param.low), int(param.high))
    return reader.number(value, path, param.low, param.high)


def read_expr(reader: Reader, value: Mapping[str, Any], path: str, depth: int) -> Expr | None:
    """Read ``{"expr": "-", "of": ["close", {"ind": "ema"}]}``."""
    if depth > limits.MOST_DEPTH:
        rule = f"expressions nest at most {limits.MOST_DEPTH} deep"
        reader.refuse(path, rule, "simplify it")
        return None
    fields = reader.fields(value, path, ("expr", "of"), required=("of",)) or {}
    op = reader.choice(fields["expr"], at(path, "expr"), tuple(TERMS), "expression")
    terms = None
    if op is not None and "of" in fields:
        terms = _read_terms(reader, fields["of"], at(path, "of"), TERMS[op], depth)
    if op is None or terms is None:
        return None
    if all(isinstance(term, Number) for term in terms):
        reader.refuse(path, "computes with numbers only", "write the result as a number")
        return None
    return Expr(op, terms)


def _read_terms(
    reader: Reader, value: object, path: str, n_allowed: tuple[int, int], depth: int
) -> tuple[Operand, ...] | None:
    items = reader.items(value, path, *n_allowed)
    if items is None:
        return None
    read = [read_operand(reader, item, f"{path}[{i}]", depth + 1) for i, item in enumerate(items)]
    terms = tuple(term for term in read if term is not None)
    return terms if len(terms) == len(items) else None
