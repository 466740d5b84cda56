"""Read runs and what they recorded."""

from typing import Any

from ml_training.models import Instrument, MetricPoint, Strategy, TrainingRun


def count_openings(strategy: Strategy) -> int:
    """Count how often the strategy's test block was opened: once per finished run."""
    return strategy.runs.filter(state=TrainingRun.State.SUCCEEDED).count()


def is_synthetic(strategy: Strategy) -> bool:
    """Say whether any of the strategy's symbols is made up."""
    return Instrument.objects.filter(symbol__in=strategy.symbols, is_synthetic=True).exists()


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
