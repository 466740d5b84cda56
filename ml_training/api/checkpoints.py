"""Trained models: which there are, and their bytes with the hash that proves them."""

import base64

from django.db.models import QuerySet
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils.cache import get_conditional_response
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from ml_training.api.serializers.checkpoints import CheckpointQuery, CheckpointSerializer
from ml_training.api.view import Api, NewestFirst
from ml_training.models import Checkpoint
from ml_training.selectors.pages import checkpoints_of
from ml_training.services.checkpoints import read_checkpoint

ZIP = "application/zip"


class NewestSaved(NewestFirst):
    """Cut lists of models, newest first."""

    ordering = ("-created_at", "-pk")


def served_models(request: Request) -> QuerySet[Checkpoint]:
    """Return the models that a user may download; those to resume are not."""
    return checkpoints_of(request.user).filter(kind=Checkpoint.Kind.BEST)


class CheckpointList(Api, ListAPIView[Checkpoint]):
    """The trained models of your runs, newest first."""

    serializer_class = CheckpointSerializer
    pagination_class = NewestSaved

    def get_queryset(self) -> QuerySet[Checkpoint]:
        """Return the models that the user may see and asked for."""
        asked = CheckpointQuery(data=self.request.query_params)
        asked.is_valid(raise_exception=True)
        run = asked.validated_data.get("run")
        models = served_models(self.request)
        return models if run is None else models.filter(run_id=run)

    @extend_schema(parameters=[CheckpointQuery])
    def get(self, request: Request, *args: object, **kwargs: object) -> Response:
        """List models, of one run or of all."""
        return super().get(request, *args, **kwargs)


class ZipRenderer(BaseRenderer):
    """Stand for the bytes of a model, so that a client may ask for them by name."""

    media_type = ZIP
    format = "zip"


class CheckpointDownload(Api):
    """The bytes of a model."""

    renderer_classes = [ZipRenderer, JSONRenderer]
    problems = (410,)

    @extend_schema(
        responses={(200, ZIP): OpenApiTypes.BINARY, 304: None},
        parameters=[
            OpenApiParameter(
                "X-Content-SHA256",
                str,
                OpenApiParameter.HEADER,
                description="SHA-256 of the bytes, hexadecimal",
                response=[200],
            ),
            OpenApiParameter(
                "Repr-Digest",
                str,
                OpenApiParameter.HEADER,
                description="The same as RFC 9530 writes it",
                response=[200],
            ),
        ],
    )
    def get(self, request: Request, checkpoint_id: int) -> HttpResponseBase:
        """Hand out a model whose bytes still have the hash they were stored with."""
        checkpoint = get_object_or_404(served_models(request), pk=checkpoint_id)
        etag = f'"{checkpoint.sha256}"'
        unchanged = get_conditional_response(request, etag=etag)
        if unchanged is not None:
            return unchanged
        headers = {**describe_bytes(checkpoint), "ETag": etag}
        return HttpResponse(read_checkpoint(checkpoint), content_type=ZIP, headers=headers)


def describe_bytes(checkpoint: Checkpoint) -> dict[str, str]:
    """Return the headers that name a model and prove its bytes."""
    digest = base64.b64encode(bytes.fromhex(checkpoint.sha256)).decode()
    return {
        "Content-Disposition": f'attachment; filename="model-{checkpoint.run_id}.zip"',
        "X-Content-SHA256": checkpoint.sha256,
        "Repr-Digest": f"sha-256=:{digest}:",
    }
