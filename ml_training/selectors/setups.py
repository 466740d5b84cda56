"""Read the stored setups of a strategy as the table a model learns from."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import numpy as np

from ml_training.data.labelled import LabelledSet, concat_sets
from ml_training.models import Setup, SetupScan

COLUMNS = ("scan_id", "entry_at", "exit_at", "side", "r", "features")


def load_labelled(
    scans: Sequence[SetupScan], start: datetime | None = None, end: datetime | None = None
) -> LabelledSet:
    """Return the setups that enter from `start` on and whose horizon passed by `end`.

    The scans must come from one strategy version, so that their features agree. To ask
    for the exit instead of the horizon would keep the quick outcomes near `end` only.
    """
    setups = Setup.objects.filter(scan__in=scans).exclude(outcome=Setup.Outcome.OPEN)
    if start is not None:
        setups = setups.filter(entry_at__gte=start)
    if end is not None:
        setups = setups.filter(horizon_at__lte=end)
    rows = list(setups.order_by("entry_at", "pk").values_list(*COLUMNS))
    return concat_sets([build_set(scans, rows)])


def build_set(scans: Sequence[SetupScan], rows: Sequence[tuple[Any, ...]]) -> LabelledSet:
    """Turn rows of `COLUMNS`, sorted by entry, into columns; weights are still 1."""
    names = tuple(scans[0].feature_names)
    scan, entry_at, exit_at, side, r, features = zip(*rows, strict=True) if rows else [()] * 6
    where = {one.pk: (one.instrument.symbol, one.timeframe) for one in scans}
    results = np.array(r, dtype=np.float64)
    return LabelledSet(
        X=np.frombuffer(b"".join(features), dtype="<f8").reshape(len(rows), len(names)),
        y=(results > 0).astype(np.int8),
        r=results,
        t0=np.array([at.timestamp() for at in entry_at], dtype=np.int64),
        t1=np.array([at.timestamp() for at in exit_at], dtype=np.int64),
        weight=np.ones(len(rows)),
        side=np.array(side, dtype=np.int8),
        symbol=np.array([where[key][0] for key in scan], dtype=np.str_),
        timeframe=np.array([where[key][1] for key in scan], dtype=np.str_),
        feature_names=names,
        feature_digest=scans[0].feature_digest,
    )
