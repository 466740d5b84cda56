"""What traders call prices, indicators and sums of them."""

from collections.abc import Mapping

from ml_training.data.indicators import INDICATORS, Indicator, IndicatorUse
from ml_training.data.rules.nodes import Expr, Number, Operand, Price
from ml_training.data.rules.problems import show_number

LONGEST_ABBREVIATION = 5
"""Keys up to this length are abbreviations (EMA, MACD); longer ones have a title."""

PRICE_NAMES = {
    "hl2": "middle of high and low",
    "hlc3": "typical price",
    "ohlc4": "average price",
}
PHRASES: Mapping[str, str] = {
    "aroon": "Aroon {output} {length}",
    "atr_ratio": "ATR {fast} over ATR {slow}",
    "bb_percent": "position in the Bollinger bands {length}",
    "bb_width": "width of the Bollinger bands {length}",
    "bbands": "{output} Bollinger band {length}",
    "distance": "distance from {average} {length} in ATR",
    "chop": "choppiness {length}",
    "dmi.minus_di": "-DI {length}",
    "dmi.plus_di": "+DI {length}",
    "doji": "doji",
    "donchian": "{output} Donchian line {length}",
    "force": "force index {length}",
    "inside_bar": "inside bar",
    "keltner": "{output} Keltner line {length}",
    "opening_range": "{output} of the {session} opening range",
    "macd.macd": "MACD {fast} {slow} {signal}",
    "macd.hist": "MACD {fast} {slow} {signal} histogram",
    "outside_bar": "outside bar",
    "pattern": "{name}",
    "pivot.high": "last pivot high",
    "pivot.low": "last pivot low",
    "pivot.high_bars": "bars since the last pivot high",
    "pivot.low_bars": "bars since the last pivot low",
    "retest": "{output} of {average} {length}",
    "retest.bars": "bars since the last touch of {average} {length}",
    "retraced": "retraced part of the swing {output}",
    "retraced.up_deepest": "deepest retracement of the swing up",
    "retraced.down_deepest": "deepest retracement of the swing down",
    "retracement": "{level} retracement of the swing {output}",
    "slope": "slope of {average} {length}",
    "stoch": "stochastic {output} {length}",
    "supertrend.direction": "Supertrend {length}",
    "supertrend.value": "Supertrend line {length}",
    "swing.direction": "last swing",
    "swing.down_high": "high of the swing down",
    "swing.down_low": "low of the swing down",
    "swing.up_high": "high of the swing up",
    "swing.up_low": "low of the swing up",
    "swing_age": "bars since the swing {output}",
    "swing_size": "ATRs in the swing {output}",
    "vwap": "VWAP of the {session}",
}
"""How to say indicators, or single outputs, that do not read well by themselves."""

SAID_FIRST = ("length", "fast", "slow", "signal")
"""Parameters that traders always name."""

SESSION_NAMES = {
    "sydney": "Sydney",
    "tokyo": "Tokyo",
    "london": "London",
    "newyork": "New York",
}
FUNCTIONS = {"min": "the lowest of {}", "max": "the highest of {}", "abs": "the size of {}"}


def name_operand(operand: Operand) -> str:
    """Return what traders call an operand.

    Parameters
    ----------
    operand : operand
        Number, price, indicator or expression.

    Returns
    -------
    str
        Such as ``EMA 200 on 4h (1 bar ago)``.
    """
    match operand:
        case Number(value):
            return show_number(value)
        case Price(name, timeframe, shift):
            return PRICE_NAMES.get(name, name) + _place(timeframe, shift)
        case IndicatorUse():
            return _name_indicator(operand) + _place(operand.timeframe, operand.shift)
        case Expr(op, of):
            return _name_expr(op, [name_operand(term) for term in of])


def _name_indicator(use: IndicatorUse) -> str:
    indicator = INDICATORS[use.key]
    phrase = PHRASES.get(f"{use.key}.{use.output}") or PHRASES.get(use.key)
    values = {
        name: show_number(value) if isinstance(value, int | float) else value
        for name, value in use.params
    }
    if phrase is None:
        phrase = _plain_phrase(indicator)
    changed = [
        f"{name} {values[name]}"
        for name, param in indicator.params.items()
        if f"{{{name}}}" not in phrase and use.arguments[name] != param.default
    ]
    values["average"] = values.get("average", "").upper()
    session = values.get("session", "")
    values["session"] = SESSION_NAMES.get(session, session)
    name = phrase.format(output=use.output, **values)
    return " ".join([name, *([f"({', '.join(changed)})"] if changed else [])]).replace("_", " ")


def _plain_phrase(indicator: Indicator) -> str:
    """Return the key or title, the usual parameters and the output, to be filled in."""
    is_short = len(indicator.key) <= LONGEST_ABBREVIATION and indicator.key.isalnum()
    name = indicator.key.upper() if is_short else indicator.title
    said = [f"{{{param}}}" for param in SAID_FIRST if param in indicator.params]
    output = ["{output}"] if len(indicator.outputs) > 1 else []
    return " ".join([name, *said, *output])


def _name_expr(op: str, terms: list[str]) -> str:
    if op in FUNCTIONS:
        return FUNCTIONS[op].format(_list(terms))
    return f"({f' {op} '.join(terms)})"


def _list(words: list[str]) -> str:
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last


def _place(timeframe: str | None, shift: int) -> str:
    """Return where on the time axis: a higher timeframe, some bars ago."""
    where = f" on {timeframe}" if timeframe else ""
    ago = f" ({plural(shift, 'bar')} ago)" if shift else ""
    return where + ago


def plural(count: int, noun: str) -> str:
    """Return a count with its noun: 1 bar, 2 bars."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
