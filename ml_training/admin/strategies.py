"""Strategies, their versions, and what was found out about their data."""

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest

from ml_training import models
from ml_training.admin.acting import apply
from ml_training.admin.rows import Recorded, Rows
from ml_training.charts.words import number, short
from ml_training.services.queue import request_run


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


@admin.register(models.DataReview)
class DataReviewAdmin(Recorded):
    """What was found out about the data of strategies."""

    list_display = ("strategy", "level", "n_effective", "asked_at", "reviewed_at", "error")
    list_filter = ("reviewed_at",)
    search_fields = ("strategy__name", "error")
    list_select_related = ("strategy",)

    @admin.display
    def level(self, review: models.DataReview) -> str:
        return str(review.quality.get("level", "-"))

    @admin.display(description="effective setups")
    def n_effective(self, review: models.DataReview) -> str:
        return number(review.quality.get("n_effective"))
