"""What all addresses of the API share, whatever the project's own settings are."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.shortcuts import get_object_or_404
from rest_framework.authentication import SessionAuthentication
from rest_framework.exceptions import NotFound
from rest_framework.pagination import CursorPagination
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from ml_training.api.access import AnonymousRate, BearerToken, ScopeRate, UserRate
from ml_training.api.bodies import BoundedJSON
from ml_training.api.problems import Invalid, ProblemRenderer, answer_problem
from ml_training.api.schema import ProblemSchema
from ml_training.models import Strategy, TrainingRun
from ml_training.selectors.pages import strategies_of
from ml_training.selectors.runs import is_stale, runs_of

HEAVY = ("results", "report")
"""Columns of a run that most addresses do not need."""


class Signed(Request):
    """A request that has passed the permission check."""

    user: User


class Api(APIView):
    """Authenticate, bound and answer in JSON; errors are problems with a hint."""

    authentication_classes = [BearerToken, SessionAuthentication]
    permission_classes = [IsAuthenticated]
    throttle_classes = [UserRate, ScopeRate]
    parser_classes = [BoundedJSON]
    renderer_classes = [JSONRenderer]
    metadata_class = None
    schema = ProblemSchema()

    def get_exception_handler(self) -> Callable[..., Response]:
        """Return what turns an error into an answer."""
        return answer_problem

    def finalize_response(
        self, request: Request, response: Response, *args: Any, **kwargs: Any
    ) -> Response:
        """Send errors as problem JSON; keep what belongs to one user out of caches."""
        if getattr(response, "exception", False):
            request.accepted_renderer = ProblemRenderer()
            request.accepted_media_type = ProblemRenderer.media_type
        answer = super().finalize_response(request, response, *args, **kwargs)
        answer.headers.setdefault("Cache-Control", "private, no-cache")
        return answer


class OpenApi(Api):
    """An address that needs nobody to be signed in."""

    authentication_classes = []
    permission_classes = [AllowAny]
    throttle_classes = [AnonymousRate]


class NewestFirst(CursorPagination):
    """Cut lists where they were left, so that new rows neither shift nor repeat any."""

    page_size = 25
    max_page_size = 100
    page_size_query_param = "page_size"
    ordering: Any = ("-queued_at", "-pk")

    def paginate_queryset(
        self, queryset: Any, request: Request, view: APIView | None = None
    ) -> list[Any] | None:
        """Return one page; refuse a cursor that was made up."""
        try:
            return super().paginate_queryset(queryset, request, view)
        except (NotFound, ValidationError, ValueError) as error:
            raise Invalid(
                "cursor: It is not one that a list has given out.",
                hint="Follow `next` or `previous`, or leave it out.",
            ) from error


def find_run(request: Request, run_id: UUID, *, with_results: bool = False) -> TrainingRun:
    """Return a run that the user may see; a foreign one is not there.

    One whose worker is not heard any more is put right first.
    """
    runs = runs_of(request.user)
    run = get_object_or_404(runs if with_results else runs.defer(*HEAVY), pk=run_id)
    if run.state == TrainingRun.State.RUNNING and is_stale(run):
        run.refresh_from_db(from_queryset=runs)
    return run


def find_strategy(request: Request, strategy_id: int) -> Strategy:
    """Return a strategy that the user may see; a foreign one is not there."""
    return get_object_or_404(strategies_of(request.user), pk=strategy_id)
