"""What the OpenAPI schema says of errors, once for all addresses."""

import http
from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import Direction, OpenApiResponse
from rest_framework.views import APIView

from ml_training.api.problems import MEDIA_TYPE
from ml_training.api.serializers.problems import Problem

WORDS = {
    400: "The body cannot be read",
    401: "Nobody is signed in",
    403: "Not allowed, or a CSRF token is missing",
    404: "Not there, or somebody else's",
    406: "No such representation",
    409: "Another run, or the run's state, stands in the way",
    410: "The stored file is not the one that was saved",
    413: "Too large",
    415: "Not a body of this kind",
    422: "Read, but not valid",
    429: "Too often; see Retry-After",
    503: "The database is busy or away",
}


class ProblemSchema(AutoSchema):
    """Add to every operation the errors that it may end with."""

    def _get_response_bodies(self, direction: Direction = "response") -> dict[str, Any]:
        answers: dict[str, Any] = super()._get_response_bodies(direction)
        for status in self.list_problems():
            problem = OpenApiResponse(Problem, description=WORDS[status])
            told = self._get_response_for_code(  # type: ignore[no-untyped-call]
                problem, str(status), [MEDIA_TYPE], direction
            )
            answers.setdefault(str(status), told)
        for code, answer in answers.items():
            answer["description"] = answer["description"] or http.HTTPStatus(int(code)).phrase
        return answers

    def list_problems(self) -> list[int]:
        """Return the statuses that this operation may end with."""
        view: APIView = self.view
        statuses = {406, 429, 503, *getattr(view, "problems", ())}
        if view.permission_classes and view.authentication_classes:
            statuses |= {401, 403}
        if "{" in self.path:
            statuses.add(404)
        if self.method in ("POST", "PUT", "PATCH"):
            statuses |= {400, 413, 415, 422}
        if self.method == "GET":
            statuses.add(422)
        return sorted(statuses)


def close_requests(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Say of every body that names which are no field are refused."""
    for name, part in result["components"]["schemas"].items():
        if name.endswith("Request") and part.get("type") == "object":
            part["additionalProperties"] = False
    return result
