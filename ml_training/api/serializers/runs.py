"""Runs as they are sent, and what may be asked of them; their state is read-only."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from ml_training.api.serializers.strict import Strict
from ml_training.models import FixEvent, MetricPoint, TrainingRun
from ml_training.services.runs import LARGEST_SEED

MOST_EPOCHS = 10_000  # chosen: a day of training; early stopping ends long before
MOST_ROWS = 1_000  # of one answer; chosen: some 300 kB of readings
KEPT_RESULTS = frozenset(
    {
        "baselines",
        "calibration",
        "data_quality",
        "diagnostics",
        "epochs_run",
        "final_accuracy",
        "final_accuracy_measured_on",
        "fixes_applied",
        "metrics",
        "purged_samples",
        "recommendations",
        "served_model",
        "status",
        "stopped_because",
        "stopped_early",
        "test_samples",
        "threshold",
        "training_samples",
        "training_time_s",
        "transfer",
        "validation_samples",
        "verdict",
        "verdict_details",
    }
)
"""Results that are sent: no paths of the server; history and findings have addresses
of their own."""


@extend_schema_field(OpenApiTypes.OBJECT)
class ObjectField(serializers.JSONField):
    """Any JSON object."""


@extend_schema_field(
    {
        "oneOf": [
            {"type": "number"},
            {"type": "string", "enum": ["NaN", "Infinity", "-Infinity"]},
        ]
    }
)
class MeasuredField(serializers.Field[Any, Any, Any, Any]):
    """A number that was measured; one that is none stays the text that names it."""

    def to_representation(self, value: Any) -> Any:
        """Return it as it was recorded."""
        return value


class RunRequest(Strict):
    """What may be chosen about a run; what is left out is the default."""

    start_date = serializers.DateTimeField(required=False, help_text="First entry, UTC")
    end_date = serializers.DateTimeField(required=False, help_text="Last outcome, UTC")
    epochs = serializers.IntegerField(required=False, min_value=1, max_value=MOST_EPOCHS)
    batch_size = serializers.IntegerField(required=False, min_value=2, max_value=65_536)
    learning_rate = serializers.FloatField(required=False, min_value=1e-9, max_value=100.0)
    seed = serializers.IntegerField(required=False, min_value=0, max_value=LARGEST_SEED)
    device = serializers.ChoiceField(["auto", "cpu", "cuda", "mps"], required=False)
    use_transfer_learning = serializers.BooleanField(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Refuse a time that ends before it begins."""
        start, end = attrs.get("start_date"), attrs.get("end_date")
        if start and end and start >= end:
            raise serializers.ValidationError(
                {"end_date": [f"The start must lie before the end, got {start} and {end}."]}
            )
        return attrs


class RunSerializer(serializers.ModelSerializer[TrainingRun]):
    """A run in a list."""

    strategy_name = serializers.CharField(source="strategy.name", read_only=True)
    end_cause = serializers.ChoiceField(
        TrainingRun.EndCause.choices, allow_blank=True, read_only=True
    )

    class Meta:
        model = TrainingRun
        fields: tuple[str, ...] = (
            "id",
            "strategy",
            "strategy_name",
            "state",
            "end_cause",
            "verdict",
            "attempt",
            "settings",
            "seed",
            "error",
            "hint",
            "queued_at",
            "started_at",
            "ended_at",
        )
        read_only_fields = fields


class ListedRun(RunSerializer):
    """A run in a list, with the number of its findings and repairs."""

    n_findings = serializers.IntegerField(read_only=True)
    n_fixes = serializers.IntegerField(read_only=True)

    class Meta(RunSerializer.Meta):
        fields = (*RunSerializer.Meta.fields, "n_findings", "n_fixes")
        read_only_fields = fields


class RunDetail(RunSerializer):
    """A run with its results and the hashes that they follow from."""

    results = serializers.SerializerMethodField()

    class Meta(RunSerializer.Meta):
        fields = (
            *RunSerializer.Meta.fields,
            "rules_digest",
            "candles_digest",
            "setups_digest",
            "feature_digest",
            "model_digest",
            "report_digest",
            "results",
        )
        read_only_fields = fields

    def get_results(self, run: TrainingRun) -> dict[str, Any]:
        """Return what was measured."""
        return {name: value for name, value in run.results.items() if name in KEPT_RESULTS}


