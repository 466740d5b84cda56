"""Gather the setups that a base model learns from, out of all candles before a cut.

Candles from the cut on are not even loaded, so that nothing after it can be known.
However many setups there are, an even sample of them is kept, and no more of them are
ever in memory than of one series.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np

from ml_training.data.described import describe_setups
from ml_training.data.features import plan_features
from ml_training.data.frame import Frame
from ml_training.data.labelled import LabelledSet, concat_sets, set_from_setups
from ml_training.data.presets import PRESETS
from ml_training.data.rules import Rules, parse_rules
from ml_training.data.setups import Setups, scan_setups
from ml_training.data.timeframes import TIMEFRAMES
from ml_training.models import CandleChunk, Instrument
from ml_training.selectors import describe_instrument, load_candles

MARKET = plan_features([])
"""The columns that all strategies share."""

MOST_BARS = 500_000
"""Newest bars of one series that are scanned. Chosen: 14 years of quarter hours."""

MOST_SETUPS = 8_000
"""Setups kept. Measured on the demo's market, all presets: with 20,000 a base ranks its
newest fifth alike (AUC 0.679 and 0.679) and takes three times as long."""


@dataclass(frozen=True)
class Series:
    """All candles of one instrument and timeframe."""

    instrument: Instrument
    timeframe: str


@dataclass(frozen=True, kw_only=True)
class PoolProgress:
    """How far gathering has come; told after every series."""

    number: int
    n_series: int
    symbol: str
    timeframe: str
    n_bars: int
    n_setups: int


@dataclass
class Pool:
    """An even sample of all setups seen so far: those with the lowest random keys."""

    most: int
    parts: list[LabelledSet] = field(default_factory=list)
    keys: list[np.ndarray] = field(default_factory=list)
    n_found: int = 0
    n_bars: int = 0
    bar: float = 1.0

    def thin(self) -> None:
        """Drop the setups that are too many."""
        keys = np.concatenate(self.keys) if self.keys else np.empty(0)
        if len(keys) <= self.most:
            return
        self.bar = float(np.partition(keys, self.most)[self.most])
        pairs = [
            (part.take(np.flatnonzero(own < self.bar)), own[own < self.bar])
            for part, own in zip(self.parts, self.keys, strict=True)
        ]
        self.parts = [part for part, own in pairs if len(own)]
        self.keys = [own for _, own in pairs if len(own)]


def list_series(
    instruments: Sequence[Instrument], timeframes: Sequence[str] | None = None
) -> list[Series]:
    """Return what is stored of the instruments, at all or some timeframes."""
    rows = CandleChunk.objects.filter(instrument__in=instruments).order_by()
    stored = set(rows.values_list("instrument_id", "timeframe").distinct())
    return [
        Series(one, timeframe)
        for one in sorted(instruments, key=lambda one: one.symbol)
        for timeframe in TIMEFRAMES
        if (one.pk, timeframe) in stored and (timeframes is None or timeframe in timeframes)
    ]


def gather_setups(
    series: Sequence[Series],
    presets: Sequence[str],
    until: datetime | None,
    *,
    most: int | None = None,
    tell: Callable[[PoolProgress], None] = lambda _: None,
) -> tuple[LabelledSet | None, Pool]:
    """Return setups of the presets that ended by a moment, and how many there were.

    None instead of a set when there was not one.
    """
    pool = Pool(MOST_SETUPS if most is None else most)
    rules = {key: parse_rules(PRESETS[key].document) for key in presets}
    for number, one in enumerate(series, start=1):
        before = pool.n_found
        n_bars = scan_series(one, rules, until, pool)
        pool.thin()
        tell(
            PoolProgress(
                number=number,
                n_series=len(series),
                symbol=one.instrument.symbol,
                timeframe=one.timeframe,
                n_bars=n_bars,
                n_setups=pool.n_found - before,
            )
        )
    return (concat_sets(pool.parts) if pool.parts else None), pool


def scan_series(one: Series, rules: dict[str, Rules], until: datetime | None, pool: Pool) -> int:
    """Add the setups of one series to the pool; return the bars that were scanned."""
    candles = load_candles(one.instrument, one.timeframe, None, until)
    newest = candles.slice(max(0, len(candles) - MOST_BARS), len(candles))
    end = None if until is None else int(until.timestamp())
    pool.n_bars += len(newest)
    frame = Frame(newest, one.timeframe)
    spec = describe_instrument(one.instrument)
    for key, preset in rules.items() if len(newest) else ():
        setups = scan_setups(preset, frame, spec)
        keys = draw_keys(f"{one.instrument.symbol} {one.timeframe} {key}", len(setups))
        wanted = setups.labelled & ((setups.t1 <= end) if end is not None else True)
        pool.n_found += int(wanted.sum())
        rows = np.flatnonzero(wanted & (keys < pool.bar))
        if len(rows):
            pool.parts.append(describe(setups.take(rows), frame, one))
            pool.keys.append(keys[rows])
    return len(newest)


def draw_keys(name: str, n: int) -> np.ndarray:
    """Return random numbers of 0-1, the same for a name every time."""
    seed = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "little")
    return np.random.default_rng(seed).random(n)


def describe(setups: Setups, frame: Frame, one: Series) -> LabelledSet:
    """Return setups with the market state at their signal bars."""
    X = describe_setups(MARKET, frame, setups)
    return set_from_setups(
        setups,
        X,
        symbol=one.instrument.symbol,
        timeframe=one.timeframe,
        feature_names=MARKET.names,
        feature_digest=MARKET.digest,
    )


def count_bars(series: Sequence[Series], until: datetime | None) -> int:
    """Return about how many bars there are to scan before a moment."""
    return sum(min(MOST_BARS, round(n)) for n in each_length(series, until))


def each_length(series: Sequence[Series], until: datetime | None) -> Iterator[float]:
    """Yield the bars of each series before a moment; a month cut counts in part."""
    for one in series:
        chunks = CandleChunk.objects.filter(instrument=one.instrument, timeframe=one.timeframe)
        rows = chunks.order_by().values_list("bar_count", "first_at", "last_at")
        yield sum(n * share_before(first, last, until) for n, first, last in rows)


def share_before(first: datetime, last: datetime, until: datetime | None) -> float:
    """Return the part of a month's bars that lie before a moment, 0-1."""
    if until is None or last < until:
        return 1.0
    if first >= until:
        return 0.0
    return (until - first) / (last - first)


def digest_before(series: Sequence[Series], until: datetime) -> str:
    """Return one hash of the months of candles that end before a moment."""
    sha = hashlib.sha256()
    for one in series:
        chunks = CandleChunk.objects.filter(
            instrument=one.instrument, timeframe=one.timeframe, last_at__lt=until
        )
        for month, digest in chunks.order_by("month").values_list("month", "sha256"):
            sha.update(f"{one.instrument.symbol} {one.timeframe} {month} {digest}\n".encode())
    return sha.hexdigest()
