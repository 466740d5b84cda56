"""Instruments and their candles, packed by the month."""

from django.db import models
from django.db.models import Q

SHA256_HEX = 64
LONGEST_SYMBOL = 32  # chosen: broker names with suffixes fit, a pasted sentence does not


class Instrument(models.Model):
    """What is traded, and what trading it costs."""

    symbol = models.CharField(max_length=LONGEST_SYMBOL, unique=True)
    asset_class = models.CharField(max_length=16)
    pip = models.FloatField(help_text="Price of one pip")
    digits = models.PositiveSmallIntegerField(help_text="Decimal places of a quote")
    calendar = models.CharField(max_length=32, help_text="Hours in which it trades")
    spread_pips = models.FloatField(default=0.0)
    commission_bps = models.FloatField(default=0.0)
    is_synthetic = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["symbol"]
        constraints = [
            models.CheckConstraint(condition=Q(pip__gt=0), name="instrument_pip_positive"),
            models.CheckConstraint(
                condition=Q(spread_pips__gte=0, commission_bps__gte=0),
                name="instrument_costs_not_negative",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.symbol} (synthetic)" if self.is_synthetic else self.symbol


class CandleChunk(models.Model):
    """All candles of one instrument and timeframe in one calendar month (UTC)."""

    instrument = models.ForeignKey(Instrument, on_delete=models.CASCADE, related_name="chunks")
    timeframe = models.CharField(max_length=8)
    month = models.DateField(help_text="First day of the month")
    bar_count = models.PositiveIntegerField()
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    sha256 = models.CharField(max_length=SHA256_HEX, help_text="Of the candles, not of the blob")
    updated_at = models.DateTimeField(auto_now=True)
    # Last column: SQLite reads the ones before it without touching the overflow pages.
    blob = models.BinaryField()

    class Meta:
        ordering = ["instrument", "timeframe", "month"]
        constraints = [
            models.UniqueConstraint(
                fields=["instrument", "timeframe", "month"], name="one_chunk_per_month"
            ),
            models.CheckConstraint(condition=Q(bar_count__gt=0), name="chunk_has_bars"),
            models.CheckConstraint(condition=Q(month__day=1), name="chunk_month_first_day"),
        ]

    def __str__(self) -> str:
        return f"{self.instrument} {self.timeframe} {self.month:%Y-%m}: {self.bar_count} bars"
