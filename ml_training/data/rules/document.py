"""A parsed rules document: entries, exit, filters and costs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from ml_training.data.rules.limits import ATR_LENGTH
from ml_training.data.rules.nodes import Condition, Operand

DistanceKind = Literal["atr", "percent", "pips", "r", "level"]


EVERY_DAY = (1, 2, 3, 4, 5, 6, 7)
"""ISO weekdays, Monday first."""


@dataclass(frozen=True)
class Distance:
    """Say how far a barrier stands from the entry.

    Parameters
    ----------
    kind : {"atr", "percent", "pips", "r", "level"}
        Unit of `value`; ``r`` only for a take profit, ``level`` only for a stop loss.
    value : float
        Distance in that unit; 0 for a level.
    atr_length : int
        Bars of the ATR that `value` (kind ``atr``) or `offset_atr` is measured in.
    operand : operand, optional
        The price level of a long setup (kind ``level``).
    short_operand : operand, optional
        The price level of a short setup: the mirror of `operand`.
    offset_atr : float
        How far beyond the level the stop stands, in ATR.
    """

    kind: DistanceKind
    value: float
    atr_length: int = ATR_LENGTH
    operand: Operand | None = None
    short_operand: Operand | None = None
    offset_atr: float = 0.0


@dataclass(frozen=True)
class Exit:
    """Say when a position ends: target, stop, or after `max_bars` bars."""

    take_profit: Distance
    stop_loss: Distance
    max_bars: int


@dataclass(frozen=True)
class Filters:
    """Say when setups are allowed at all.

    Parameters
    ----------
    sessions : tuple of str, optional
        Trading sessions the signal bar must open in; None allows every hour.
    weekdays : tuple of int
        ISO weekdays (1 is Monday) the signal bar may open on.
    cooldown_bars : int
        Bars without a new setup after a setup.
    one_open_per_symbol : bool
        Whether a setup has to end before the next may begin.
    """

    sessions: tuple[str, ...] | None = None
    weekdays: tuple[int, ...] = EVERY_DAY
    cooldown_bars: int = 0
    one_open_per_symbol: bool = True


@dataclass(frozen=True)
class Costs:
    """Hold the user's own costs; None means the instrument's."""

    spread_pips: float | None = None
    commission_bps: float | None = None


@dataclass(frozen=True)
class Rules:
    """Hold a whole strategy: parsed, checked and hashed.

    Parameters
    ----------
    long : condition, optional
        When to buy; None for a strategy that only sells.
    short : condition, optional
        When to sell; already mirrored when the document says ``mirror``.
    exit : Exit
        Barriers and time limit.
    filters : Filters
        Hours, weekdays, pauses.
    costs : Costs
        Explicit costs, or the instrument's.
    document : mapping
        Canonical form; treat it as read-only.
    digest : str
        SHA-256 (hex) of the canonical form: the version of the strategy.
    """

    long: Condition | None
    short: Condition | None
    exit: Exit
    filters: Filters
    costs: Costs
    document: Mapping[str, Any] = field(compare=False, hash=False, repr=False)
    digest: str = ""
