"""Candles that are well, and the one ill that a test gives them."""

import numpy as np

from ml_training.data.calendars import CALENDARS
from ml_training.data.candles import Candles
from ml_training.data.doctor import Diagnosis, examine
from ml_training.data.timeframes import TIMEFRAMES
from tests.data.builders import MONDAY, random_candles

PRICES = ("open", "high", "low", "close")


def healthy(
    n: int = 2000,
    *,
    timeframe: str = "1h",
    calendar: str = "fx_24x5",
    start: int = MONDAY,
    seed: int = 0,
) -> Candles:
    """Make candles that stand exactly where the calendar expects them."""
    step_s = TIMEFRAMES[timeframe]
    times = start + step_s * np.arange(8 * n + 100)
    kept = times[CALENDARS[calendar].expects(times, step_s)][:n]
    candles = random_candles(len(kept), seed, step_s=step_s)
    return Candles.from_columns(kept, *candles.columns[1:])


def altered(candles: Candles, **changes) -> Candles:
    """Replace columns."""
    names = ("time", *PRICES, "volume")
    columns = dict(zip(names, candles.columns, strict=True))
    return Candles.from_columns(**{**columns, **changes})


def without(candles: Candles, bars) -> Candles:
    """Leave bars out."""
    return Candles(*(np.delete(column, bars) for column in candles.columns))


def scaled(candles: Candles, start: int, factor: float) -> Candles:
    """Multiply all prices from a bar on."""
    is_later = np.arange(len(candles)) >= start
    return altered(
        candles,
        **{
            name: np.where(is_later, getattr(candles, name) * factor, getattr(candles, name))
            for name in PRICES
        },
    )


def find(
    candles: Candles, code: str, *, timeframe: str = "1h", calendar: str = "fx_24x5"
) -> Diagnosis | None:
    """Return the diagnosis of this code, if there is one."""
    found = [d for d in examine(candles, timeframe, calendar) if d.code == code]
    assert len(found) <= 1
    return found[0] if found else None
