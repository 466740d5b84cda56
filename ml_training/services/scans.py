"""Scan one instrument and timeframe for setups and store what was found."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import islice

import numpy as np
from django.db import transaction

from ml_training.data.candles import Candles
from ml_training.data.described import describe_setups
from ml_training.data.features import FeaturePlan
from ml_training.data.frame import Frame
from ml_training.data.resample import resample
from ml_training.data.rules import Rules
from ml_training.data.setups import AMBIGUOUS, GAPPED, NO_END, RESOLVED, Setups, scan_setups
from ml_training.data.timeframes import TIMEFRAMES
from ml_training.errors import DataError
from ml_training.models import Instrument, Setup, SetupScan, Strategy
from ml_training.selectors import describe_instrument, digest_candles, load_candles
from ml_training.services.market import to_datetime

# Raise it when scanning, labelling or features change for the same rules and candles.
SCAN_FORM = 3
BATCH_ROWS = 2_000  # chosen: some megabytes of rows; larger batches write no faster
# Chosen: broker feeds round the odd bar differently; another clock moves most of them.
LEAST_AGREEMENT = 0.95
PLAIN_COLUMNS = (
    *("side", "entry", "stop", "target", "outcome", "r", "mae", "mfe", "bars_held"),
    *("risk", "cost"),
)


@dataclass(frozen=True, kw_only=True)
class ScanJob:
    """One instrument and timeframe to scan.

    `digests` holds the hash of the candles it reads, by timeframe: its source and all
    finer ones, which may settle bars that hold both barriers.
    """

    strategy: Strategy
    rules: Rules
    plan: FeaturePlan
    instrument: Instrument
    timeframe: str
    source_timeframe: str
    digests: Mapping[str, str]

    @property
    def candles_digest(self) -> str:
        """Hash of all candles that the scan reads."""
        return hash_parts([self.source_timeframe, dict(self.digests)])

    @property
    def digest(self) -> str:
        """Hash of everything the setups follow from."""
        spec = asdict(describe_instrument(self.instrument))
        parts = [self.rules.digest, self.plan.digest, spec, self.timeframe, self.candles_digest]
        return hash_parts([SCAN_FORM, *parts])

    @property
    def note(self) -> str:
        """What the user should know about the candles."""
        if self.source_timeframe == self.timeframe:
            return ""
        return f"{self.timeframe} bars built from {self.source_timeframe} candles"


def hash_parts(parts: object) -> str:
    """Return the SHA-256 of anything JSON can write."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def find_scan(job: ScanJob) -> SetupScan | None:
    """Return the stored scan unless something that it follows from has changed."""
    scans = SetupScan.objects.filter(strategy=job.strategy, digest=job.digest)
    return scans.select_related("instrument").first()


def run_scan(job: ScanJob) -> SetupScan:
    """Find, label and describe the setups, and store them in place of the old ones."""
    candles = load_bars(job)
    frame = Frame(candles, job.timeframe)
    spec = describe_instrument(job.instrument)
    setups = scan_setups(job.rules, frame, spec, finer=load_finer(job, candles))
    features = describe_setups(job.plan, frame, setups)
    return store_scan(job, len(candles), setups, features)


def load_bars(job: ScanJob) -> Candles:
    """Return the bars to scan, built from finer ones where the timeframe is missing."""
    candles = load_candles(job.instrument, job.source_timeframe)
    return build_bars(candles, job.source_timeframe, job.timeframe)


def build_bars(candles: Candles, source: str, timeframe: str) -> Candles:
    """Return the finished bars of a timeframe, built from those of a finer one."""
    if source == timeframe or not len(candles):
        return candles
    from_s, to_s = TIMEFRAMES[source], TIMEFRAMES[timeframe]
    bars = resample(candles, from_s, to_s)
    is_unfinished = candles.time[-1] + from_s < bars.time[-1] + to_s
    return bars.slice(0, len(bars) - 1) if is_unfinished else bars


