"""What browsers are told about every answer."""

from collections.abc import Callable
from pathlib import Path

from django.http import HttpRequest, HttpResponse
from whitenoise.middleware import WhiteNoiseMiddleware

# Plotly writes style attributes; scripts come from files of this server only.
CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    )
)


class ContentSecurityPolicy:
    """Forbid scripts that do not come from a file of this server."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        answer = self.get_response(request)
        answer.headers.setdefault("Content-Security-Policy", CONTENT_SECURITY_POLICY)
        return answer


class StaticFiles(WhiteNoiseMiddleware):  # type: ignore[misc]  # ships no types
    """Serve stylesheets and scripts, collected or straight from the checkout."""

    def add_files(self, root: str, prefix: str | None = None) -> None:
        """Take the folder of collected files where there is one; it is not needed."""
        if Path(root).is_dir():
            super().add_files(root, prefix)
