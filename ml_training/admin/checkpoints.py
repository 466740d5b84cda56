"""Trained models: those of runs, and those that runs start from."""

from django.contrib import admin
from django.utils.safestring import SafeString

from ml_training import models
from ml_training.admin.rows import Recorded, show_hash
from ml_training.charts.words import file_size


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
        return show_hash(checkpoint.sha256)
