"""What may be chosen in the builder, with the words for it."""

from collections.abc import Iterable, Mapping
from functools import lru_cache

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from ml_training.data.calendars import SESSIONS
from ml_training.data.indicators import INDICATORS
from ml_training.data.indicators.averages import AVERAGES
from ml_training.data.indicators.channels import CHANNELS
from ml_training.data.indicators.flow import FLOW
from ml_training.data.indicators.momentum import MOMENTUM
from ml_training.data.indicators.oscillators import OSCILLATORS
from ml_training.data.indicators.patterns import PATTERNS
from ml_training.data.indicators.session import SESSION_INDICATORS
from ml_training.data.indicators.swings import SWINGS
from ml_training.data.indicators.touches import TOUCHES
from ml_training.data.indicators.volatility import VOLATILITY
from ml_training.data.rules.describe import WEEKDAYS
from ml_training.data.rules.nodes import PRICES
from ml_training.data.timeframes import TIMEFRAMES

NUMBER, EXPRESSION = "number", "json"
FAMILIES = {
    "Averages": AVERAGES,
    "Channels": CHANNELS,
    "Oscillators": OSCILLATORS,
    "Momentum": MOMENTUM,
    "Volatility": VOLATILITY,
    "Volume": FLOW,
    "Session": SESSION_INDICATORS,
    "Swings": SWINGS,
    "Touches": TOUCHES,
    "Candle patterns": PATTERNS,
}
PRICE_WORDS = {"hl2": "middle (HL2)", "hlc3": "typical price (HLC3)", "ohlc4": "average (OHLC4)"}

OPERANDS: Mapping[str, Mapping[str, str]] = {
    "Number": {NUMBER: "number"},
    "Price": {f"price:{name}": PRICE_WORDS.get(name, name) for name in PRICES},
    **{
        family: {f"ind:{one.key}": one.title for one in members}
        for family, members in FAMILIES.items()
    },
    "Advanced": {EXPRESSION: "expression (JSON)"},
}
OPERATORS: Mapping[str, Mapping[str, str]] = {
    "Compare": {
        ">": "is above",
        ">=": "is at or above",
        "<": "is below",
        "<=": "is at or below",
        "crosses_above": "crosses above",
        "crosses_below": "crosses below",
        "crosses": "crosses",
    },
    "Range": {"between": "is between", "outside": "is outside"},
    "Its own past": {
        "rising": "is rising",
        "falling": "is falling",
        "is_highest": "is the highest of",
        "is_lowest": "is the lowest of",
        "changed_by_pct": "changed by percent",
    },
}
GROUPS = {
    "all": "all of these hold",
    "any": "any of these holds",
    "at_least": "at least so many hold",
    "not": "this does not hold",
    "within_last": "this held within the last bars",
}
LONG_MODES = {"own": "these rules", "none": "never"}
SHORT_MODES = {"mirror": "the mirror image of buying", **LONG_MODES}
TARGETS = {"atr": "ATR", "percent": "percent", "pips": "pips", "r": "times the risk (R)"}
STOPS = {"atr": "ATR", "percent": "percent", "pips": "pips", "level": "a price level"}
COSTS = {"from_instrument": "those of the instrument", "own": "my own"}
DAYS = dict(enumerate(WEEKDAYS, start=1))
SESSION_WORDS = {"newyork": "New York"}
SESSION_NAMES = {name: SESSION_WORDS.get(name, name.capitalize()) for name in SESSIONS}
HIGHER = {"": "own timeframe", **{name: name for name in TIMEFRAMES}}


@lru_cache(maxsize=1_024)
def operand_options(selected: str) -> SafeString:
    """Return the options of an operand; there are about a hundred, used many times."""
    return list_groups(OPERANDS, selected)


@lru_cache(maxsize=64)
def operator_options(selected: str) -> SafeString:
    """Return the options of an operator."""
    return list_groups(OPERATORS, selected)


def list_groups(groups: Mapping[str, Mapping[str, str]], selected: str) -> SafeString:
    """Return options in groups, one of them selected."""
    return format_html_join(
        "",
        '<optgroup label="{}">{}</optgroup>',
        ((label, list_options(options, selected)) for label, options in groups.items()),
    )


def list_options(options: Mapping[str, str], selected: object) -> SafeString:
    """Return plain options, one of them selected."""
    return format_html_join("", "{}", ((option(*one, selected),) for one in options.items()))


def option(value: str, label: str, selected: object) -> SafeString:
    """Return one option."""
    mark = SafeString(" selected") if value == str(selected) else ""
    return format_html('<option value="{}"{}>{}</option>', value, mark, label)


def named(names: Iterable[str]) -> dict[str, str]:
    """Return options whose words are their values."""
    return {name: name.replace("_", " ") for name in names}


def is_indicator(what: str) -> bool:
    """Tell whether a choice names a known indicator."""
    return what.startswith("ind:") and what[4:] in INDICATORS
