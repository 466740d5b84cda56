"""Markets and what was found on them."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from ml_training import models
from ml_training.admin.rows import Recorded, Rows


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
