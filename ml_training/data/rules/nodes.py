"""A rule as a tree: what is compared (operands) and how (conditions)."""

from dataclasses import dataclass

from ml_training.data.indicators import IndicatorUse

PRICES = ("open", "high", "low", "close", "hl2", "hlc3", "ohlc4", "volume")
"""Names of the columns of a candle and their averages."""


@dataclass(frozen=True)
class Number:
    """Hold a constant."""

    value: float


@dataclass(frozen=True)
class Price:
    """Name a column of the candles, ``shift`` bars ago."""

    name: str
    timeframe: str | None = None
    shift: int = 0


@dataclass(frozen=True)
class Expr:
    """Combine operands: ``+ * min max`` take two or more, ``- /`` two, ``abs`` one."""

    op: str
    of: "tuple[Operand, ...]"


Operand = Number | Price | IndicatorUse | Expr


@dataclass(frozen=True)
class Comparison:
    """Compare two operands: ``> >= < <= crosses_above crosses_below crosses``."""

    left: Operand
    op: str
    right: Operand


@dataclass(frozen=True)
class Range:
    """Ask whether an operand lies ``between`` two others, ends included, or outside."""

    left: Operand
    op: str
    low: Operand
    high: Operand


@dataclass(frozen=True)
class Window:
    """Compare an operand with its own past: ``rising falling is_highest is_lowest``."""

    left: Operand
    op: str
    bars: int


@dataclass(frozen=True)
class Change:
    """Ask whether an operand moved by ``percent`` or more over ``bars``."""

    left: Operand
    percent: float
    bars: int


@dataclass(frozen=True)
class WithinLast:
    """Ask whether a condition held on any of the last ``bars`` bars, now included."""

    of: "Condition"
    bars: int


@dataclass(frozen=True)
class Not:
    """Turn a condition round; undefined stays undefined."""

    of: "Condition"


@dataclass(frozen=True)
class Group:
    """Ask that ``all``, ``any`` or ``at_least`` ``count`` of the members hold."""

    op: str
    of: "tuple[Condition, ...]"
    count: int = 0


Leaf = Comparison | Range | Window | Change
Condition = Leaf | WithinLast | Not | Group
