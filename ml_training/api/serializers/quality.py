"""How good the data of a strategy are, and the base models, as they are sent."""

from datetime import UTC, datetime
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from ml_training.api.serializers.runs import MeasuredField, ObjectField
from ml_training.api.serializers.strict import Strict
from ml_training.models import Checkpoint
from ml_training.selectors.reviews import ReviewView


class NoteSerializer(serializers.Serializer[Any]):
    """One thing about the data: what is seen, and what would help."""

    code = serializers.CharField()
    severity = serializers.CharField(help_text="critical, warning or info")
    message = serializers.CharField()
    advice = serializers.CharField()


class QualitySerializer(serializers.Serializer[Any]):
    """Level of the data, and the numbers behind it."""

    level = serializers.CharField(help_text="critical, poor, good or excellent")
    n = serializers.IntegerField(help_text="Labelled setups")
    n_effective = serializers.FloatField(help_text="Counted as if none overlapped")
    win_rate = MeasuredField()
    balance = serializers.FloatField(help_text="Setups of the rarer class over the other, 0-1")
    samples_per_feature = serializers.FloatField()
    notes = NoteSerializer(many=True)


class CandidateSerializer(serializers.Serializer[Any]):
    """Candles that the strategy does not use, and what they would add."""

    name = serializers.CharField(help_text="A symbol, or a timeframe of the symbols in use")
    n_setups = serializers.IntegerField()
    n_effective = serializers.FloatField(allow_null=True)
    n_bars = serializers.IntegerField()
    n_scanned = serializers.IntegerField(help_text="Fewer than the bars: an estimate")
    is_estimated = serializers.BooleanField()


class ReviewSerializer(serializers.Serializer[ReviewView]):
    """What was found out about the data of a strategy before any training."""

    reviewed_at = serializers.DateTimeField(source="review.reviewed_at", allow_null=True)
    asked_at = serializers.DateTimeField(
        source="review.asked_at", allow_null=True, help_text="While a worker is to look"
    )
    is_current = serializers.BooleanField(help_text="Of the rules and candles as they are now")
    quality = serializers.SerializerMethodField()
    candidates = CandidateSerializer(many=True)
    error = serializers.CharField(source="review.error")
    hint = serializers.CharField(source="review.hint")

    @extend_schema_field(QualitySerializer(allow_null=True))
    def get_quality(self, found: ReviewView) -> Any:
        """Return level and findings; null before anybody looked."""
        return QualitySerializer(found.quality).data if found.quality else None


class BaseModelSerializer(serializers.ModelSerializer[Checkpoint]):
    """A base model: what it learned from, and what it is worth."""

    name = serializers.CharField(source="meta.name", default="", read_only=True)
    presets = serializers.ListField(
        source="meta.presets", child=serializers.CharField(), default=list, read_only=True
    )
    trained_until = serializers.SerializerMethodField()
    n_setups = serializers.IntegerField(source="meta.n_setups", default=None, read_only=True)
    n_effective = serializers.FloatField(source="meta.n_effective", default=None, read_only=True)
    scores = ObjectField(source="meta.scores", default=dict, read_only=True)
    symbols = serializers.ListField(
        source="meta.symbols", child=serializers.CharField(), default=list, read_only=True
    )
    timeframes = serializers.ListField(
        source="meta.timeframes", child=serializers.CharField(), default=list, read_only=True
    )
    is_synthetic = serializers.BooleanField(
        source="meta.is_synthetic", default=False, read_only=True
    )

    class Meta:
        model = Checkpoint
        fields = (
            *("id", "name", "presets", "trained_until", "n_setups", "n_effective", "scores"),
            *("symbols", "timeframes", "is_synthetic", "sha256", "size", "created_at"),
        )
        read_only_fields = fields

    def get_trained_until(self, checkpoint: Checkpoint) -> datetime | None:
        """Return the moment after which it knows nothing."""
        until = checkpoint.meta.get("trained_until")
        return None if until is None else datetime.fromtimestamp(until, UTC)


class BaseModelQuery(Strict):
    """Where a list of base models goes on."""

    cursor = serializers.CharField(required=False, help_text="From `next` or `previous`")
    page_size = serializers.IntegerField(required=False, min_value=1, max_value=100)
