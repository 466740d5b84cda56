"""Trained models as they are sent; where their files lie is nobody's business."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.reverse import reverse

from ml_training.api.serializers.runs import ObjectField
from ml_training.api.serializers.strict import Strict
from ml_training.models import Checkpoint


class CheckpointSerializer(serializers.ModelSerializer[Checkpoint]):
    """A trained model that can be downloaded."""

    download_url = serializers.SerializerMethodField()

    class Meta:
        model = Checkpoint
        fields = ("id", "run", "kind", "sha256", "size", "epoch", "created_at", "download_url")
        read_only_fields = fields

    @extend_schema_field(OpenApiTypes.URI)
    def get_download_url(self, checkpoint: Checkpoint) -> str:
        """Return where its bytes are."""
        return str(
            reverse(
                "ml_training:api:checkpoint_download",
                args=[checkpoint.pk],
                request=self.context.get("request"),
            )
        )


class ModelCard(serializers.Serializer[Any]):
    """What a model is, what it was measured at, and what it is not for."""

    format = serializers.CharField()
    title = serializers.CharField()
    run = serializers.UUIDField()
    trained_at = serializers.CharField(allow_null=True)
    served = ObjectField()
    verdict = ObjectField()
    data = ObjectField(help_text="Periods, markets and columns it was trained on")  # type: ignore[assignment]
    settings = ObjectField()
    threshold = serializers.FloatField()
    calibration = ObjectField()
    measured = ObjectField(help_text="Figures on setups that had no part in training")
    digests = ObjectField(help_text="SHA-256 of all it follows from")
    limits = serializers.ListField(child=serializers.CharField())
    not_for = serializers.ListField(child=serializers.CharField())


class CheckpointQuery(Strict):
    """What a list of models may be narrowed to."""

    run = serializers.UUIDField(required=False)
    cursor = serializers.CharField(required=False, help_text="From `next` or `previous`")
    page_size = serializers.IntegerField(required=False, min_value=1, max_value=100)
