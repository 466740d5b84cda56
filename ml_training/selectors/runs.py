"""Read runs: what they recorded, what they follow from, how often they looked."""

import hashlib
import json
from typing import Any

from ml_training.models import MetricPoint, SetupScan, Strategy, TrainingRun


def count_openings(run: TrainingRun) -> int:
    """Return how often the strategy's test block is opened with this run.

    Whoever opens it often enough finds luck, so every other way of training counts, of
    every version of the strategy. A run that repeats an earlier one cannot be luckier
    than that one and counts once with it.
    """
    earlier = run.strategy.runs.filter(state=TrainingRun.State.SUCCEEDED).exclude(pk=run.pk)
    opened = {_identify(*row) for row in earlier.values_list("setups_digest", "settings")}
    return len(opened | {_identify(run.setups_digest, run.settings)})


def digest_scanned_candles(strategy: Strategy) -> str:
    """Return one hash over all candles that the strategy's setups were scanned from."""
    scans = SetupScan.objects.filter(
        strategy=strategy,
        rules_digest=strategy.rules_digest,
        instrument__symbol__in=strategy.symbols,
        timeframe__in=strategy.timeframes,
    )
    rows = scans.order_by("instrument__symbol", "timeframe").values_list(
        "instrument__symbol", "timeframe", "candles_digest"
    )
    return hashlib.sha256(json.dumps([list(row) for row in rows]).encode()).hexdigest()


def list_points(run: TrainingRun, kind: str, after: int = 0) -> list[dict[str, Any]]:
    """Return the points of a kind behind a cursor (`id`), oldest first."""
    points = MetricPoint.objects.filter(run=run, kind=kind, pk__gt=after).order_by("pk")
    return [
        {
            **point.values,
            "id": point.pk,
            "attempt": point.attempt,
            "epoch": point.epoch,
            "step": point.step,
        }
        for point in points
    ]


def _identify(setups_digest: str, settings: object) -> str:
    return json.dumps([setups_digest, settings], sort_keys=True)
