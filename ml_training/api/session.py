"""Tokens for programs: for a name and a password, for some time, changed or revoked."""

from typing import Any, cast

from django.contrib.auth import authenticate
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.authtoken.models import Token
from rest_framework.request import Request
from rest_framework.response import Response

from ml_training.api.access import LoginRate
from ml_training.api.problems import Invalid
from ml_training.api.serializers.strict import Strict
from ml_training.api.view import Api, OpenApi, Signed
from ml_training.services.tokens import (
    expires_at,
    find_token,
    issue_token,
    revoke_token,
    rotate_token,
)

LONGEST_PASSWORD = 4096  # as Django's own form: a longer one only costs time


class Credentials(Strict):
    """A name and its password."""

    username = serializers.CharField(max_length=150)
    password = serializers.CharField(
        max_length=LONGEST_PASSWORD, trim_whitespace=False, write_only=True
    )


class TokenTimes(serializers.Serializer[Any]):
    """How old a token is; both are empty without one."""

    created_at = serializers.DateTimeField(allow_null=True)
    expires_at = serializers.DateTimeField(allow_null=True, help_text="Empty: never")


class TokenAnswer(TokenTimes):
    """What to send as `Authorization: Bearer <token>`."""

    token = serializers.CharField()


def show_token(token: Token) -> Response:
    """Send a token to its user, past all caches."""
    told = {"token": token.key, "created_at": token.created, "expires_at": expires_at(token)}
    return Response(TokenAnswer(told).data, headers={"Cache-Control": "no-store"})


class TokenLogin(OpenApi):
    """The door for programs."""

    throttle_classes = [LoginRate]
    problems = (401,)

    @extend_schema(request=Credentials, responses={200: TokenAnswer})
    def post(self, request: Request) -> Response:
        """Return the token of a user for name and password."""
        asked = Credentials(data=request.data)
        asked.is_valid(raise_exception=True)
        user = authenticate(request, **asked.validated_data)
        if user is None:
            raise Invalid(
                "Name and password do not belong together.",
                hint="Check both; an administrator can set a new password.",
                status=401,
            )
        return show_token(issue_token(user))


class TokenCurrent(Api):
    """The token that you have."""

    @extend_schema(responses=TokenTimes)
    def get(self, request: Request) -> Response:
        """Say how old your token is, and when it will not be taken any more."""
        token = find_token(cast("Signed", request).user)
        times = {
            "created_at": token.created if token else None,
            "expires_at": expires_at(token) if token else None,
        }
        return Response(TokenTimes(times).data)


class TokenRotate(Api):
    """Another token in the place of the one that you have."""

    @extend_schema(request=None, responses={200: TokenAnswer})
    def post(self, request: Request) -> Response:
        """Return a new token; the old one is not taken any more."""
        return show_token(rotate_token(cast("Signed", request).user))


class TokenRevoke(Api):
    """The end of a token."""

    @extend_schema(request=None, responses={204: None})
    def post(self, request: Request) -> Response:
        """Forget your token; who still sends it is not let in."""
        revoke_token(cast("Signed", request).user)
        return Response(status=204)
