"""Runs: start, list, read, cancel, resume, clone."""

import re
from collections.abc import Mapping
from typing import Any, cast
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from ml_training.api.problems import Invalid
from ml_training.api.serializers.runs import ListedRun, RunDetail, RunQuery, RunRequest
from ml_training.api.view import Api, NewestFirst, Signed, find_run, find_strategy
from ml_training.models import Strategy, TrainingRun
from ml_training.models.run import KEY_LENGTH
from ml_training.selectors.pages import RunFilter, list_runs
from ml_training.selectors.runs import is_stale
from ml_training.services.choices import check_settings
from ml_training.services.jsonable import to_jsonable
from ml_training.services.queue import request_cancel, request_run, requeue
from ml_training.services.runs import RunStateError, find_same_request

State = TrainingRun.State
KEY_HEADER = "Idempotency-Key"
KEY = re.compile(rf"[!-~]{{1,{KEY_LENGTH}}}")


KEY_PARAMETER = OpenApiParameter(
    KEY_HEADER,
    str,
    OpenApiParameter.HEADER,
    description="Send the same one again after a failure of the network: it makes "
    "one run, and the second answer is 200 with that run.",
)


class Starting(Api):
    """An address that makes a run."""

    throttle_scope = "ml_training_start"
    problems = (409,)

    def start(self, request: Request, strategy: Strategy, settings: Mapping[str, Any]) -> Response:
        """Ask for a run; an idempotency key that was sent before finds its run."""
        user, key = cast("Signed", request).user, read_key(request)
        known = find_same_request(strategy, user, key)
        if known is not None:
            check_same(known, settings)
        run = known or request_run(strategy, settings, requested_by=user, idempotency_key=key)
        url = reverse("ml_training:api:run", args=[run.pk], request=request)
        status = 201 if known is None else 200
        return Response(RunDetail(run).data, status=status, headers={"Location": url})


class StrategyRuns(Starting):
    """The runs of a strategy."""

    @extend_schema(
        request=RunRequest,
        responses={201: RunDetail, 200: RunDetail},
        parameters=[KEY_PARAMETER],
    )
    def post(self, request: Request, strategy_id: int) -> Response:
        """Ask for a run; 409 names the run that the strategy has already."""
        strategy = find_strategy(request, strategy_id)
        asked = RunRequest(data=request.data)
        asked.is_valid(raise_exception=True)
        return self.start(request, strategy, asked.validated_data)


class RunClone(Starting):
    """Another run like one that there was."""

    @extend_schema(
        request=RunRequest,
        responses={201: RunDetail, 200: RunDetail},
        parameters=[KEY_PARAMETER],
    )
    def post(self, request: Request, run_id: UUID) -> Response:
        """Ask for a run with the settings of another; what is sent replaces its own.

        The strategy is trained as it is now.
        """
        run = find_run(request, run_id)
        asked = RunRequest(data=request.data)
        asked.is_valid(raise_exception=True)
        return self.start(request, run.strategy, {**run.settings, **asked.validated_data})


def read_key(request: Request) -> str:
    """Return the idempotency key of a request; empty when none was sent."""
    key = str(request.headers.get(KEY_HEADER, ""))
    if key and not KEY.fullmatch(key):
        raise Invalid(
            f"{KEY_HEADER} has 1 to {KEY_LENGTH} visible ASCII characters.",
            hint="Send a random UUID.",
        )
    return key


def check_same(run: TrainingRun, settings: Mapping[str, Any]) -> None:
    """Refuse a key that comes with other settings than the first time."""
    if run.settings != to_jsonable(check_settings(settings)):
        raise Invalid(
            f"{KEY_HEADER} was sent before with other settings, for run {run.pk}.",
            hint="Use a new key for each request, and an old one only to repeat it.",
        )


class RunList(Api, ListAPIView[TrainingRun]):
    """Your runs, newest first; staff see all."""

    serializer_class = ListedRun
    pagination_class = NewestFirst

    def get_queryset(self) -> QuerySet[TrainingRun]:
        """Return the runs that the user may see and asked for."""
        asked = RunQuery(data=self.request.query_params)
        asked.is_valid(raise_exception=True)
        names = RunFilter.__dataclass_fields__
        chosen = {name: str(asked.validated_data.get(name, "")) for name in names}
        return list_runs(self.request.user, RunFilter(**chosen))

    def paginate_queryset(self, queryset: Any) -> Any:
        """Return a page; read it again when a run on it had died unseen."""
        page = super().paginate_queryset(queryset) or []
        if any(is_stale(run) for run in page):
            page = super().paginate_queryset(queryset) or []
        return page

    @extend_schema(parameters=[RunQuery])
    def get(self, request: Request, *args: object, **kwargs: object) -> Response:
        """List runs, narrowed by state, verdict, strategy or a word."""
        return super().get(request, *args, **kwargs)


class RunOne(Api):
    """One run."""

    @extend_schema(responses=RunDetail)
    def get(self, request: Request, run_id: UUID) -> Response:
        """Return a run with its results."""
        return Response(RunDetail(find_run(request, run_id, with_results=True)).data)


class RunCancel(Api):
    """The end of a run before its time."""

    problems = (409,)

    @extend_schema(request=None, responses={200: RunDetail, 202: RunDetail})
    def post(self, request: Request, run_id: UUID) -> Response:
        """Cancel a waiting run at once, one that goes on within seconds (202)."""
        run = request_cancel(find_run(request, run_id))
        if run.state not in (State.RUNNING, State.CANCELED):
            raise RunStateError(
                f"run {run.pk} has {run.state} already", hint="There is nothing to cancel."
            )
        status = 202 if run.state == State.RUNNING else 200
        return Response(RunDetail(run).data, status=status)


class RunResume(Api):
    """The second chance of a run."""

    throttle_scope = "ml_training_start"
    problems = (409,)

    @extend_schema(request=None, responses={202: RunDetail})
    def post(self, request: Request, run_id: UUID) -> Response:
        """Let a failed or canceled run go on from its last checkpoint."""
        run = requeue(find_run(request, run_id), asked_by=cast("Signed", request).user)
        return Response(RunDetail(run).data, status=202)
