"""Read what a run recorded as plain numbers, for charts."""

from dataclasses import dataclass, field
from typing import Any

from django.core.cache import cache
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Mod

from ml_training.models import Checkpoint, FixEvent, MetricPoint, TrainingRun

DRAWN_RESULTS = ("calibration_curve", "equity")
COLUMNS = ("attempt", "epoch", "step", "values")

MOST_READ = 20_000
"""Points of a kind read one and all; chosen: ten times what is recorded by default."""

N_SAMPLED, N_SPIKES = 6_000, 200
"""Points read of more than that; chosen: several for each point of a chart."""


@dataclass(frozen=True, kw_only=True)
class RunCurves:
    """All numbers that the charts of one run are drawn from.

    `batches` and `epochs` are points with `attempt`, `epoch`, `step` and their values,
    in the order of writing; `branches` are the turns the engine announced; `results`
    are those of `DRAWN_RESULTS` that an ended run has.
    """

    batches: list[dict[str, Any]] = field(default_factory=list)
    epochs: list[dict[str, Any]] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)
    branches: list[dict[str, Any]] = field(default_factory=list)
    checkpoints: list[dict[str, Any]] = field(default_factory=list)
    layer_names: tuple[str, ...] = ()
    results: dict[str, Any] = field(default_factory=dict)


def read_curves(run: TrainingRun, *, is_thorough: bool = True) -> RunCurves:
    """Return the numbers of a run in seven queries, however long it was.

    Of more than `MOST_READ` points of a kind an even sample is read, and with it the
    batches with the largest gradients: a chart is there to show them. To look for those
    takes a second per million points; who is not thorough takes them only when somebody
    looked before.
    """
    return RunCurves(
        batches=read_kind(run, MetricPoint.Kind.BATCH, is_thorough=is_thorough),
        epochs=read_kind(run, MetricPoint.Kind.EPOCH, is_thorough=is_thorough),
        events=read_events(run),
        branches=list(run.progress.get("branches", [])),
        checkpoints=read_checkpoints(run),
        layer_names=tuple(run.progress.get("layer_names", ())),
        results=read_drawn_results(run),
    )


def read_kind(run: TrainingRun, kind: str, *, is_thorough: bool) -> list[dict[str, Any]]:
    """Return the points of a kind in the order of writing, or a sample of them."""
    points = MetricPoint.objects.filter(run=run, kind=kind).order_by("pk")
    if points[: MOST_READ + 1].count() > MOST_READ:
        points = sample_points(points, is_thorough=is_thorough)
    return [
        {**values, "attempt": attempt, "epoch": epoch, "step": step}
        for attempt, epoch, step, values in points.values_list(*COLUMNS)
    ]


def sample_points(points: QuerySet[MetricPoint], *, is_thorough: bool) -> QuerySet[MetricPoint]:
    """Return every n-th of very many points, and those that stand out."""
    n_points = points.count()
    stride = -(-n_points // N_SAMPLED)
    last = points.order_by("-pk").values_list("pk", flat=True).first()
    key = f"ml_training.spikes.{last}.{n_points}"
    spikes = cache.get(key, [])
    if not spikes and is_thorough:
        highest = points.order_by(F("values__gradient_norm").desc(nulls_last=True))
        spikes = list(highest.values_list("pk", flat=True)[:N_SPIKES])
        cache.set(key, spikes)
    return points.alias(rest=Mod("pk", stride)).filter(Q(rest=0) | Q(pk__in=spikes))


def read_drawn_results(run: TrainingRun) -> dict[str, Any]:
    """Return the results that charts are drawn from, without the rest of them."""
    columns = [f"results__{name}" for name in DRAWN_RESULTS]
    found = TrainingRun.objects.filter(pk=run.pk).values_list(*columns).first() or ()
    pairs = zip(DRAWN_RESULTS, found, strict=False)
    return {name: value for name, value in pairs if isinstance(value, dict)}


def read_checkpoints(run: TrainingRun) -> list[dict[str, Any]]:
    """Return kind and epoch of every saved model."""
    return [dict(one) for one in Checkpoint.objects.filter(run=run).values("kind", "epoch")]


def read_events(run: TrainingRun) -> list[dict[str, Any]]:
    """Return a run's findings with their trials, oldest first."""
    columns = ("number", "problem", "severity", "epoch", "step", "message", "trials", "outcome")
    events = FixEvent.objects.filter(run=run).order_by("number").values(*columns)
    return [dict(event) for event in events]
