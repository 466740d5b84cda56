"""Instruments, their coverage, and files of candles."""

from typing import Any

from rest_framework import serializers

from ml_training.api.serializers.strict import Strict
from ml_training.data.doctor import Diagnosis
from ml_training.models import Instrument
from ml_training.models.market import LONGEST_SYMBOL
from ml_training.selectors import list_coverage

LONGEST_ZONE = 64  # characters of a time zone's name


class InstrumentSerializer(serializers.ModelSerializer[Instrument]):
    """What is traded, and what trading it costs."""

    class Meta:
        model = Instrument
        fields: tuple[str, ...] = (
            "id",
            "symbol",
            "asset_class",
            "pip",
            "digits",
            "calendar",
            "spread_pips",
            "commission_bps",
            "is_synthetic",
        )
        read_only_fields = fields


class CoverageSerializer(serializers.Serializer[Any]):
    """Which candles there are at one timeframe."""

    timeframe = serializers.CharField()
    n_bars = serializers.IntegerField()
    first_at = serializers.DateTimeField()
    last_at = serializers.DateTimeField()


class InstrumentDetail(InstrumentSerializer):
    """An instrument with the candles that there are of it."""

    coverage = serializers.SerializerMethodField()

    class Meta(InstrumentSerializer.Meta):
        fields = (*InstrumentSerializer.Meta.fields, "coverage")
        read_only_fields = fields

    def get_coverage(self, instrument: Instrument) -> list[dict[str, Any]]:
        """Return what there is, finest timeframe first."""
        return CoverageSerializer(list_coverage(instrument), many=True).data  # type: ignore[return-value]


class InstrumentQuery(Strict):
    """What a list of instruments may be narrowed to."""

    symbol = serializers.CharField(
        required=False, max_length=LONGEST_SYMBOL, help_text="The whole symbol"
    )
    cursor = serializers.CharField(required=False, help_text="From `next` or `previous`")
    page_size = serializers.IntegerField(required=False, min_value=1, max_value=100)


class CandleFile(Strict):
    """A file of candles; what its sender does not say is found out."""

    file = serializers.FileField(help_text="CSV, text or Parquet, plain or gzip; 50 MB at most")
    symbol = serializers.CharField(required=False, allow_blank=True, max_length=LONGEST_SYMBOL)
    timeframe = serializers.CharField(required=False, allow_blank=True, max_length=8)
    tz = serializers.CharField(
        required=False,
        allow_blank=True,
        max_length=LONGEST_ZONE,
        help_text="Such as Europe/Berlin",
    )


class FindingSerializer(serializers.Serializer[Diagnosis]):
    """Something that is odd about a file."""

    code = serializers.CharField()
    severity = serializers.CharField()
    count = serializers.IntegerField(help_text="Bars or places that are concerned")
    message = serializers.CharField()
    advice = serializers.CharField()


class FileContent(serializers.Serializer[Any]):
    """What a file holds."""

    symbol = serializers.CharField()
    timeframe = serializers.CharField()
    layout = serializers.CharField(help_text="The file format that was recognised")
    title = serializers.CharField()
    n_bars = serializers.IntegerField()
    first_at = serializers.DateTimeField()
    last_at = serializers.DateTimeField()
    findings = FindingSerializer(many=True)


class ImportedFile(FileContent):
    """What a file held, and what it changed."""

    n_new = serializers.IntegerField(source="counts.n_new")
    n_changed = serializers.IntegerField(source="counts.n_changed")
    n_unchanged = serializers.IntegerField(source="counts.n_unchanged")
