"""Every model, for staff: what was recorded is read, never changed."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.contrib import admin, messages
from django.db.models import Count, Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from ml_training import models
from ml_training.charts import CHARTS, draw_chart
from ml_training.charts.words import file_size, number, short, words
from ml_training.errors import HintedError
from ml_training.selectors.curves import read_curves
from ml_training.services.queue import request_cancel, request_run, requeue

SHOWN_HEX = 12  # chosen: tells hashes apart and fits a column
ACTIVE = ("queued", "running")

# Generic for the type checker only: Django's classes take no parameters.
if TYPE_CHECKING:
    Rows = admin.ModelAdmin[Any]
    InlineRows = admin.TabularInline[Any, Any]
else:
    Rows, InlineRows = admin.ModelAdmin, admin.TabularInline


class Recorded(Rows):
    """Rows that the app writes: staff may look at them and delete them."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class RecordedInline(InlineRows):
    """Recorded rows on the page of the row that they belong to."""

    extra = 0
    can_delete = False
    show_change_link = True

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


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


@admin.register(models.Strategy)
class StrategyAdmin(Rows):
    """Strategies; they can be changed and trained."""

    list_display = ("name", "owner", "on_symbols", "on_timeframes", "n_runs", "updated_at")
    list_filter = ("updated_at", ("owner", admin.RelatedOnlyFieldListFilter))
    search_fields = ("name", "owner__username", "version")
    list_select_related = ("owner",)
    autocomplete_fields = ("owner",)
    readonly_fields = ("rules_digest", "version", "created_at", "updated_at")
    actions = ("train",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[models.Strategy]:
        rows: QuerySet[models.Strategy] = super().get_queryset(request)
        return rows.annotate(count_of_runs=Count("runs"))

    @admin.display(description="symbols")
    def on_symbols(self, strategy: models.Strategy) -> str:
        return short(strategy.symbols)

    @admin.display(description="timeframes")
    def on_timeframes(self, strategy: models.Strategy) -> str:
        return short(strategy.timeframes)

    @admin.display(description="runs", ordering="count_of_runs")
    def n_runs(self, strategy: models.Strategy) -> int:
        return int(getattr(strategy, "count_of_runs", 0))

    @admin.action(description="Train the selected strategies", permissions=["change"])
    def train(self, request: HttpRequest, strategies: QuerySet[models.Strategy]) -> None:
        def start(strategy: models.Strategy) -> None:
            request_run(strategy, {}, requested_by=request.user)  # type: ignore[arg-type]

        apply(self, request, strategies, start, "queued for training")


@admin.register(models.StrategyVersion)
class StrategyVersionAdmin(Recorded):
    """What strategies were before they were changed."""

    list_display = ("strategy", "number", "rules_digest", "created_at")
    list_filter = ("created_at",)
    search_fields = ("strategy__name", "rules_digest", "version")
    list_select_related = ("strategy",)


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


def apply(
    where: Rows,
    request: HttpRequest,
    rows: QuerySet[Any],
    do: Callable[[Any], object],
    done: str,
) -> None:
    """Do something to each row; say how often it went well, and why not."""
    n_done = 0
    for row in rows:
        try:
            do(row)
        except HintedError as error:
            where.message_user(request, str(error), messages.ERROR)
        else:
            n_done += 1
    level = messages.SUCCESS if n_done else messages.WARNING
    where.message_user(request, f"{n_done} {done}.", level)


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


@admin.register(models.Checkpoint)
class CheckpointAdmin(Recorded):
    """Saved models."""

    list_display = ("kind", "strategy", "epoch", "weight", "hash_begins", "created_at")
    list_filter = ("kind", "created_at")
    search_fields = ("sha256", "=run__id", "run__strategy__name")
    list_select_related = ("run__strategy",)
    # The file has no address of its own: the pages hand it out when its hash is right.
    exclude = ("file",)

    @admin.display(ordering="run__strategy__name")
    def strategy(self, checkpoint: models.Checkpoint) -> str:
        return checkpoint.run.strategy.name if checkpoint.run else "(base model)"

    @admin.display(description="size", ordering="size")
    def weight(self, checkpoint: models.Checkpoint) -> str:
        return file_size(checkpoint.size)

    @admin.display(description="SHA-256", ordering="sha256")
    def hash_begins(self, checkpoint: models.Checkpoint) -> SafeString:
        return format_html("<code>{}</code>", checkpoint.sha256[:SHOWN_HEX])


@admin.register(models.Instrument)
class InstrumentAdmin(Rows):
    """Instruments with their costs."""

    list_display = (
        *("symbol", "asset_class", "calendar", "pip", "digits", "spread_pips"),
        *("commission_bps", "is_synthetic"),
    )
    list_filter = ("asset_class", "calendar", "is_synthetic")
    search_fields = ("symbol",)


@admin.register(models.CandleChunk)
class CandleChunkAdmin(Recorded):
    """Months of candles."""

    list_display = ("instrument", "timeframe", "in_month", "bar_count", "first_at", "last_at")
    list_filter = ("timeframe", ("instrument", admin.RelatedOnlyFieldListFilter))
    search_fields = ("instrument__symbol", "sha256")
    list_select_related = ("instrument",)
    exclude = ("blob",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[models.CandleChunk]:
        return super().get_queryset(request).defer("blob")

    @admin.display(description="month", ordering="month")
    def in_month(self, chunk: models.CandleChunk) -> str:
        return f"{chunk.month:%Y-%m}"


@admin.register(models.SetupScan)
class SetupScanAdmin(Recorded):
    """Passes of rules over candles."""

    list_display = (
        *("strategy", "instrument", "timeframe", "n_bars", "n_setups", "n_labelled"),
        "scanned_at",
    )
    list_filter = ("timeframe", ("instrument", admin.RelatedOnlyFieldListFilter), "scanned_at")
    search_fields = ("strategy__name", "instrument__symbol", "digest")
    list_select_related = ("strategy", "instrument")


@admin.register(models.Setup)
class SetupAdmin(Recorded):
    """Setups that were found."""

    list_display = ("entry_at", "instrument", "timeframe", "side", "outcome", "r", "bars_held")
    list_filter = ("outcome", "side", "scan__timeframe")
    search_fields = ("scan__strategy__name", "scan__instrument__symbol")
    list_select_related = ("scan__instrument",)
    date_hierarchy = "entry_at"
    exclude = ("features",)
    show_full_result_count = False  # a strategy has tens of thousands

    def get_queryset(self, request: HttpRequest) -> QuerySet[models.Setup]:
        return super().get_queryset(request).select_related("scan__instrument", "scan__strategy")

    @admin.display(ordering="scan__instrument__symbol")
    def instrument(self, setup: models.Setup) -> str:
        return setup.scan.instrument.symbol

    @admin.display(ordering="scan__timeframe")
    def timeframe(self, setup: models.Setup) -> str:
        return setup.scan.timeframe


@admin.register(models.Scoring)
class ScoringAdmin(Recorded):
    """Looks of models at the newest candles."""

    list_display = ("strategy", "state", "asked_at", "until", "n_fresh", "n_taken")
    list_filter = ("state", "asked_at")
    search_fields = ("strategy__name", "error")
    list_select_related = ("strategy",)


@admin.register(models.Signal)
class SignalAdmin(Recorded):
    """Fresh setups as they were scored."""

    list_display = (
        *("signal_at", "strategy", "instrument", "timeframe", "side", "probability"),
        *("is_taken", "is_awaiting"),
    )
    list_filter = ("is_taken", "side", "timeframe", "signal_at")
    search_fields = ("strategy__name", "instrument__symbol")
    list_select_related = ("strategy", "instrument")
    date_hierarchy = "signal_at"
