"""Collect a strategy's setups: scan what is missing or stale, read back the rest."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from ml_training.data.features import plan_features
from ml_training.data.labelled import LabelledSet
from ml_training.data.rules import indicator_uses, parse_rules
from ml_training.data.timeframes import TIMEFRAMES
from ml_training.errors import DataError
from ml_training.models import Instrument, SetupScan, Strategy
from ml_training.selectors import digest_candles, load_labelled, to_utc
from ml_training.services.scans import ScanJob, find_scan, run_scan


@dataclass(frozen=True, kw_only=True)
class ScanProgress:
    """How far collecting setups has come; told after every symbol and timeframe."""

    number: int
    n_scans: int
    symbol: str
    timeframe: str
    n_bars: int
    n_setups: int
    n_labelled: int
    is_new: bool
    note: str = ""


def collect_setups(
    strategy: Strategy,
    start: datetime | date | None = None,
    end: datetime | date | None = None,
    *,
    progress: Callable[[ScanProgress], None] | None = None,
) -> LabelledSet:
    """Return the labelled setups that enter at or after `start` and end by `end`."""
    from_, to = to_utc(start), to_utc(end)
    if from_ is not None and to is not None and from_ >= to:
        raise DataError(f"the start must lie before the end, got {from_} and {to}")
    return load_labelled(scan_strategy(strategy, progress=progress), from_, to)


def scan_strategy(
    strategy: Strategy, *, progress: Callable[[ScanProgress], None] | None = None
) -> list[SetupScan]:
    """Bring the scans of every symbol and timeframe up to date and return them."""
    jobs = plan_jobs(strategy)
    scans = []
    for number, job in enumerate(jobs, start=1):
        stored = find_scan(job)
        scan = stored or run_scan(job)
        scans.append(scan)
        if progress is not None:
            progress(
                ScanProgress(
                    number=number,
                    n_scans=len(jobs),
                    symbol=job.instrument.symbol,
                    timeframe=job.timeframe,
                    n_bars=scan.n_bars,
                    n_setups=scan.n_setups,
                    n_labelled=scan.n_labelled,
                    is_new=stored is None,
                    note=job.note,
                )
            )
    return scans


def plan_jobs(strategy: Strategy) -> list[ScanJob]:
    """Return a job per symbol and timeframe; name all without candles in one error."""
    rules = parse_rules(strategy.rules)
    plan = plan_features(indicator_uses(rules))
    found = {one.symbol: one for one in Instrument.objects.filter(symbol__in=strategy.symbols)}
    digests = digest_candles(found.values())
    jobs, missing = [], []
    for symbol in strategy.symbols:
        stored = digests.get(found[symbol].pk, {}) if symbol in found else {}
        for timeframe in strategy.timeframes:
            source = find_source(timeframe, stored)
            if source is None:
                missing.append(describe_missing(symbol, timeframe, stored))
                continue
            finer = [name for name in stored if TIMEFRAMES[name] < TIMEFRAMES[timeframe]]
            job = ScanJob(
                strategy=strategy,
                rules=rules,
                plan=plan,
                instrument=found[symbol],
                timeframe=timeframe,
                source_timeframe=source,
                digests={name: stored[name] for name in {source, *finer}},
            )
            jobs.append(job)
    if missing:
        raise DataError(
            f"candles are missing: {'; '.join(missing)}",
            hint="Import them with `manage.py import_candles`, or take them off the strategy.",
        )
    return jobs


def find_source(timeframe: str, stored: Mapping[str, object]) -> str | None:
    """Return the stored timeframe to read: the same, or the coarsest that builds it."""
    length = TIMEFRAMES[timeframe]
    builders = [name for name in stored if length % TIMEFRAMES[name] == 0]
    return max(builders, key=TIMEFRAMES.__getitem__, default=None)


def describe_missing(symbol: str, timeframe: str, stored: Mapping[str, object]) -> str:
    """Say which candles a scan lacks, and what there is instead."""
    if not stored:
        return f"{symbol} {timeframe} (nothing of {symbol} was imported)"
    held = ", ".join(sorted(stored, key=TIMEFRAMES.__getitem__))
    finest = min(TIMEFRAMES[name] for name in stored)
    why = "finer than" if TIMEFRAMES[timeframe] < finest else "not a multiple of"
    return f"{symbol} {timeframe} ({why} the candles in the database: {held})"