class RunQuery(Strict):
    """What a list of runs may be narrowed to."""

    state = serializers.ChoiceField(TrainingRun.State.choices, required=False)
    verdict = serializers.CharField(required=False, max_length=32)
    strategy = serializers.IntegerField(required=False, min_value=1, max_value=2**63 - 1)
    q = serializers.CharField(required=False, max_length=100, help_text="Part of a name")
    cursor = serializers.CharField(required=False, help_text="From `next` or `previous`")
    page_size = serializers.IntegerField(required=False, min_value=1, max_value=100)


class Progress(serializers.Serializer[Any]):
    """How far a run is, in less than 1 kB."""

    id = serializers.UUIDField()
    state = serializers.ChoiceField(TrainingRun.State.choices)
    end_cause = serializers.CharField()
    attempt = serializers.IntegerField()
    epoch = serializers.IntegerField(allow_null=True, help_text="From 0")
    epochs = serializers.IntegerField(allow_null=True)
    share = serializers.FloatField(help_text="0-1 of the planned steps")
    rate = MeasuredField(allow_null=True, help_text="Steps per second")
    eta_s = MeasuredField(allow_null=True)
    train_loss = MeasuredField(allow_null=True)
    validation_loss = MeasuredField(allow_null=True)
    health = serializers.CharField(help_text="One word")
    trying = serializers.CharField(help_text="The repair that is being tried")
    doing = serializers.CharField(help_text="What goes on before and after the training")
    alive = serializers.BooleanField()
    stale = serializers.BooleanField(help_text="Its worker has not been heard for too long")
    canceling = serializers.BooleanField()
    verdict = serializers.CharField()
    version = serializers.CharField(help_text="Changes whenever the rest does; the ETag")


class MetricsQuery(Strict):
    """Which points to send."""

    after = serializers.IntegerField(required=False, default=0, min_value=0, max_value=2**63 - 1)
    kind = serializers.ChoiceField(MetricPoint.Kind.choices, required=False)
    limit = serializers.IntegerField(
        required=False, default=MOST_ROWS, min_value=1, max_value=MOST_ROWS
    )


class MetricSerializer(serializers.ModelSerializer[MetricPoint]):
    """The numbers of one batch or one epoch; NaN is the text "NaN"."""

    values = ObjectField(read_only=True)

    class Meta:
        model = MetricPoint
        fields = ("id", "kind", "attempt", "epoch", "step", "values")
        read_only_fields = fields


class EventsQuery(Strict):
    """Which events to send."""

    after = serializers.IntegerField(required=False, default=0, min_value=0, max_value=2**31 - 1)
    limit = serializers.IntegerField(
        required=False, default=MOST_ROWS, min_value=1, max_value=MOST_ROWS
    )


class EventSerializer(serializers.ModelSerializer[FixEvent]):
    """One finding and every repair that was tried on it."""

    outcome = serializers.ChoiceField(FixEvent.Outcome.choices, allow_blank=True, read_only=True)

    class Meta:
        model = FixEvent
        fields = (
            "number",
            "problem",
            "severity",
            "epoch",
            "step",
            "message",
            "evidence",
            "trials",
            "remedy",
            "outcome",
            "conclusion",
            "recorded_at",
        )
        read_only_fields = fields


class Metrics(serializers.Serializer[Any]):
    """Points behind a cursor, oldest first."""

    results = MetricSerializer(many=True)
    after = serializers.IntegerField(help_text="Send it with the next request")
    has_more = serializers.BooleanField()


class Events(serializers.Serializer[Any]):
    """Events behind a cursor; one without an outcome grows until its trials end."""

    results = EventSerializer(many=True)
    after = serializers.IntegerField(help_text="Send it with the next request")
    has_more = serializers.BooleanField()


class Figure(serializers.Serializer[Any]):
    """A Plotly figure with its words."""

    name = serializers.CharField()
    title = serializers.CharField(help_text="The finding, in one line")
    summary = serializers.CharField()
    data = serializers.ListField(child=ObjectField())  # type: ignore[assignment]
    layout = ObjectField()


class Report(serializers.Serializer[Any]):
    """The diagnostics report of a run that has ended."""

    run = serializers.UUIDField()
    verdict = serializers.CharField()
    report = serializers.CharField()
    sha256 = serializers.CharField()
