"""Trained models: those of runs, and those that runs start from."""

from django.contrib import admin
from django.utils.safestring import SafeString

from ml_training import models
from ml_training.admin.rows import Recorded, show_hash
from ml_training.charts.words import day, file_size, number


@admin.register(models.Checkpoint)
class CheckpointAdmin(Recorded):
    """Saved models."""

    list_display = (
        *("kind", "what", "learned_until", "n_setups", "epoch", "weight", "hash_begins"),
        "created_at",
    )
    list_filter = ("kind", "created_at")
    search_fields = ("sha256", "=run__id", "run__strategy__name", "meta__name")
    list_select_related = ("run__strategy",)
    # The file has no address of its own: the pages hand it out when its hash is right.
    exclude = ("file",)

    @admin.display(description="model of", ordering="run__strategy__name")
    def what(self, checkpoint: models.Checkpoint) -> str:
        """Return the strategy of a run's model, the name of a base model."""
        if checkpoint.run:
            return checkpoint.run.strategy.name
        return str(checkpoint.meta.get("name") or "(base model)")

    @admin.display(description="knows nothing after")
    def learned_until(self, checkpoint: models.Checkpoint) -> str:
        return day(checkpoint.meta.get("trained_until"))

    @admin.display(description="setups learned from")
    def n_setups(self, checkpoint: models.Checkpoint) -> str:
        return number(checkpoint.meta.get("n_setups"))

    @admin.display(description="size", ordering="size")
    def weight(self, checkpoint: models.Checkpoint) -> str:
        return file_size(checkpoint.size)

    @admin.display(description="SHA-256", ordering="sha256")
    def hash_begins(self, checkpoint: models.Checkpoint) -> SafeString:
        return show_hash(checkpoint.sha256)
