"""Whether the server lives, and whether it can work; for load balancers."""

from typing import Any

from django.db import DatabaseError
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from ml_training.api.problems import Invalid
from ml_training.api.view import OpenApi
from ml_training.models import TrainingRun


class Health(serializers.Serializer[Any]):
    """One word."""

    status = serializers.CharField()


class Healthz(OpenApi):
    """A sign of life."""

    @extend_schema(responses=Health)
    def get(self, request: Request) -> Response:
        """Say that the process answers; nothing else is looked at."""
        return Response({"status": "ok"})


class Readyz(OpenApi):
    """A sign that work can be done."""

    @extend_schema(responses=Health)
    def get(self, request: Request) -> Response:
        """Say that the database answers and has its tables; 503 otherwise."""
        try:
            TrainingRun.objects.exists()
        except DatabaseError as error:
            raise Invalid(
                "The database does not answer, or its tables are missing.",
                hint="Look at the database, and run `manage.py migrate`.",
                status=503,
            ) from error
        return Response({"status": "ready"})
