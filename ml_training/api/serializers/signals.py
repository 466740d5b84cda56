"""Scores of fresh setups as they are sent; all of it is read-only."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from ml_training.api.serializers.runs import ObjectField
from ml_training.api.serializers.strict import Strict
from ml_training.models import Scoring, Signal
from ml_training.selectors.scores import newest_signals


class SignalSerializer(serializers.ModelSerializer[Signal]):
    """A fresh setup with what the model says about it."""

    symbol = serializers.CharField(source="instrument.symbol", read_only=True)
    side = serializers.SerializerMethodField()
    run = serializers.UUIDField(source="checkpoint.run_id", read_only=True)
    novel = serializers.ListField(
        child=serializers.CharField(),
        read_only=True,
        help_text="Features outside what the model was trained on",
    )

    class Meta:
        model = Signal
        fields = (
            *("id", "strategy", "run", "symbol", "timeframe", "side", "signal_at", "entry_at"),
            *("is_awaiting", "entry", "stop", "target", "probability", "threshold"),
            *("is_taken", "novel", "scored_at"),
        )
        read_only_fields = fields

    @extend_schema_field({"type": "string", "enum": ["long", "short"]})
    def get_side(self, signal: Signal) -> str:
        """Return the side in a word."""
        return str(signal.get_side_display())


class ScoringSerializer(serializers.ModelSerializer[Scoring]):
    """A look at the newest candles, with the setups of the last one that ended."""

    state = serializers.CharField(read_only=True, help_text="queued, running, done or failed")
    run = serializers.UUIDField(
        source="checkpoint.run_id", read_only=True, default=None, allow_null=True
    )
    drift = ObjectField(read_only=True)
    notes = serializers.ListField(child=serializers.CharField(), read_only=True)
    signals = serializers.SerializerMethodField()

    class Meta:
        model = Scoring
        fields = (
            *(
                "id",
                "strategy",
                "run",
                "state",
                "asked_at",
                "done_at",
                "until",
                "n_fresh",
                "n_taken",
            ),
            *("drift", "notes", "error", "hint", "signals"),
        )
        read_only_fields = fields

    @extend_schema_field(SignalSerializer(many=True))
    def get_signals(self, scoring: Scoring) -> list[Any]:
        """Return the newest signals there are, also while new ones are being made."""
        return list(SignalSerializer(newest_signals(scoring.strategy), many=True).data)


class SignalQuery(Strict):
    """What a list of signals may be narrowed to."""

    taken = serializers.BooleanField(required=False, allow_null=True, default=None)
    symbol = serializers.CharField(required=False, max_length=32)
    cursor = serializers.CharField(required=False, help_text="From `next` or `previous`")
    page_size = serializers.IntegerField(required=False, min_value=1, max_value=100)
