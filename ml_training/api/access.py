"""Who asks, and how often they may."""

from typing import Any

from rest_framework.authentication import TokenAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request
from rest_framework.settings import api_settings
from rest_framework.throttling import ScopedRateThrottle, SimpleRateThrottle, UserRateThrottle

from ml_training.services.tokens import has_expired

RATES = {
    "ml_training": "1200/min",  # chosen: ten open run pages that ask twice a second
    "ml_training_anonymous": "120/min",  # chosen: probes of a few load balancers
    "ml_training_start": "300/min",  # chosen: a script that retries, not one that floods
    "ml_training_heavy": "60/min",  # chosen: each takes up to five seconds of a core
    "ml_training_login": "10/min",  # chosen: 14,400 guesses a day at most, per address
}
"""Requests by scope; a project overrides them in DEFAULT_THROTTLE_RATES."""


class BearerToken(TokenAuthentication):
    """Take `Authorization: Bearer <token>`."""

    keyword = "Bearer"

    def authenticate_credentials(self, key: str) -> tuple[Any, Any]:
        """Return user and token; refuse one that is older than the setting allows."""
        user, token = super().authenticate_credentials(key)
        if has_expired(token):
            raise AuthenticationFailed("The token has expired.")
        return user, token


class ConfiguredRate(SimpleRateThrottle):
    """Read the rate of a scope when it is needed, so that a project can change it."""

    def get_rate(self) -> str:
        """Return the project's rate for this scope, or our own."""
        scope = str(self.scope)
        given = dict(api_settings.DEFAULT_THROTTLE_RATES or {})
        return str(given.get(scope) or RATES[scope])


class UserRate(ConfiguredRate, UserRateThrottle):
    """Bound the requests of a user; of an address when nobody is signed in."""

    scope = "ml_training"


class ScopeRate(ConfiguredRate, ScopedRateThrottle):
    """Bound the requests to views that name a `throttle_scope`."""

    def allow_request(self, request: Request, view: Any) -> bool:
        """Count only what changes something or takes long: reads have `UserRate`."""
        is_read = request.method in ("GET", "HEAD", "OPTIONS")
        return is_read or super().allow_request(request, view)


class AnonymousRate(ConfiguredRate):
    """Bound the requests of an address to doors that are open to all."""

    scope = "ml_training_anonymous"

    def get_cache_key(self, request: Request, view: Any) -> str:
        """Name the counter of an address."""
        return self.cache_format % {"scope": self.scope, "ident": self.get_ident(request)}


class LoginRate(AnonymousRate):
    """Bound how often an address may try a password."""

    scope = "ml_training_login"
