"""A run while it goes on, and its curves and report afterwards."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.http import HttpResponseBase
from django.utils.cache import get_conditional_response
from django.utils.html import format_html
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from ml_training.api.problems import Invalid
from ml_training.api.serializers.runs import (
    Events,
    EventsQuery,
    Figure,
    Metrics,
    MetricsQuery,
    Progress,
    Report,
)
from ml_training.api.view import Api, find_run
from ml_training.charts import CHARTS, draw_chart
from ml_training.models import TrainingRun
from ml_training.selectors.curves import read_curves
from ml_training.selectors.recorded import read_events, read_points
from ml_training.selectors.runs import progress_of

ACTIVE = (TrainingRun.State.QUEUED, TrainingRun.State.RUNNING)
ASK_AGAIN_S = 2  # chosen: a page lags by at most 3 s, and the trainer writes every second
LONGEST_WORDS = 80  # characters of what goes on; chosen: the answer stays below 1 kB


class RunProgress(Api):
    """How far a run is."""

    @extend_schema(
        responses={200: Progress, 304: None},
        parameters=[
            OpenApiParameter(
                "If-None-Match", str, OpenApiParameter.HEADER, description="The last ETag"
            )
        ],
    )
    def get(self, request: Request, run_id: UUID) -> HttpResponseBase:
        """Say how far a run is; 304 when nothing changed since the given ETag."""
        run = find_run(request, run_id)
        progress = progress_of(run)
        for name in ("trying", "doing"):
            progress[name] = str(progress[name] or "")[:LONGEST_WORDS]
        answer = Response(Progress(progress).data, headers={"ETag": f'"{progress["version"]}"'})
        if run.state in ACTIVE:
            answer.headers["Retry-After"] = str(ASK_AGAIN_S)
        etag = answer.headers["ETag"]
        return get_conditional_response(request, etag=etag, response=answer) or answer


class RunMetrics(Api):
    """The numbers of a run, batch by batch and epoch by epoch."""

    @extend_schema(parameters=[MetricsQuery], responses=Metrics)
    def get(self, request: Request, run_id: UUID) -> Response:
        """List points behind a cursor, oldest first."""
        run, asked = find_run(request, run_id), MetricsQuery(data=request.query_params)
        asked.is_valid(raise_exception=True)
        chosen: Mapping[str, Any] = asked.validated_data
        points = read_points(
            run, after=chosen["after"], most=chosen["limit"], kind=chosen.get("kind", "")
        )
        return Response(Metrics(points).data)


class RunEvents(Api):
    """What was found in a run, and what was tried on it."""

    @extend_schema(parameters=[EventsQuery], responses=Events)
    def get(self, request: Request, run_id: UUID) -> Response:
        """List findings behind a cursor, in the order they were seen."""
        run, asked = find_run(request, run_id), EventsQuery(data=request.query_params)
        asked.is_valid(raise_exception=True)
        chosen: Mapping[str, Any] = asked.validated_data
        return Response(Events(read_events(run, after=chosen["after"], most=chosen["limit"])).data)


class RunFigure(Api):
    """A chart of a run, of 2,000 points at most."""

    @extend_schema(
        responses=Figure,
        parameters=[OpenApiParameter("name", str, OpenApiParameter.PATH, enum=list(CHARTS))],
    )
    def get(self, request: Request, run_id: UUID, name: str) -> Response:
        """Return a Plotly figure with its words."""
        run = find_run(request, run_id)
        if name not in CHARTS:
            raise Invalid(
                f"No figure is called {name}.",
                hint=f"There are {', '.join(CHARTS)}.",
                status=404,
            )
        return Response(draw_chart(name, read_curves(run)).as_dict())


class TextRenderer(BaseRenderer):
    """Send a report as plain text."""

    media_type = "text/plain"
    format = "text"
    charset = "utf-8"

    def render(self, data: Any, *args: Any, **kwargs: Any) -> bytes:
        """Return the text of the report."""
        return str(data["report"]).encode()


class PageRenderer(BaseRenderer):
    """Send a report as a page of its own."""

    media_type = "text/html"
    format = "html"
    charset = "utf-8"

    def render(self, data: Any, *args: Any, **kwargs: Any) -> bytes:
        """Return the report between the words that make it a page."""
        page = format_html(
            '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
            "<title>Report of run {}</title></head><body><pre>{}</pre></body></html>\n",
            data["run"],
            data["report"],
        )
        return page.encode()


class RunReport(Api):
    """The diagnostics report of a run."""

    renderer_classes = [JSONRenderer, TextRenderer, PageRenderer]

    @extend_schema(
        responses={
            (200, "application/json"): Report,
            (200, "text/plain"): OpenApiTypes.STR,
            (200, "text/html"): OpenApiTypes.STR,
        }
    )
    def get(self, request: Request, run_id: UUID) -> Response:
        """Return the report as JSON, text or page, by Accept or `?format=`."""
        run = find_run(request, run_id, with_results=True)
        if not run.report:
            raise Invalid(
                f"Run {run.pk} has no report: it is {run.state}.",
                hint="A run has one once it has succeeded; progress/ tells how far it is.",
                status=404,
            )
        told = {
            "run": run.pk,
            "verdict": run.verdict,
            "report": run.report,
            "sha256": run.report_digest,
        }
        return Response(Report(told).data)
