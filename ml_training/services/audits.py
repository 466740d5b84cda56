"""Look for leaks in stored setups: compute some again from the past alone."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ml_training.data.labelled import LabelledSet
from ml_training.data.replay import Stakes, replay_features
from ml_training.evaluation.leaks import Leak, find_changed_rows
from ml_training.models import Setup, Strategy
from ml_training.services.market import to_datetime
from ml_training.services.scans import ScanJob, load_bars
from ml_training.services.setups import plan_jobs

N_ROWS = 24
"""Setups computed again per training. Chosen: a look ahead shows in every row, one of a
higher timeframe in three of four; 24 rows miss it once in 10^14 and take 0.2 s."""

LEAST_ROWS = 4  # per symbol and timeframe; chosen: each has a resampling of its own


@dataclass(frozen=True, eq=False)
class Sample:
    """Some rows of a data set, with what their features need."""

    rows: np.ndarray
    stakes: Stakes


def audit_features(strategy: Strategy, dataset: LabelledSet, *, seed: int = 0) -> tuple[str, ...]:
    """Return in words which columns hold what could not be known then."""
    jobs = plan_jobs(strategy)
    n_rows = max(LEAST_ROWS, N_ROWS // max(len(jobs), 1))
    spread = _measure_spread(dataset.X)
    rng = np.random.default_rng(seed)
    leaks = (_audit_job(job, dataset, spread, n_rows, rng) for job in jobs)
    return _merge([leak for leak in leaks if leak is not None])


def _measure_spread(X: np.ndarray) -> np.ndarray:
    """Return the standard deviation of each column's finite cells, 0 without any."""
    known = np.isfinite(X)
    spread = np.zeros(X.shape[1])
    columns = known.any(axis=0)
    spread[columns] = np.nanstd(np.where(known, X, np.nan)[:, columns], axis=0)
    return spread


def _audit_job(
    job: ScanJob, dataset: LabelledSet, spread: np.ndarray, n_rows: int, rng: np.random.Generator
) -> Leak | None:
    """Compare a few rows of one symbol and timeframe; a doubt is settled exactly."""
    symbol, timeframe = job.instrument.symbol, job.timeframe
    own = np.flatnonzero((dataset.symbol == symbol) & (dataset.timeframe == timeframe))
    if not len(own):
        return None
    rows = np.sort(rng.choice(own, min(n_rows, len(own)), replace=False))
    candles = load_bars(job)
    sample = _find_sample(job, dataset, rows, candles.time)
    stored, names = dataset.X[sample.rows], dataset.feature_names
    for from_start in (False, True):
        again = replay_features(job.plan, candles, timeframe, sample.stakes, from_start=from_start)
        leak = find_changed_rows(stored, again, names, spread)
        if leak is None:
            return None
    return leak


def _find_sample(job: ScanJob, dataset: LabelledSet, rows: np.ndarray, time: np.ndarray) -> Sample:
    """Return the rows that are stored, with their signal bars and what is at stake."""
    moments = [to_datetime(at) for at in dataset.t0[rows]]
    setups = Setup.objects.filter(
        scan__strategy=job.strategy,
        scan__digest=job.digest,
        entry_at__in=moments,
    )
    columns = ("entry_at", "side", "entry", "target", "risk", "cost")
    stored = {
        (int(at.timestamp()), side): (risk, cost, abs(target - entry))
        for at, side, entry, target, risk, cost in setups.values_list(*columns)
    }
    keys = [(int(dataset.t0[row]), int(dataset.side[row])) for row in rows]
    known = np.array([key in stored for key in keys], dtype=bool)
    stakes = np.array([stored[key] for key in keys if key in stored]).reshape(-1, 3)
    kept = rows[known]
    signal = np.searchsorted(time, dataset.t0[kept]) - 1
    side = dataset.side[kept].astype(np.float64)
    return Sample(kept, Stakes(signal, side, *stakes.T))


def _merge(leaks: Sequence[Leak]) -> tuple[str, ...]:
    """Say what all symbols share once."""
    return tuple(dict.fromkeys(leak.message for leak in leaks))
