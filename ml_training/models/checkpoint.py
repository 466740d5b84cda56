"""Saved models, each with the hash that proves it is the one that was trained."""

from django.core.files.storage import Storage, storages
from django.db import models
from django.db.models import Q

from ml_training.models.market import SHA256_HEX
from ml_training.models.run import TrainingRun


def checkpoint_storage() -> Storage:
    """Return the storage of models, so that a deployment can put them elsewhere."""
    return storages["checkpoints"]


class Checkpoint(models.Model):
    """One saved model: a base to start from, a run's best, or a place to resume."""

    class Kind(models.TextChoices):
        BASE = "base"
        BEST = "best"
        RESUME = "resume"

    run = models.ForeignKey(
        TrainingRun, null=True, blank=True, on_delete=models.CASCADE, related_name="checkpoints"
    )
    kind = models.CharField(max_length=8, choices=Kind)
    file = models.FileField(storage=checkpoint_storage, max_length=255)
    sha256 = models.CharField(max_length=SHA256_HEX)
    size = models.PositiveBigIntegerField(help_text="Bytes")
    epoch = models.PositiveIntegerField(default=0)
    meta = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-created_at", "-pk"]
        indexes = [models.Index(fields=["run", "kind", "-created_at"], name="checkpoint_newest")]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=["base", "best", "resume"]), name="checkpoint_kind_known"
            ),
            models.CheckConstraint(
                condition=Q(run__isnull=False) | Q(kind="base"), name="only_a_base_has_no_run"
            ),
        ]

    def __str__(self) -> str:
        if self.run_id is None:
            return f"base model {self.pk}"
        return f"{self.kind} checkpoint of run {self.run_id}"
