"""Read what a run recorded piece by piece, for readers who come back for more."""

from dataclasses import dataclass
from typing import Generic, TypeVar

from ml_training.models import FixEvent, MetricPoint, TrainingRun

Row = TypeVar("Row")


@dataclass(frozen=True, kw_only=True)
class Piece(Generic[Row]):
    """Some rows behind a cursor, the next cursor, and whether there are more by now."""

    results: list[Row]
    after: int
    has_more: bool


def read_points(run: TrainingRun, *, after: int, most: int, kind: str = "") -> Piece[MetricPoint]:
    """Return points behind a cursor (`id`), oldest first; of all kinds by default."""
    points = MetricPoint.objects.filter(run=run, pk__gt=after).order_by("pk")
    found = list((points.filter(kind=kind) if kind else points)[: most + 1])
    kept = found[:most]
    return Piece(
        results=kept, after=kept[-1].pk if kept else after, has_more=len(found) > len(kept)
    )


def read_events(run: TrainingRun, *, after: int, most: int) -> Piece[FixEvent]:
    """Return fix events behind a cursor (`number`), in the order they were seen."""
    events = FixEvent.objects.filter(run=run, number__gt=after).order_by("number")
    found = list(events[: most + 1])
    kept = found[:most]
    return Piece(
        results=kept, after=kept[-1].number if kept else after, has_more=len(found) > len(kept)
    )
