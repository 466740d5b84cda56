"""Runs and what was recorded of them: read, started, stopped, never edited."""

from typing import Any
from uuid import UUID

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse

from ml_training import models
from ml_training.admin.acting import apply
from ml_training.admin.rows import Recorded, RecordedInline
from ml_training.charts import CHARTS, draw_chart
from ml_training.charts.words import number, words
from ml_training.selectors.curves import read_curves
from ml_training.services.queue import request_cancel, request_run, requeue

ACTIVE = ("queued", "running")


class FixEventInline(RecordedInline):
    """Findings of a run."""

    model = models.FixEvent
    fields = ("number", "problem", "severity", "epoch", "message", "remedy", "outcome")
    readonly_fields = fields
    ordering = ("number",)


class CheckpointInline(RecordedInline):
    """Saved models of a run."""

    model = models.Checkpoint
    fields = ("kind", "epoch", "size", "sha256", "created_at")
    readonly_fields = fields


RUN_FIELDS: Any = (  # Django's own type for it has no public name
    (
        None,
        {"fields": ("strategy", "requested_by", "state", "end_cause", "verdict", "error", "hint")},
    ),
    ("Asked for", {"fields": ("settings", "seed", "queued_at", "started_at", "ended_at")}),
    (
        "Worker and lease",
        {
            "classes": ["collapse"],
            "fields": (
                *("worker", "attempt", "failures", "lease_until", "heartbeat_at"),
                *("not_before", "cancel_requested_at", "hinted_at"),
            ),
        },
    ),
    (
        "Hash chain",
        {
            "classes": ["collapse"],
            "fields": tuple(
                f"{link}_digest"
                for link in ("rules", "candles", "setups", "feature", "model", "report")
            ),
        },
    ),
    ("What the engine announced", {"classes": ["collapse"], "fields": ("progress",)}),
)
"""Columns of a run on its page; results and report are shown as charts and text."""


@admin.register(models.TrainingRun)
class TrainingRunAdmin(Recorded):
    """Runs: read, started, stopped, never edited."""

    list_display = (
        *("__str__", "owner", "state", "said", "end_cause", "best_loss", "n_findings"),
        *("attempt", "queued_at", "ended_at"),
    )
    list_filter = ("state", "verdict", "end_cause", "queued_at")
    search_fields = ("=id", "strategy__name", "strategy__owner__username", "error")
    list_select_related = ("strategy__owner",)
    date_hierarchy = "queued_at"
    inlines = (FixEventInline, CheckpointInline)
    fieldsets = RUN_FIELDS
    actions = ("train_again", "cancel", "requeue")

    def get_queryset(self, request: HttpRequest) -> QuerySet[models.TrainingRun]:
        rows: QuerySet[models.TrainingRun] = super().get_queryset(request)
        return rows.annotate(count_of_events=Count("events"))

    def has_operate_permission(self, request: HttpRequest) -> bool:
        """Tell who may start and stop runs, though nobody edits their rows."""
        return request.user.has_perm("ml_training.change_trainingrun")

    @admin.display(ordering="strategy__owner__username")
    def owner(self, run: models.TrainingRun) -> str:
        return str(run.strategy.owner)

    @admin.display(description="verdict", ordering="verdict")
    def said(self, run: models.TrainingRun) -> str:
        return words(run.verdict)

    @admin.display(description="best validation loss")
    def best_loss(self, run: models.TrainingRun) -> str:
        return number(run.progress.get("best_loss"))

    @admin.display(description="findings", ordering="count_of_events")
    def n_findings(self, run: models.TrainingRun) -> int:
        return int(getattr(run, "count_of_events", 0))

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show the charts and the report below the columns."""
        run = self.get_object(request, as_uuid(object_id))
        if run is not None and self.has_view_permission(request, run):
            curves = read_curves(run)
            charts = [draw_chart(name, curves) for name in CHARTS]
            extra_context = {**(extra_context or {}), "run": run, "charts": charts}
        return super().change_view(request, object_id, form_url, extra_context)

    @admin.action(description="Train again with the same settings", permissions=["operate"])
    def train_again(self, request: HttpRequest, runs: QuerySet[models.TrainingRun]) -> None:
        def start(run: models.TrainingRun) -> None:
            request_run(run.strategy, run.settings, requested_by=request.user)  # type: ignore[arg-type]

        apply(self, request, runs, start, "queued for training")

    @admin.action(description="Cancel the selected runs", permissions=["operate"])
    def cancel(self, request: HttpRequest, runs: QuerySet[models.TrainingRun]) -> None:
        apply(self, request, runs.filter(state__in=ACTIVE), request_cancel, "asked to stop")

    @admin.action(description="Let failed and canceled runs go on", permissions=["operate"])
    def requeue(self, request: HttpRequest, runs: QuerySet[models.TrainingRun]) -> None:
        def go_on(run: models.TrainingRun) -> None:
            requeue(run, asked_by=request.user)  # type: ignore[arg-type]

        apply(self, request, runs, go_on, "queued to go on")


def as_uuid(text: str) -> str:
    """Return the key of a run, or the nil key when the address holds something else."""
    try:
        return str(UUID(text))
    except ValueError:
        return str(UUID(int=0))


@admin.register(models.FixEvent)
class FixEventAdmin(Recorded):
    """Findings and repairs."""

    list_display = (
        *("number", "what", "severity", "outcome", "remedy", "epoch", "strategy", "recorded_at"),
    )
    list_filter = ("severity", "outcome", "problem", "remedy", "recorded_at")
    search_fields = ("problem", "message", "conclusion", "run__strategy__name", "=run__id")
    list_select_related = ("run__strategy",)

    @admin.display(description="problem", ordering="problem")
    def what(self, event: models.FixEvent) -> str:
        return words(event.problem)

    @admin.display(ordering="run__strategy__name")
    def strategy(self, event: models.FixEvent) -> str:
        return event.run.strategy.name


@admin.register(models.MetricPoint)
class MetricPointAdmin(Recorded):
    """Numbers of batches and epochs."""

    list_display = ("id", "kind", "run_id", "attempt", "epoch", "step")
    list_filter = ("kind",)
    search_fields = ("=run__id",)
    show_full_result_count = False  # a run has thousands
