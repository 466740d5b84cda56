"""Read what surrounds the entry: exit, filters and costs."""

from collections.abc import Mapping
from typing import Any, cast

from ml_training.data.calendars import SESSIONS
from ml_training.data.rules import limits
from ml_training.data.rules.document import (
    EVERY_DAY,
    Costs,
    Distance,
    DistanceKind,
    Exit,
    Filters,
)
from ml_training.data.rules.read_operands import read_operand
from ml_training.data.rules.reader import Reader, at
from ml_training.data.rules.scales import scale_of

LARGEST: Mapping[str, float] = {
    "atr": limits.MOST_ATR,
    "percent": limits.MOST_PERCENT,
    "pips": limits.MOST_PIPS,
    "r": limits.MOST_R,
}
STOP_KINDS = ("atr", "percent", "pips", "level")
TARGET_KINDS = ("atr", "percent", "pips", "r")
EXTRAS: Mapping[str, tuple[str, ...]] = {
    "atr": ("atr", "length"),
    "level": ("level", "length", "offset_atr"),
}
"""Keys beside the unit, where a unit has any."""

FROM_INSTRUMENT = "from_instrument"


def read_exit(reader: Reader, value: object, path: str = "exit") -> Exit | None:
    """Read take profit, stop loss and time limit; all three must be there.

    Parameters
    ----------
    reader : Reader
        Collects the problems.
    value : object
        The JSON value.
    path : str
        Its JSON path.

    Returns
    -------
    Exit or None
        None when there was a problem.
    """
    required = ("take_profit", "stop_loss", "max_bars")
    fields = reader.fields(value, path, required, required=required)
    if fields is None:
        return None
    target = stop = bars = None
    if "take_profit" in fields:
        where = at(path, "take_profit")
        target = read_distance(reader, fields["take_profit"], where, TARGET_KINDS)
    if "stop_loss" in fields:
        stop = read_distance(reader, fields["stop_loss"], at(path, "stop_loss"), STOP_KINDS)
    if "max_bars" in fields:
        most = limits.MOST_HOLDING_BARS
        bars = reader.integer(fields["max_bars"], at(path, "max_bars"), 1, most)
    if target is None or stop is None or bars is None:
        return None
    return Exit(target, stop, bars)


def read_distance(
    reader: Reader, value: object, path: str, kinds: tuple[str, ...]
) -> Distance | None:
    """Read one barrier: exactly one of `kinds` says its unit."""
    kind = _read_kind(reader, value, path, kinds)
    if kind is None:
        return None
    fields = reader.fields(value, path, EXTRAS.get(kind, (kind,))) or {}
    named = fields.get("length", limits.ATR_LENGTH)
    length = reader.integer(named, at(path, "length"), 1, limits.LONGEST_ATR_LENGTH)
    if kind == "level":
        return _read_level(reader, fields, path, length)
    low, high = limits.SMALLEST_DISTANCE, LARGEST[kind]
    distance = reader.number(fields[kind], at(path, kind), low, high)
    if distance is None or length is None:
        return None
    return Distance(cast("DistanceKind", kind), distance, length)


def _read_kind(reader: Reader, value: object, path: str, kinds: tuple[str, ...]) -> str | None:
    """Read which unit a barrier is in."""
    n_problems = len(reader.problems)
    fields = reader.fields(value, path, (*kinds, "length", "offset_atr")) or {}
    if len(reader.problems) > n_problems:
        return None
    named = [kind for kind in kinds if kind in fields]
    if len(named) == 1:
        return named[0]
    got = " and ".join(named) or "none"
    hint = 'write for example {"atr": 1.5}'
    reader.refuse(path, f"takes exactly one of {', '.join(kinds)}, got {got}", hint)
    return None


def _read_level(
    reader: Reader, fields: Mapping[str, Any], path: str, length: int | None
) -> Distance | None:
    operand = read_operand(reader, fields["level"], at(path, "level"))
    if operand is not None and scale_of(operand) not in ("price", None):
        hint = "name a price, an average, a swing or a retracement"
        reader.refuse(at(path, "level"), "is not a price level", hint)
    where = at(path, "offset_atr")
    offset = reader.number(fields.get("offset_atr", 0.0), where, 0.0, limits.MOST_ATR)
    if operand is None or offset is None or length is None:
        return None
    return Distance("level", 0.0, length, operand=operand, offset_atr=offset)


def read_filters(reader: Reader, value: object, path: str = "filters") -> Filters:
    """Read sessions, weekdays, pauses; everything has a default."""
    known = ("sessions", "weekdays", "cooldown_bars", "one_open_per_symbol")
    fields = reader.fields(value, path, known)
    if fields is None:
        return Filters()
    where = at(path, "cooldown_bars")
    pause = fields.get("cooldown_bars", 0)
    cooldown = reader.integer(pause, where, 0, limits.MOST_COOLDOWN_BARS)
    single = reader.flag(fields.get("one_open_per_symbol", True), at(path, "one_open_per_symbol"))
    return Filters(
        sessions=_read_sessions(reader, fields.get("sessions"), at(path, "sessions")),
        weekdays=_read_weekdays(reader, fields.get("weekdays"), at(path, "weekdays")),
        cooldown_bars=cooldown or 0,
        one_open_per_symbol=single is not False,
    )


def _read_sessions(reader: Reader, value: object, path: str) -> tuple[str, ...] | None:
    if value is None:
        return None
    options = tuple(SESSIONS)
    items = reader.items(value, path, 1, len(options))
    if items is None:
        return None
    read = {
        reader.choice(item, f"{path}[{i}]", options, "session") for i, item in enumerate(items)
    }
    return tuple(name for name in options if name in read)


def _read_weekdays(reader: Reader, value: object, path: str) -> tuple[int, ...]:
    if value is None:
        return EVERY_DAY
    items = reader.items(value, path, 1, len(EVERY_DAY))
    if items is None:
        return EVERY_DAY
    read = {reader.integer(item, f"{path}[{i}]", 1, 7) for i, item in enumerate(items)}
    return tuple(day for day in EVERY_DAY if day in read)


def read_costs(reader: Reader, value: object, path: str = "costs") -> Costs:
    """Read ``"from_instrument"`` or explicit spread and commission."""
    if isinstance(value, str):
        reader.choice(value, path, (FROM_INSTRUMENT,), "costs")
        return Costs()
    known = ("spread_pips", "commission_bps")
    fields = reader.fields(value, path, known)
    if fields is None:
        return Costs()
    if not value:
        reader.refuse(path, "names no cost", f'write "{FROM_INSTRUMENT}"')
    largest = {
        "spread_pips": limits.MOST_SPREAD_PIPS,
        "commission_bps": limits.MOST_COMMISSION_BPS,
    }
    return Costs(
        **{
            key: reader.number(fields[key], at(path, key), 0.0, largest[key])
            for key in known
            if fields.get(key) is not None
        }
    )
