"""Read what a run recorded as plain numbers, for charts."""

from dataclasses import dataclass, field
from typing import Any

from ml_training.models import Checkpoint, FixEvent, MetricPoint, TrainingRun

DRAWN_RESULTS = ("calibration_curve", "equity")


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


def read_curves(run: TrainingRun) -> RunCurves:
    """Return the numbers of a run in four queries, however long it was."""
    kinds: dict[str, list[dict[str, Any]]] = {"batch": [], "epoch": []}
    points = MetricPoint.objects.filter(run=run).order_by("pk")
    rows = points.values_list("kind", "attempt", "epoch", "step", "values")
    for kind, attempt, epoch, step, values in rows.iterator(chunk_size=5_000):
        kinds[kind].append({**values, "attempt": attempt, "epoch": epoch, "step": step})
    return RunCurves(
        batches=kinds["batch"],
        epochs=kinds["epoch"],
        events=read_events(run),
        branches=list(run.progress.get("branches", [])),
        checkpoints=read_checkpoints(run),
        layer_names=tuple(run.progress.get("layer_names", ())),
        results=read_drawn_results(run),
    )


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
