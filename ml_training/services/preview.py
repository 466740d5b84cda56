"""Count the setups that rules find, before anything is stored."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ml_training.data.frame import Frame
from ml_training.data.setups import scan_setups
from ml_training.models import Strategy
from ml_training.selectors import describe_instrument
from ml_training.services.scans import ScanJob, load_bars
from ml_training.services.setups import plan_jobs

NEWEST_BARS = 20_000
"""Bars looked at per market; chosen: more than two years of hours, within a second."""

PATIENCE_S = 5.0
"""Time after which no further market is begun; chosen: a person waits that long."""


@dataclass(frozen=True, kw_only=True)
class MarketCount:
    """What the rules find on one symbol and timeframe."""

    symbol: str
    timeframe: str
    n_bars: int
    n_setups: int
    n_labelled: int
    is_cut: bool


@dataclass(frozen=True, kw_only=True)
class Preview:
    """What the rules find on all markets that were looked at."""

    markets: Sequence[MarketCount]
    n_left_out: int

    @property
    def n_setups(self) -> int:
        """Setups on all markets looked at."""
        return sum(one.n_setups for one in self.markets)

    @property
    def n_labelled(self) -> int:
        """Setups whose outcome is known."""
        return sum(one.n_labelled for one in self.markets)

    @property
    def is_cut(self) -> bool:
        """Tell whether older bars or further markets were not looked at."""
        return bool(self.n_left_out) or any(one.is_cut for one in self.markets)


def preview_setups(strategy: Strategy, *, clock: Callable[[], float] = time.monotonic) -> Preview:
    """Count the setups of a strategy, saved or not, on its newest bars; store nothing.

    Raises `DataError` when its rules are not valid or candles are missing.
    """
    strategy.set_version()
    jobs = plan_jobs(strategy)
    started = clock()
    markets: list[MarketCount] = []
    for job in jobs:
        if markets and clock() - started > PATIENCE_S:
            break
        markets.append(count_market(job))
    return Preview(markets=markets, n_left_out=len(jobs) - len(markets))


def count_market(job: ScanJob) -> MarketCount:
    """Count the setups of one symbol and timeframe."""
    candles = load_bars(job)
    n_all = len(candles)
    newest = candles.slice(max(0, n_all - NEWEST_BARS), n_all)
    frame = Frame(newest, job.timeframe)
    setups = scan_setups(job.rules, frame, describe_instrument(job.instrument))
    return MarketCount(
        symbol=job.instrument.symbol,
        timeframe=job.timeframe,
        n_bars=len(newest),
        n_setups=len(setups),
        n_labelled=int(setups.labelled.sum()),
        is_cut=n_all > len(newest),
    )
