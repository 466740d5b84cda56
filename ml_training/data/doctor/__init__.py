"""The data doctor: what is wrong with candles, before anything is trained on them."""

from collections.abc import Callable, Iterator

from ml_training.data.calendars import find_calendar
from ml_training.data.candles import Candles
from ml_training.data.doctor.diagnosis import Case, Diagnosis, Severity
from ml_training.data.doctor.jumps import find_jumps
from ml_training.data.doctor.prices import find_flat_bars, find_idle_volume, find_loose_prices
from ml_training.data.doctor.times import find_few_bars, find_gaps, find_overlaps
from ml_training.data.doctor.wrong_clock import find_wrong_clock
from ml_training.data.timeframes import timeframe_seconds

__all__ = ["CHECKS", "SEVERITIES", "Diagnosis", "Severity", "examine"]

SEVERITIES: tuple[Severity, ...] = ("critical", "warning", "info")
CHECKS: tuple[Callable[[Case], Iterator[Diagnosis]], ...] = (
    find_few_bars,
    find_gaps,
    find_overlaps,
    find_loose_prices,
    find_idle_volume,
    find_flat_bars,
    find_jumps,
    find_wrong_clock,
)


def examine(candles: Candles, timeframe: str, calendar: str) -> list[Diagnosis]:
    """Look for everything that makes candles unfit to learn from.

    Parameters
    ----------
    candles : Candles
        Bars of one symbol.
    timeframe : str
        Their length.
    calendar : str
        Key of `ml_training.data.calendars.CALENDARS`.

    Returns
    -------
    list of Diagnosis
        The gravest first; empty when nothing is wrong.

    Raises
    ------
    DataError
        If timeframe or calendar is not known.

    Notes
    -----
    Unordered and doubled bars cannot occur in `Candles`; the import notes them.
    """
    case = Case(candles, timeframe_seconds(timeframe), find_calendar(calendar))
    found = [diagnosis for check in CHECKS for diagnosis in check(case)]
    return sorted(found, key=lambda diagnosis: SEVERITIES.index(diagnosis.severity))
