"""Read several runs side by side, each as far as another user may see it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db.models import Count, Q

from ml_training.models import MetricPoint, TrainingRun
from ml_training.selectors.pages import Viewer
from ml_training.selectors.runs import runs_of

MOST_COMPARED = 6
"""Runs side by side; chosen: as many colours as can be told apart."""

READ_RESULTS = ("metrics", "served_model", "training_samples", "test_samples", "walk_forward")
"""The results that are compared; the rest is large and read by the run's own page."""


@dataclass(frozen=True, kw_only=True)
class Compared:
    """One run among others: its row, the scores of its epochs, parts of its results."""

    run: TrainingRun
    epochs: list[dict[str, Any]] = field(default_factory=list)
    results: dict[str, Any] = field(default_factory=dict)


def read_compared(user: Viewer, keys: Sequence[UUID]) -> list[Compared]:
    """Return runs in the order of their keys; those a user may not see are left out."""
    runs = {run.pk: run for run in _read_runs(user, keys)}
    epochs = _read_epochs(runs)
    results = _read_results(runs)
    return [
        Compared(run=runs[key], epochs=epochs.get(key, []), results=results.get(key, {}))
        for key in keys
        if key in runs
    ]


def _read_runs(user: Viewer, keys: Sequence[UUID]) -> list[TrainingRun]:
    runs = runs_of(user).filter(pk__in=keys).defer("results", "report")
    n_fixes = Count("events", filter=~Q(events__remedy=""))
    return list(runs.annotate(n_findings=Count("events"), n_fixes=n_fixes))


def _read_epochs(keys: Iterable[UUID]) -> dict[UUID, list[dict[str, Any]]]:
    """Return the scores of every epoch, in the order of writing."""
    found: dict[UUID, list[dict[str, Any]]] = {}
    points = MetricPoint.objects.filter(run__in=list(keys), kind=MetricPoint.Kind.EPOCH)
    rows = points.order_by("pk").values_list("run_id", "attempt", "epoch", "step", "values")
    for key, attempt, epoch, step, values in rows:
        point = {**values, "attempt": attempt, "epoch": epoch, "step": step}
        found.setdefault(key, []).append(point)
    return found


def _read_results(keys: Iterable[UUID]) -> dict[UUID, dict[str, Any]]:
    columns = [f"results__{name}" for name in READ_RESULTS]
    rows = TrainingRun.objects.filter(pk__in=list(keys)).values_list("pk", *columns)
    return {key: dict(zip(READ_RESULTS, values, strict=True)) for key, *values in rows}
