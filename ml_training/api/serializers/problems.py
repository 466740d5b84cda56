"""The shape of every error (RFC 9457), for the schema."""

from typing import Any

from rest_framework import serializers


class FieldProblem(serializers.Serializer[Any]):
    """One thing that is wrong with a request."""

    path = serializers.CharField(help_text="Where: `rules.long.left`, or a field's name")
    message = serializers.CharField()
    hint = serializers.CharField()


class Problem(serializers.Serializer[Any]):
    """What happened, and the way out."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    hint = serializers.CharField()
    errors = FieldProblem(many=True, required=False)  # type: ignore[assignment]
    run = serializers.UUIDField(required=False, help_text="The run that stands in the way")
    run_url = serializers.CharField(required=False)
