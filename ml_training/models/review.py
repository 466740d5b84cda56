"""What was found out about a strategy's data before anything was trained on them."""

from django.db import models

from ml_training.models.market import SHA256_HEX
from ml_training.models.strategy import Strategy


class DataReview(models.Model):
    """How good the setups of a strategy are, and what other candles would add.

    `digest` covers strategy and candles: another one means that the review is of
    yesterday. Counting takes seconds, so a worker does it and pages read the row.
    """

    strategy = models.OneToOneField(Strategy, on_delete=models.CASCADE, related_name="review")
    digest = models.CharField(max_length=SHA256_HEX, blank=True)
    asked_at = models.DateTimeField(
        null=True, blank=True, help_text="Since when a worker is to look; empty when it did"
    )
    reviewed_at = models.DateTimeField(null=True, blank=True)
    quality = models.JSONField(default=dict, blank=True, help_text="Level, numbers, findings")
    candidates = models.JSONField(
        default=list, blank=True, help_text="What other candles would add, counted by a scan"
    )
    error = models.TextField(blank=True)
    hint = models.TextField(blank=True)

    class Meta:
        ordering = ["strategy"]

    def __str__(self) -> str:
        return f"review of the data of {self.strategy}: {self.quality.get('level', 'none yet')}"
