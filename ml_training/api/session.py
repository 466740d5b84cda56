"""Tokens for programs: one for a name and a password, gone when it is not wanted."""

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

LONGEST_PASSWORD = 4096  # as Django's own form: a longer one only costs time


class Credentials(Strict):
    """A name and its password."""

    username = serializers.CharField(max_length=150)
    password = serializers.CharField(
        max_length=LONGEST_PASSWORD, trim_whitespace=False, write_only=True
    )


class TokenAnswer(serializers.Serializer[Any]):
    """What to send as `Authorization: Bearer <token>`."""

    token = serializers.CharField()


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
        token, _ = Token.objects.get_or_create(user=user)
        return Response({"token": token.key}, headers={"Cache-Control": "no-store"})


class TokenRevoke(Api):
    """The end of a token."""

    @extend_schema(request=None, responses={204: None})
    def post(self, request: Request) -> Response:
        """Forget your token; who still sends it is not let in."""
        Token.objects.filter(user=cast("Signed", request).user).delete()
        return Response(status=204)