def load_finer(job: ScanJob, bars: Candles) -> Candles | None:
    """Return the finest candles that tell the same story as the bars, if any do."""
    to_s = TIMEFRAMES[job.timeframe]
    for timeframe in sorted(job.digests, key=TIMEFRAMES.__getitem__):
        from_s = TIMEFRAMES[timeframe]
        if from_s < to_s and to_s % from_s == 0:
            finer = load_candles(job.instrument, timeframe)
            if do_agree(finer, bars, to_s):
                return finer
    return None


def do_agree(finer: Candles, bars: Candles, bar_s: int) -> bool:
    """Say whether finer candles have the highs and lows of the bars they lie in.

    Daily bars cut at a broker's midnight do not agree with hourly ones in UTC: they
    would settle which barrier came first by the hours of another day.
    """
    first = np.searchsorted(finer.time, bars.time)
    end = np.searchsorted(finer.time, bars.time + bar_s)
    both = np.flatnonzero(first < end)
    if not len(both):
        return False
    pieces = np.column_stack([first[both], end[both]]).ravel()
    pieces = pieces[pieces < len(finer)]  # the last piece may run to the very end
    high = np.maximum.reduceat(finer.high, pieces)[::2]
    low = np.minimum.reduceat(finer.low, pieces)[::2]
    same = (high == bars.high[both]) & (low == bars.low[both])
    return float(same.mean()) >= LEAST_AGREEMENT


@transaction.atomic
def store_scan(job: ScanJob, n_bars: int, setups: Setups, features: np.ndarray) -> SetupScan:
    """Write a scan with its setups in place of the one of the same strategy version."""
    Strategy.objects.select_for_update().get(pk=job.strategy.pk)
    check_candles_still_stand(job)
    key = {
        "strategy": job.strategy,
        "rules_digest": job.rules.digest,
        "instrument": job.instrument,
        "timeframe": job.timeframe,
    }
    SetupScan.objects.filter(**key).delete()
    scan = SetupScan.objects.create(
        **key,
        source_timeframe=job.source_timeframe,
        candles_digest=job.candles_digest,
        feature_digest=job.plan.digest,
        feature_names=list(job.plan.names),
        digest=job.digest,
        n_bars=n_bars,
        n_setups=len(setups),
        n_labelled=int(setups.labelled.sum()),
        counts=asdict(setups.counts),
    )
    rows = build_rows(scan, setups, features)
    while batch := list(islice(rows, BATCH_ROWS)):  # never all rows in memory at once
        Setup.objects.bulk_create(batch)
    return scan


def check_candles_still_stand(job: ScanJob) -> None:
    """Refuse to store a scan under the hash of candles that changed under its hands."""
    stored = digest_candles([job.instrument]).get(job.instrument.pk, {})
    if {name: stored.get(name) for name in job.digests} != dict(job.digests):
        raise DataError(
            f"the candles of {job.instrument.symbol} changed while they were scanned",
            hint="Start again; what was scanned before stays.",
        )


def build_rows(scan: SetupScan, setups: Setups, features: np.ndarray) -> Iterator[Setup]:
    """Turn the columns of setups into rows."""
    packed = np.ascontiguousarray(features, dtype="<f8")
    columns = {name: getattr(setups, name).tolist() for name in PLAIN_COLUMNS}
    for row, flags in enumerate(setups.flags.tolist()):
        values = {name: column[row] for name, column in columns.items()}
        yield Setup(
            scan=scan,
            entry_at=to_datetime(setups.t0[row]),
            exit_at=to_moment(setups.t1[row]),
            horizon_at=to_moment(setups.horizon[row]),
            is_ambiguous=bool(flags & AMBIGUOUS),
            is_gapped=bool(flags & GAPPED),
            is_resolved=bool(flags & RESOLVED),
            features=packed[row].tobytes(),
            **{name: empty_if_nan(value) for name, value in values.items()},
        )


def to_moment(seconds: int) -> datetime | None:
    """Return a time; None for one that has not come yet."""
    return None if seconds == NO_END else to_datetime(seconds)


def empty_if_nan(value: float) -> float | None:
    """Return None for NaN: what an open setup has not got yet is empty in the row."""
    return None if value != value else value  # noqa: PLR0124 - NaN alone differs from itself
