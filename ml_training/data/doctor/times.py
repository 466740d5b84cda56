"""Bars that are too few, missing or too close together."""

from collections.abc import Iterator

import numpy as np

from ml_training.data.candles import IntArray, format_time
from ml_training.data.doctor.diagnosis import Case, Diagnosis, count_noun
from ml_training.data.timeframes import DAY_S, HOUR_S

# The longest usual average spans 200 bars; about a hundredth of the rest become setups.
FEW_BARS = 1_000
HARDLY_ANY_BARS = 250
# Shares of the bars that should be there. Measured: holidays and half days that no
# calendar knows are 0.4 % of clean currencies and 1.1 % of clean gold; chosen: from a
# tenth on, what is learned is about the gaps and not about the market.
SOME_MISSING, MANY_MISSING = 0.02, 0.10
# The New York exchange was last shut for so long in 1914; since then a week at most.
LONG_GAP_S = 30 * DAY_S
MANY_OVERLAPS = 0.01  # (chosen)


def find_few_bars(case: Case) -> Iterator[Diagnosis]:
    """Say when there is too little to learn from.

    Parameters
    ----------
    case : Case
        What is examined.

    Yields
    ------
    Diagnosis
    """
    n_bars = len(case.candles)
    if n_bars >= FEW_BARS:
        return
    yield case.diagnose(
        "too_few_bars",
        "critical" if n_bars < HARDLY_ANY_BARS else "warning",
        np.arange(n_bars),
        f"{count_noun(n_bars, 'bar')} in all; an average over 200 bars leaves "
        f"{max(0, n_bars - 200)} of them",
        f"Import a longer history; {FEW_BARS} bars and more are of use",
    )


def find_gaps(case: Case) -> Iterator[Diagnosis]:
    """Find bars that are missing while the market was open.

    Parameters
    ----------
    case : Case
        What is examined.

    Yields
    ------
    Diagnosis
    """
    time = case.candles.time
    before = np.flatnonzero(np.diff(time) > case.bar_s)
    length = time[before + 1] - time[before]
    is_long = length > LONG_GAP_S
    short = before[~is_long]
    n_missing = _count_expected(case, short)
    gaps = short[n_missing > 0]
    if len(gaps):
        share = float(n_missing.sum()) / (len(time) + float(n_missing.sum()))
        yield case.diagnose(
            "gaps",
            "info" if share < SOME_MISSING else "warning" if share < MANY_MISSING else "critical",
            gaps,
            f"{count_noun(int(n_missing.sum()), 'bar')} missing in "
            f"{count_noun(len(gaps), 'place')}, at most {int(n_missing.max())} in a row; "
            f"{share:.2%} of what the calendar expects ({case.calendar.title})",
            "Import them from another source, or check the instrument's calendar",
        )
    for gap in before[is_long]:
        yield case.diagnose(
            "long_gap",
            "critical",
            np.array([gap]),
            f"nothing between {format_time(time[gap])} and {format_time(time[gap + 1])}, "
            f"{(time[gap + 1] - time[gap]) // DAY_S} days",
            "Look whether one name stands for two things; train on one side only",
        )


def find_overlaps(case: Case) -> Iterator[Diagnosis]:
    """Find bars that follow each other faster than their timeframe allows.

    Parameters
    ----------
    case : Case
        What is examined.

    Yields
    ------
    Diagnosis
    """
    # Days of a broker's clock have 23 hours once a year.
    slack = HOUR_S if case.bar_s >= DAY_S else 0
    early = np.flatnonzero(np.diff(case.candles.time) < case.bar_s - slack)
    if len(early):
        yield case.diagnose(
            "overlapping_bars",
            "warning" if len(early) < MANY_OVERLAPS * len(case.candles) else "critical",
            early + 1,
            f"{count_noun(len(early), 'bar')} too close to the bar before to be of this timeframe",
            "Two timeframes or two clocks are mixed; import one of them",
        )


def _count_expected(case: Case, before: IntArray) -> IntArray:
    """Count, for each gap behind a bar, the bars that the calendar expects in it."""
    time, bar_s = case.candles.time, case.bar_s
    n_slots = -(-(time[before + 1] - time[before]) // bar_s) - 1
    gap = np.repeat(np.arange(len(before)), n_slots)
    slot = np.arange(len(gap)) - np.repeat(np.cumsum(n_slots) - n_slots, n_slots)
    candidates = time[before][gap] + bar_s * (slot + 1)
    counts: IntArray = np.bincount(
        gap[case.calendar.expects(candidates, bar_s)], minlength=len(before)
    )
    return counts
