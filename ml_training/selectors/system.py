"""Read who works on which run, what waits, what is stored: for who runs the server."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Case, Count, Sum, When
from django.db.models.functions import Now
from django_q.models import OrmQ

from ml_training.models import CandleChunk, Checkpoint, MetricPoint, Setup, TrainingRun

State = TrainingRun.State
MOST_RUNS = 50  # chosen: more run or wait only where something is stuck


@dataclass(frozen=True, kw_only=True)
class Work:
    """One run in somebody's hands, or the next one's."""

    run: TrainingRun
    host: str
    process: str
    is_unheard: bool


@dataclass(frozen=True, kw_only=True)
class Store:
    """One kind of stored things: how many there are, and their bytes where known."""

    name: str
    n_rows: int
    n_bytes: int | None = None


@dataclass(frozen=True, kw_only=True)
class System:
    """All of it at one moment."""

    running: Sequence[Work]
    waiting: Sequence[TrainingRun]
    n_messages: int
    n_locked: int
    stores: Sequence[Store]
    now: datetime

    @property
    def hosts(self) -> dict[str, int]:
        """Runs at work by host."""
        names = [work.host for work in self.running]
        return {name: names.count(name) for name in dict.fromkeys(names)}


def read_system(now: datetime) -> System:
    """Return what goes on in this installation, in a fixed number of queries."""
    runs = TrainingRun.objects.select_related("strategy__owner").defer("results", "report")
    running = runs.filter(state=State.RUNNING).annotate(
        lease_ended=Case(When(lease_until__lt=Now(), then=True), default=False)
    )
    messages = OrmQ.objects.aggregate(n_all=Count("pk"), n_locked=Count(_locked(now)))
    return System(
        running=[read_work(run) for run in running.order_by("started_at", "pk")[:MOST_RUNS]],
        waiting=list(runs.filter(state=State.QUEUED).order_by("queued_at", "pk")[:MOST_RUNS]),
        n_messages=messages["n_all"],
        n_locked=messages["n_locked"],
        stores=list_stores(),
        now=now,
    )


def _locked(now: datetime) -> Case:
    """Mark messages that a worker has taken: their lock ends in the future."""
    return Case(When(lock__gt=now, then=1))


def read_work(run: TrainingRun) -> Work:
    """Return a running run with its worker's host and process."""
    host, _, process = run.worker.rpartition(":")
    return Work(
        run=run, host=host, process=process, is_unheard=bool(getattr(run, "lease_ended", False))
    )


def list_stores() -> list[Store]:
    """Return how much is stored; candles and models have their bytes noted."""
    models = Checkpoint.objects.aggregate(n=Count("pk"), size=Sum("size"))
    candles = CandleChunk.objects.aggregate(n=Sum("bar_count"))
    return [
        Store(name="models and saved states", n_rows=models["n"], n_bytes=models["size"] or 0),
        Store(name="bars of candles", n_rows=candles["n"] or 0),
        Store(name="setups", n_rows=Setup.objects.count()),
        Store(name="points of curves", n_rows=MetricPoint.objects.count()),
    ]
