"""Scan the newest candles of a strategy for setups that can still be traded."""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import datetime

import numpy as np

from ml_training.data.candles import Candles
from ml_training.data.described import describe_setups
from ml_training.data.frame import Frame
from ml_training.data.fresh import drop_unclosed, scan_fresh
from ml_training.data.setups import Setups
from ml_training.data.timeframes import TIMEFRAMES
from ml_training.models import Instrument, Strategy
from ml_training.selectors import describe_instrument
from ml_training.services.scans import ScanJob, load_bars, load_finer
from ml_training.services.setups import plan_jobs

MOST_RECENT = 300
"""Newest setups that drift is told from; chosen: a year of a busy strategy."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Market:
    """What one symbol and timeframe has to offer.

    `X` holds the features of `setups`, of which the last `n_awaiting` wait for their
    entry; `is_fresh` marks those without an outcome. Times are UTC epoch seconds:
    `until` is the close of the last bar, `signal_close` of each signal bar, and `end`
    bounds when each setup is over.
    """

    instrument: Instrument
    timeframe: str
    source_timeframe: str
    candles_digest: str
    until: int
    setups: Setups
    X: np.ndarray
    signal_close: np.ndarray
    is_fresh: np.ndarray
    end: np.ndarray
    n_awaiting: int


def scan_markets(strategy: Strategy, now: datetime) -> Iterator[Market]:
    """Scan each market of a strategy up to its last bar that has closed by `now`."""
    for job in plan_jobs(strategy):
        bars = load_bars(job)
        closed = drop_unclosed(bars, TIMEFRAMES[job.timeframe], int(now.timestamp()))
        if len(closed):
            yield _scan_market(job, closed)


def _scan_market(job: ScanJob, candles: Candles) -> Market:
    bar_s = TIMEFRAMES[job.timeframe]
    frame = Frame(candles, job.timeframe)
    spec, finer = describe_instrument(job.instrument), load_finer(job, candles)
    found = scan_fresh(job.rules, frame, spec, finer=finer)
    is_open = ~found.setups.labelled
    is_open[-MOST_RECENT:] = True
    setups = _join(found.setups.take(is_open), found.awaiting)
    is_fresh = ~setups.labelled
    n_awaiting = len(found.awaiting)
    if n_awaiting:
        is_fresh[-n_awaiting:] = True
    longest = setups.t0 + job.rules.exit.max_bars * bar_s
    return Market(
        instrument=job.instrument,
        timeframe=job.timeframe,
        source_timeframe=job.source_timeframe,
        candles_digest=job.candles_digest,
        until=int(candles.time[-1]) + bar_s,
        setups=setups,
        X=describe_setups(job.plan, frame, setups),
        signal_close=candles.time[setups.signal_index] + bar_s,
        is_fresh=is_fresh,
        end=np.where(is_fresh, longest, setups.t1),
        n_awaiting=n_awaiting,
    )


def _join(first: Setups, second: Setups) -> Setups:
    names = [field.name for field in fields(Setups) if field.name != "counts"]
    pairs = ((getattr(first, name), getattr(second, name)) for name in names)
    return Setups(*(np.concatenate(pair) for pair in pairs), counts=first.counts)
