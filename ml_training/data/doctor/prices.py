"""Prices that contradict each other or stand still, and volume that says nothing."""

from collections.abc import Iterator

import numpy as np

from ml_training.data.calendars import BoolArray
from ml_training.data.candles import format_time
from ml_training.data.doctor.diagnosis import Case, Diagnosis, Severity, count_noun

MANY_OUTSIDE = 0.01  # share of bars whose high and low do not enclose (chosen)
SOME_IDLE, MANY_IDLE = 0.01, 0.5  # share of bars that are flat or without volume (chosen)
LONG_STRETCH = 10  # equal bars in a row that are a stuck feed, not a quiet hour (chosen)


def find_loose_prices(case: Case) -> Iterator[Diagnosis]:
    """Find bars whose high and low do not enclose open and close.

    Parameters
    ----------
    case : Case
        What is examined.

    Yields
    ------
    Diagnosis
    """
    candles = case.candles
    outside = np.flatnonzero(
        (candles.high < np.maximum(candles.open, candles.close))
        | (candles.low > np.minimum(candles.open, candles.close))
    )
    if len(outside):
        days = ", ".join(format_time(candles.time[bar])[:10] for bar in outside[:3])
        yield case.diagnose(
            "prices_outside_range",
            "critical" if len(outside) > MANY_OUTSIDE * len(candles) else "warning",
            outside,
            f"{count_noun(len(outside), 'bar')} whose high and low do not enclose open and close "
            f"({days}{', ...' if len(outside) > 3 else ''})",
            "Correct them: stops and targets are read from high and low",
        )


def find_idle_volume(case: Case) -> Iterator[Diagnosis]:
    """Say when volume is missing, never changes, or is often zero.

    Parameters
    ----------
    case : Case
        What is examined.

    Yields
    ------
    Diagnosis
    """
    volume = case.candles.volume
    if not len(volume):
        return
    empty = np.flatnonzero(volume == 0.0)
    every = np.arange(len(volume))
    if len(empty) == len(volume):
        advice = "Leave volume out of the rules, or import a source that has it"
        yield case.diagnose("no_volume", "info", every, "no bar has a volume", advice)
    elif volume.min() == volume.max():
        message = f"the volume of every bar is {volume[0]:g}"
        advice = "Leave volume out of the rules"
        yield case.diagnose("constant_volume", "warning", every, message, advice)
    elif len(empty):
        is_much = len(empty) > SOME_IDLE * len(volume)
        yield case.diagnose(
            "zero_volume",
            "warning" if is_much else "info",
            empty,
            f"{count_noun(len(empty), 'bar')} ({len(empty) / len(volume):.2%}) without volume",
            "Nothing traded there: fills at these prices are not certain",
        )


def find_flat_bars(case: Case) -> Iterator[Diagnosis]:
    """Find bars in which the price did not move, and stretches of them.

    Parameters
    ----------
    case : Case
        What is examined.

    Yields
    ------
    Diagnosis
    """
    candles = case.candles
    is_flat = candles.high == candles.low
    flat = np.flatnonzero(is_flat)
    if not len(flat):
        return
    is_same = is_flat[1:] & is_flat[:-1] & (np.diff(candles.close) == 0.0)
    n_same, start = _longest_run(is_same)
    share = len(flat) / len(candles)
    severity: Severity = "warning" if share > SOME_IDLE else "info"
    yield case.diagnose(
        "flat_bars",
        "critical" if share > MANY_IDLE else severity,
        flat,
        f"{count_noun(len(flat), 'bar')} ({share:.2%}) with one price only",
        "Nothing traded or the feed stood still; a coarser timeframe has fewer of them",
    )
    if n_same + 1 >= LONG_STRETCH:
        yield case.diagnose(
            "frozen_prices",
            "warning",
            np.array([start]),
            f"the price stands still for {n_same + 1} bars from "
            f"{format_time(candles.time[start])} on",
            "Cut the stretch out: volatility of zero breaks stops measured in ATR",
        )


def _longest_run(mask: BoolArray) -> tuple[int, int]:
    """Return length and start of the longest stretch of true values."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(np.int8)))
    starts, ends = edges[::2], edges[1::2]
    if not len(starts):
        return 0, 0
    longest = int(np.argmax(ends - starts))
    return int(ends[longest] - starts[longest]), int(starts[longest])
