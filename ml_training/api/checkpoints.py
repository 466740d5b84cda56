"""Trained models: which there are, and their bytes with the hash that proves them."""

import base64
from typing import Any

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

from ml_training.api.serializers.checkpoints import (
    CheckpointQuery,
    CheckpointSerializer,
    ModelCard,
)
from ml_training.api.view import Api, NewestFirst
from ml_training.models import Checkpoint
from ml_training.selectors.pages import served_models_of
from ml_training.selectors.runs import runs_of
from ml_training.services.cards import describe_model, name_card, write_card
from ml_training.services.checkpoints import read_checkpoint

ZIP = "application/zip"


class NewestSaved(NewestFirst):
    """Cut lists of models, newest first."""

    ordering = ("-created_at", "-pk")


class CheckpointList(Api, ListAPIView[Checkpoint]):
    """The trained models of your runs, newest first."""

    serializer_class = CheckpointSerializer
    pagination_class = NewestSaved

    def get_queryset(self) -> QuerySet[Checkpoint]:
        """Return the models that the user may see and asked for."""
        asked = CheckpointQuery(data=self.request.query_params)
        asked.is_valid(raise_exception=True)
        run = asked.validated_data.get("run")
        models = served_models_of(self.request.user)
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
        checkpoint = get_object_or_404(served_models_of(request.user), pk=checkpoint_id)
        etag = f'"{checkpoint.sha256}"'
        unchanged = get_conditional_response(request, etag=etag)
        if unchanged is not None:
            return unchanged
        headers = {**describe_bytes(checkpoint), "ETag": etag}
        return HttpResponse(read_checkpoint(checkpoint), content_type=ZIP, headers=headers)


class MarkdownRenderer(BaseRenderer):
    """Send a card as a text that people read."""

    media_type = "text/markdown"
    format = "markdown"
    charset = "utf-8"

    def render(self, data: Any, *args: Any, **kwargs: Any) -> bytes:
        """Return the card as Markdown."""
        return write_card(data).encode()


class CheckpointCard(Api):
    """What a model is, what it was measured at, and what it is not for."""

    renderer_classes = [JSONRenderer, MarkdownRenderer]

    @extend_schema(
        responses={
            (200, "application/json"): ModelCard,
            (200, "text/markdown"): OpenApiTypes.STR,
        }
    )
    def get(self, request: Request, checkpoint_id: int) -> Response:
        """Return the card as JSON or as Markdown, by Accept or `?format=markdown`."""
        checkpoint = get_object_or_404(served_models_of(request.user), pk=checkpoint_id)
        run = get_object_or_404(runs_of(request.user), pk=checkpoint.run_id)
        card = describe_model(run)
        name = f'attachment; filename="{name_card(run)}"'
        is_text = isinstance(request.accepted_renderer, MarkdownRenderer)
        return Response(
            ModelCard(card).data, headers={"Content-Disposition": name} if is_text else {}
        )


def describe_bytes(checkpoint: Checkpoint) -> dict[str, str]:
    """Return the headers that name a model and prove its bytes."""
    digest = base64.b64encode(bytes.fromhex(checkpoint.sha256)).decode()
    return {
        "Content-Disposition": f'attachment; filename="model-{checkpoint.run_id}.zip"',
        "X-Content-SHA256": checkpoint.sha256,
        "Repr-Digest": f"sha-256=:{digest}:",
    }
