"""Every error as problem JSON (RFC 9457): what happened, and the way out."""

import http
import logging
import math
from collections.abc import Iterator, Mapping
from typing import Any

from django.core.exceptions import (
    ObjectDoesNotExist,
    PermissionDenied,
    RequestDataTooBig,
    SuspiciousOperation,
)
from django.core.signals import got_request_exception
from django.db import OperationalError
from django.http import Http404
from django.urls import reverse
from rest_framework import exceptions
from rest_framework.renderers import JSONRenderer
from rest_framework.response import Response
from rest_framework.views import set_rollback

from ml_training.data.rules import RuleError
from ml_training.errors import DataError, HintedError
from ml_training.services.checkpoints import CheckpointError
from ml_training.services.limits import TooManyRunsError
from ml_training.services.runs import RunConflictError

logger = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
BUSY_S = 2  # chosen: a writer of SQLite holds its lock for far less
WAITS_S = {429: 60, 503: BUSY_S}  # chosen: a run takes minutes
MOST_ERRORS = 100  # as many as a rules document reports

HINTS = {
    400: "Send a body that can be read: UTF-8, and JSON unless the address takes a file.",
    401: "Sign in, or send `Authorization: Bearer <token>`; POST token/ gives you one.",
    403: "Sign in as somebody who may do this; with a session, send its CSRF token.",
    404: "Look it up in the list of your own; addresses end with a slash.",
    405: "Use one of the methods in the Allow header.",
    406: "Ask for application/json.",
    409: "Look at the present state first.",
    413: "Send less at a time.",
    415: "Send application/json, or multipart/form-data where a file is taken.",
    422: "Correct what `errors` names, and send it again.",
    429: "Wait as long as the Retry-After header says.",
    500: "Try again later; what happened stands in the server's log.",
    503: "Try again in a moment.",
}
"""The way out by status, where an error brings none of its own."""


STATUSES: dict[type[HintedError], int] = {
    TooManyRunsError: 429,
    CheckpointError: 410,
    DataError: 422,
    HintedError: 409,
}
"""Status by error of the services; the first kind that fits counts."""


class ProblemRenderer(JSONRenderer):
    """Render errors as JSON, whatever was asked for."""

    media_type = MEDIA_TYPE
    format = "problem"


class Invalid(exceptions.APIException):
    """Say in words that a request cannot be taken as it is."""

    status_code = 422

    def __init__(self, detail: str, *, hint: str = "", status: int = 422) -> None:
        super().__init__(detail)
        self.hint = hint
        self.status_code = status


def answer_problem(error: Exception, context: Mapping[str, Any]) -> Response:
    """Return an error as problem JSON; anything unforeseen is logged."""
    status, detail, more = describe_error(error)
    if status == 500:
        logger.error("a request failed", exc_info=error)
        got_request_exception.send(sender=None, request=context["request"])
    set_rollback()
    hint = getattr(error, "hint", "") or HINTS.get(status, HINTS[400])
    body = {
        "type": "about:blank",
        "title": http.HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "hint": hint,
        **more,
    }
    return Response(body, status=status, headers=list_headers(error, status))


def describe_error(error: Exception) -> tuple[int, str, dict[str, Any]]:
    """Return status, words and further members of the body."""
    if isinstance(error, exceptions.APIException):
        return describe_api_error(error)
    if isinstance(error, HintedError):
        return describe_hinted_error(error)
    if isinstance(error, Http404 | ObjectDoesNotExist):
        return 404, "There is nothing of yours at this address.", {}
    if isinstance(error, PermissionDenied):
        return 403, str(error) or "You may not do this.", {}
    return describe_failure(error)


def describe_failure(error: Exception) -> tuple[int, str, dict[str, Any]]:
    """Return what became of a request that Django, the database or we broke off."""
    if isinstance(error, RequestDataTooBig):
        return 413, "The body is too large.", {}
    if isinstance(error, SuspiciousOperation):
        return 400, "The request cannot be read.", {}
    if isinstance(error, OperationalError):
        logger.warning("the database did not answer", exc_info=error)
        return 503, "The database is busy or away.", {}
    return 500, "Something went wrong on the server.", {}


def describe_hinted_error(error: HintedError) -> tuple[int, str, dict[str, Any]]:
    """Return what the services say; a conflict names the run that stands in the way."""
    if isinstance(error, RuleError):
        return 422, "The rules are not valid.", {"errors": list_rule_errors(error)}
    words = str(error.args[0])
    if isinstance(error, RunConflictError):
        return 409, words, name_run(error)
    status = next(status for kind, status in STATUSES.items() if isinstance(error, kind))
    return status, words, {}


def name_run(error: RunConflictError) -> dict[str, Any]:
    """Return the run that is in the way, and where it is."""
    if error.run is None:
        return {}
    return {
        "run": str(error.run.pk),
        "run_url": reverse("ml_training:api:run", args=[error.run.pk]),
    }


def list_rule_errors(error: RuleError) -> list[dict[str, str]]:
    """Return everything that is wrong with a rules document."""
    return [
        {
            "path": f"rules.{one.path}" if one.path else "rules",
            "message": one.message,
            "hint": one.hint,
        }
        for one in error.problems[:MOST_ERRORS]
    ]


def describe_api_error(error: exceptions.APIException) -> tuple[int, str, dict[str, Any]]:
    """Return what REST framework says."""
    if isinstance(error, exceptions.ValidationError):
        found = [
            {"path": path, "message": message, "hint": HINTS[422]}
            for path, message in flatten(error.detail)
        ]
        return 422, tell_first(found), {"errors": found[:MOST_ERRORS]}
    return error.status_code, str(error.detail), {}


def tell_first(found: list[dict[str, str]]) -> str:
    """Return the first error in one line, and how many more there are."""
    if not found:
        return "The request is not valid."
    where = f"{found[0]['path']}: " if found[0]["path"] else ""
    more = f" ({len(found) - 1} more)" if len(found) > 1 else ""
    return f"{where}{found[0]['message']}{more}"


def flatten(detail: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Yield path and message of each error in a nested description."""
    if isinstance(detail, Mapping):
        for name, inner in detail.items():
            step = "" if name == "non_field_errors" else str(name)
            yield from flatten(inner, ".".join(filter(None, (path, step))))
    elif isinstance(detail, list):
        for inner in detail:
            yield from flatten(inner, path)
    else:
        yield path, str(detail)


def list_headers(error: Exception, status: int) -> dict[str, str]:
    """Return the headers that belong to an error."""
    headers = {"Cache-Control": "no-store"}
    if challenge := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = challenge
    if isinstance(error, exceptions.Throttled):
        headers["Retry-After"] = str(max(1, math.ceil(getattr(error, "wait", None) or BUSY_S)))
    elif status in WAITS_S:
        headers["Retry-After"] = str(WAITS_S[status])
    return headers
