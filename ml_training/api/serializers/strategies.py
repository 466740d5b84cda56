"""Strategies as they are sent and received."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from ml_training.api.serializers.strict import Strict, StrictMixin
from ml_training.data.rules import describe_rules, parse_rules
from ml_training.errors import DataError
from ml_training.models import Strategy, StrategyVersion
from ml_training.models.market import LONGEST_SYMBOL

MOST_SYMBOLS = 50  # chosen: more markets than the broker of one person offers
MOST_TIMEFRAMES = 20  # more than there are


@extend_schema_field(OpenApiTypes.OBJECT)
class RulesField(serializers.JSONField):
    """A rules document; the rules themselves say what is wrong with it."""


def list_names(most: int, length: int, **options: Any) -> serializers.ListField:
    """Return a field for a list of short names."""
    child = serializers.CharField(max_length=length)
    return serializers.ListField(child=child, min_length=1, max_length=most, **options)


class StrategySerializer(StrictMixin, serializers.ModelSerializer[Strategy]):
    """A strategy; what follows from its rules cannot be written."""

    owner = serializers.CharField(source="owner.username", read_only=True)
    rules = RulesField()
    symbols = list_names(MOST_SYMBOLS, LONGEST_SYMBOL)
    timeframes = list_names(MOST_TIMEFRAMES, 8)

    class Meta:
        model = Strategy
        fields = (
            "id",
            "owner",
            "name",
            "rules",
            "symbols",
            "timeframes",
            "rules_digest",
            "version",
            "created_at",
            "updated_at",
        )
        read_only_fields = ("rules_digest", "version", "created_at", "updated_at")


class StrategyDetail(StrategySerializer):
    """A strategy with its rules in plain English."""

    words = serializers.SerializerMethodField(help_text="The rules in plain English")

    class Meta(StrategySerializer.Meta):
        fields = (*StrategySerializer.Meta.fields, "words")  # type: ignore[assignment]

    def get_words(self, strategy: Strategy) -> list[str]:
        """Return what the rules say; those of an older grammar say what is wrong."""
        try:
            return describe_rules(parse_rules(strategy.rules))
        except DataError as error:
            return str(error).splitlines()


class VersionSerializer(serializers.ModelSerializer[StrategyVersion]):
    """What a strategy was from some time on."""

    rules = RulesField(read_only=True)
    symbols = serializers.ListField(child=serializers.CharField(), read_only=True)
    timeframes = serializers.ListField(child=serializers.CharField(), read_only=True)

    class Meta:
        model = StrategyVersion
        fields = (
            "number",
            "version",
            "rules_digest",
            "rules",
            "symbols",
            "timeframes",
            "created_at",
        )
        read_only_fields = fields


class PageQuery(Strict):
    """Which part of a list to send."""

    cursor = serializers.CharField(required=False, help_text="From `next` or `previous`")
    page_size = serializers.IntegerField(required=False, min_value=1, max_value=100)


class RulesCheck(Strict):
    """Rules to be looked at, stored nowhere."""

    rules = RulesField()


class RulesVerdict(serializers.Serializer[Any]):
    """Valid rules, as they would be stored."""

    digest = serializers.CharField()
    rules = RulesField()
    words = serializers.ListField(child=serializers.CharField())


class SetupCount(serializers.Serializer[Any]):
    """What the rules find on one symbol and timeframe."""

    symbol = serializers.CharField()
    timeframe = serializers.CharField()
    n_bars = serializers.IntegerField(help_text="Newest bars that were looked at")
    n_setups = serializers.IntegerField()
    n_labelled = serializers.IntegerField(help_text="Setups whose outcome is known")
    is_cut = serializers.BooleanField(help_text="Older bars were not looked at")


class PreviewRequest(Strict):
    """Rules and markets to be looked at, stored nowhere."""

    rules = RulesField()
    symbols = list_names(MOST_SYMBOLS, LONGEST_SYMBOL)
    timeframes = list_names(MOST_TIMEFRAMES, 8)


class PreviewAnswer(serializers.Serializer[Any]):
    """What the rules find on all markets that were looked at."""

    n_setups = serializers.IntegerField()
    n_labelled = serializers.IntegerField()
    is_cut = serializers.BooleanField(help_text="Older bars or markets were not looked at")
    n_left_out = serializers.IntegerField(help_text="Markets that were not looked at")
    markets = SetupCount(many=True)
