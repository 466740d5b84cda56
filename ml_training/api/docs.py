"""The OpenAPI schema, and the page that shows it from files of this server."""

from typing import Any

from drf_spectacular.renderers import OpenApiJsonRenderer, OpenApiJsonRenderer2
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.exceptions import NotFound
from rest_framework.renderers import TemplateHTMLRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from ml_training.api.view import OpenApi


class Schema(OpenApi, SpectacularAPIView):
    """The OpenAPI 3.1 schema of this API."""

    renderer_classes = [OpenApiJsonRenderer2, OpenApiJsonRenderer]

    @extend_schema(exclude=True)
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Return the schema."""
        answer: Response = super().get(  # type: ignore[no-untyped-call]
            request, *args, **kwargs
        )
        return answer


class Docs(OpenApi, SpectacularSwaggerSplitView):
    """The Swagger page; its scripts are files of this server."""

    renderer_classes = [TemplateHTMLRenderer]
    url_name = "ml_training:api:schema"


class Nowhere(OpenApi):
    """An address that leads nowhere."""

    @extend_schema(exclude=True)
    def get(self, request: Request, path: str = "") -> Response:
        """Say so, as a problem."""
        raise NotFound("There is nothing at this address.")

    post = put = patch = delete = get
