"""What the models said about fresh setups, before anybody knew how they end."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from ml_training.models.checkpoint import Checkpoint
from ml_training.models.market import SHA256_HEX, Instrument
from ml_training.models.setup import Setup
from ml_training.models.strategy import Strategy


class Scoring(models.Model):
    """One look of a strategy's model at the newest candles; the row tells its state."""

    class State(models.TextChoices):
        QUEUED = "queued"
        RUNNING = "running"
        DONE = "done"
        FAILED = "failed"

    strategy = models.ForeignKey(Strategy, on_delete=models.CASCADE, related_name="scorings")
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    state = models.CharField(max_length=8, choices=State, default=State.QUEUED)
    asked_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)
    done_at = models.DateTimeField(null=True, blank=True)
    checkpoint = models.ForeignKey(
        Checkpoint, null=True, blank=True, on_delete=models.CASCADE, related_name="scorings"
    )
    candles_digest = models.CharField(
        max_length=SHA256_HEX, blank=True, help_text="Of the candles that were looked at"
    )
    until = models.DateTimeField(null=True, blank=True, help_text="Close of the newest bar")
    n_fresh = models.PositiveIntegerField(default=0, help_text="Setups without an outcome")
    n_taken = models.PositiveIntegerField(default=0)
    drift = models.JSONField(default=dict, blank=True)
    notes = models.JSONField(default=list, blank=True)
    error = models.TextField(blank=True)
    hint = models.TextField(blank=True)

    class Meta:
        ordering = ["-asked_at", "-pk"]
        indexes = [models.Index(fields=["strategy", "-asked_at"], name="scoring_newest")]
        constraints = [
            models.UniqueConstraint(
                fields=["strategy"],
                condition=Q(state__in=["queued", "running"]),
                name="one_active_scoring_per_strategy",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["queued", "running", "done", "failed"]),
                name="scoring_state_known",
            ),
        ]

    def __str__(self) -> str:
        return f"scoring of {self.strategy} at {self.asked_at:%Y-%m-%d %H:%M}: {self.state}"


class Signal(models.Model):
    """A setup as it was scored when it was new; a later look replaces what it said."""

    scoring = models.ForeignKey(Scoring, on_delete=models.CASCADE, related_name="signals")
    strategy = models.ForeignKey(Strategy, on_delete=models.CASCADE, related_name="signals")
    checkpoint = models.ForeignKey(Checkpoint, on_delete=models.CASCADE, related_name="signals")
    instrument = models.ForeignKey(Instrument, on_delete=models.CASCADE, related_name="signals")
    timeframe = models.CharField(max_length=8)
    side = models.SmallIntegerField(choices=Setup.Side)
    signal_at = models.DateTimeField(help_text="Close of the signal bar")
    entry_at = models.DateTimeField(help_text="Open of the entry bar")
    is_awaiting = models.BooleanField(
        help_text="The entry bar does not exist yet; prices are those of the last close"
    )
    entry = models.FloatField()
    stop = models.FloatField()
    target = models.FloatField()
    probability = models.FloatField(help_text="Calibrated chance of a win, 0-1")
    threshold = models.FloatField(help_text="Taken from this chance on")
    is_taken = models.BooleanField()
    novel = models.JSONField(
        default=list, blank=True, help_text="Features outside what the model was trained on"
    )
    scored_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["-signal_at", "-pk"]
        indexes = [models.Index(fields=["strategy", "-signal_at"], name="signal_newest")]
        constraints = [
            models.UniqueConstraint(
                fields=["checkpoint", "instrument", "timeframe", "signal_at", "side"],
                name="one_signal_per_model_and_setup",
            ),
        ]

    def __str__(self) -> str:
        advice = "take" if self.is_taken else "skip"
        return f"{advice} {self.instrument} {self.timeframe} at {self.signal_at:%Y-%m-%d %H:%M}"
