"""Count what other candles in the database would add to a strategy's setups.

Nothing is guessed: the strategy's rules are run over the other candles. Of very long
series only the newest bars are, and the count is scaled up and says so.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np

from ml_training.data.advice import Candidate
from ml_training.data.frame import Frame
from ml_training.data.setups import scan_setups
from ml_training.data.timeframes import TIMEFRAMES
from ml_training.data.weights import average_uniqueness
from ml_training.errors import DataError
from ml_training.models import CandleChunk, Instrument, Setup, SetupScan, Strategy
from ml_training.selectors import describe_instrument, list_coverage
from ml_training.services.scans import ScanJob, hash_parts, load_bars
from ml_training.services.setups import plan_jobs

COUNT_FORM = 1
"""Raise it when counting changes for the same rules and candles."""

MOST_BARS = 500_000
"""Bars scanned of one series. Chosen: 14 years of quarter hours, 0.3 s."""

MOST_BARS_IN_ALL = 10_000_000
"""Bars scanned for one strategy. Chosen: some seconds; in bars, so that the same
candles give the same advice on every machine."""

USUAL_TIMEFRAMES = ("15m", "1h", "4h", "1d")
"""Thought of beside the stored ones. Chosen: what the candles at hand are resampled to
most; to scan all sixteen would offer near copies."""


@dataclass(frozen=True, kw_only=True)
class Addition:
    """Candles that could be added: a symbol, or a timeframe of the symbols in use."""

    name: str
    jobs: tuple[ScanJob, ...]

    def hash_with(self, own: Sequence[ScanJob]) -> str:
        """Return one hash of all that its count follows from."""
        return hash_parts([COUNT_FORM, [job.digest for job in (*self.jobs, *own)]])


@dataclass(frozen=True, kw_only=True)
class Counted:
    """A candidate, and the hash of what its count follows from."""

    digest: str
    candidate: Candidate


@dataclass(frozen=True, eq=False)
class Found:
    """When the labelled setups of one series begin and end, among the bars scanned.

    `since` is the time from which on they are all there, `first` and `last` those of
    the series.
    """

    t0: np.ndarray
    t1: np.ndarray
    n_bars: int
    first: int = 0
    last: int = 0
    since: int = 0

    def share(self, since: int) -> float:
        """Return the part of the series from a moment on, 0-1."""
        whole = self.last - self.first
        return min(1.0, max(0.0, (self.last - since) / whole)) if whole else 1.0


def count_additions(
    strategy: Strategy,
    known: Mapping[str, Candidate] | None = None,
    *,
    beat: Callable[[], None] = lambda: None,
) -> list[Counted]:
    """Return what each symbol and timeframe that is not used yet would add.

    Those whose digest is among the `known` are not counted again. What lies beyond
    `MOST_BARS_IN_ALL` is left out. `beat` is called before every series.
    """
    additions = list_additions(strategy)
    own = plan_jobs(strategy) if additions else []
    scanned = dict[str, list[Found]]()
    counted, n_bars = [], 0
    for addition in additions:
        digest = addition.hash_with(own)
        candidate = (known or {}).get(digest)
        if candidate is None:
            if n_bars >= MOST_BARS_IN_ALL:
                break
            candidate = count_addition(addition, own, scanned, beat)
            n_bars += candidate.n_scanned
        counted.append(Counted(digest=digest, candidate=candidate))
    return counted


def list_additions(strategy: Strategy) -> list[Addition]:
    """Return the symbols and timeframes with candles that the strategy does not use.

    Real candles are never offered to a strategy on synthetic ones, nor the reverse.
    """
    used = Instrument.objects.filter(symbol__in=strategy.symbols)
    origins = set(used.values_list("is_synthetic", flat=True))
    others = Instrument.objects.exclude(symbol__in=strategy.symbols)
    others = others.filter(is_synthetic__in=origins)
    added = [plan_addition(one.symbol, strategy, symbols=[one.symbol]) for one in others]
    stored = CandleChunk.objects.filter(instrument__in=used).values_list("timeframe", flat=True)
    usual = {*stored.order_by().distinct(), *USUAL_TIMEFRAMES} - set(strategy.timeframes)
    added += [
        plan_addition(timeframe, strategy, timeframes=[timeframe])
        for timeframe in sorted(usual, key=TIMEFRAMES.__getitem__)
    ]
    return [one for one in added if one is not None]


def plan_addition(name: str, strategy: Strategy, **changes: list[str]) -> Addition | None:
    """Return the scans of an addition; None where the candles do not give them."""
    markets = {"symbols": strategy.symbols, "timeframes": strategy.timeframes, **changes}
    try:
        jobs = plan_jobs(Strategy(rules=strategy.rules, **markets))
    except DataError:
        return None
    return Addition(name=name, jobs=tuple(jobs))


def count_addition(
    addition: Addition,
    own: Sequence[ScanJob],
    scanned: dict[str, list[Found]],
    beat: Callable[[], None],
) -> Candidate:
    """Return what an addition brings to each symbol that it touches, summed up."""
    total = Candidate(addition.name, 0, 0.0)
    for symbol, jobs in group_jobs(addition.jobs):
        if symbol not in scanned:
            beat()
            scanned[symbol] = [scan(job) for job in own if job.instrument.symbol == symbol]
        beat()
        one = measure([scan(job) for job in jobs], scanned[symbol])
        total = replace(
            total,
            n_setups=total.n_setups + one.n_setups,
            n_effective=total.brings(1.0) + one.brings(1.0),
            n_bars=total.n_bars + one.n_bars,
            n_scanned=total.n_scanned + one.n_scanned,
        )
    return total


def group_jobs(jobs: Sequence[ScanJob]) -> Iterator[tuple[str, list[ScanJob]]]:
    """Yield the scans by symbol: setups overlap within one only."""
    for symbol in dict.fromkeys(job.instrument.symbol for job in jobs):
        yield symbol, [job for job in jobs if job.instrument.symbol == symbol]


def scan(job: ScanJob) -> Found:
    """Find the labelled setups among the newest bars of a series."""
    bars = load_bars(job)
    if not len(bars):
        nothing = np.empty(0, dtype=np.int64)
        return Found(nothing, nothing, 0)
    newest = bars.slice(max(0, len(bars) - MOST_BARS), len(bars))
    setups = scan_setups(
        job.rules, Frame(newest, job.timeframe), describe_instrument(job.instrument)
    )
    rows = setups.labelled
    first, last, since = (int(at) for at in (bars.time[0], bars.time[-1], newest.time[0]))
    return Found(setups.t0[rows], setups.t1[rows], len(bars), first, last, since)


def measure(new: Sequence[Found], own: Sequence[Found]) -> Candidate:
    """Return what setups add to those of the same symbol, over the time all share.

    Where a series was not scanned whole, the counts are scaled up to all of the time.
    """
    cut = max((one.since for one in (*new, *own) if one.since > one.first), default=0)
    added, before = join(new, cut), join(own, cut)
    together = tuple(np.concatenate(pair) for pair in zip(before, added, strict=True))
    shares = [one.share(cut) for one in new]
    n_all = sum(
        np.count_nonzero(one.t0 >= cut) / share
        for one, share in zip(new, shares, strict=True)
        if share
    )
    scale = n_all / len(added[0]) if len(added[0]) else 1.0
    return Candidate(
        "",
        n_setups=round(n_all),
        n_effective=round((count_effective(*together) - count_effective(*before)) * scale, 1),
        n_bars=sum(one.n_bars for one in new),
        n_scanned=sum(round(one.n_bars * share) for one, share in zip(new, shares, strict=True)),
    )


def join(found: Sequence[Found], since: int) -> tuple[np.ndarray, np.ndarray]:
    """Return begin and end of all setups from a moment on."""
    nothing = np.empty(0, dtype=np.int64)
    t0 = np.concatenate([nothing, *(one.t0 for one in found)])
    t1 = np.concatenate([nothing, *(one.t1 for one in found)])
    return t0[t0 >= since], t1[t0 >= since]


def count_effective(t0: np.ndarray, t1: np.ndarray) -> float:
    """Count setups of one symbol as if none overlapped."""
    return float(average_uniqueness(t0, t1, np.zeros(len(t0))).sum())


def count_left_out(
    strategy: Strategy, n_used: int, start: datetime | None, end: datetime | None
) -> Candidate | None:
    """Return the setups that the dates of a run leave out, if there are any."""
    if start is None and end is None:
        return None
    scans = SetupScan.objects.filter(
        strategy=strategy,
        rules_digest=strategy.rules_digest,
        instrument__symbol__in=strategy.symbols,
        timeframe__in=strategy.timeframes,
    )
    labelled = Setup.objects.filter(scan__in=scans).exclude(outcome=Setup.Outcome.OPEN)
    n_more = labelled.count() - n_used
    if n_more <= 0:
        return None
    return Candidate(f"the candles {say_range(strategy)} that the dates leave out", n_more)


def say_range(strategy: Strategy) -> str:
    """Return from when to when the candles of the strategy's symbols reach."""
    used = Instrument.objects.filter(symbol__in=strategy.symbols)
    held = [one for instrument in used for one in list_coverage(instrument)]
    first, last = min(one.first_at for one in held), max(one.last_at for one in held)
    return f"from {first:%Y-%m-%d} to {last:%Y-%m-%d}"
