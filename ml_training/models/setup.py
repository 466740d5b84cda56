"""The setups that a strategy version finds on one instrument and timeframe."""

from django.db import models
from django.db.models import Q

from ml_training.models.market import SHA256_HEX, Instrument
from ml_training.models.strategy import Strategy


class SetupScan(models.Model):
    """One pass of a strategy's rules over one instrument and timeframe.

    `digest` covers all that the setups follow from: rules, candles, the finer candles
    that settle ambiguous bars, instrument, feature plan. Another one means: scan again.
    """

    strategy = models.ForeignKey(Strategy, on_delete=models.CASCADE, related_name="scans")
    instrument = models.ForeignKey(Instrument, on_delete=models.CASCADE, related_name="scans")
    timeframe = models.CharField(max_length=8)
    source_timeframe = models.CharField(
        max_length=8, help_text="Finer when the candles were resampled"
    )
    rules_digest = models.CharField(max_length=SHA256_HEX)
    candles_digest = models.CharField(max_length=SHA256_HEX)
    feature_digest = models.CharField(max_length=SHA256_HEX)
    feature_names = models.JSONField()
    digest = models.CharField(max_length=SHA256_HEX)
    n_bars = models.PositiveIntegerField()
    n_setups = models.PositiveIntegerField()
    n_labelled = models.PositiveIntegerField()
    counts = models.JSONField(default=dict, help_text="What became of the other signals")
    scanned_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["strategy", "instrument", "timeframe"]
        constraints = [
            models.UniqueConstraint(
                fields=["strategy", "rules_digest", "instrument", "timeframe"],
                name="one_scan_per_strategy_version",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.strategy}: {self.instrument} {self.timeframe}, {self.n_setups} setups"


class Setup(models.Model):
    """One place where the rules say: enter here, and how it ended."""

    class Outcome(models.IntegerChoices):
        """How a setup ended; the numbers are those of `data.labels`."""

        OPEN = 0, "open"
        TAKE_PROFIT = 1, "take profit"
        STOP_LOSS = 2, "stop loss"
        TIME = 3, "time limit"

    class Side(models.IntegerChoices):
        LONG = 1, "long"
        SHORT = -1, "short"

    scan = models.ForeignKey(SetupScan, on_delete=models.CASCADE, related_name="setups")
    entry_at = models.DateTimeField(help_text="t0: open of the entry bar")
    exit_at = models.DateTimeField(null=True, help_text="t1: end of the exit bar, once it ended")
    horizon_at = models.DateTimeField(
        null=True, help_text="End of the last bar that may decide it, once that has passed"
    )
    side = models.SmallIntegerField(choices=Side)
    entry = models.FloatField()
    stop = models.FloatField()
    target = models.FloatField()
    outcome = models.SmallIntegerField(choices=Outcome)
    r = models.FloatField(null=True, help_text="Result in R after costs; empty while open")
    mae = models.FloatField(null=True, help_text="Maximum adverse excursion in R")
    mfe = models.FloatField(null=True, help_text="Maximum favourable excursion in R")
    bars_held = models.PositiveIntegerField()
    is_ambiguous = models.BooleanField(help_text="Stop and target lay in one bar")
    is_gapped = models.BooleanField(help_text="The market opened beyond a barrier")
    is_resolved = models.BooleanField(help_text="Finer candles told which came first")
    risk = models.FloatField(help_text="Distance from entry to stop in price")
    cost = models.FloatField(help_text="Round-trip cost in price")
    features = models.BinaryField(help_text="Little-endian float64, in the order of the scan")

    class Meta:
        ordering = ["scan", "entry_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["scan", "entry_at", "side"], name="one_setup_per_bar_and_side"
            ),
            models.CheckConstraint(
                condition=Q(outcome=0)
                | Q(r__isnull=False, exit_at__isnull=False, horizon_at__isnull=False),
                name="closed_setup_has_a_result",
            ),
        ]

    def __str__(self) -> str:
        result = "open" if self.r is None else f"{self.r:+.2f} R"
        return f"{self.get_side_display()} at {self.entry_at:%Y-%m-%d %H:%M}, {result}"
