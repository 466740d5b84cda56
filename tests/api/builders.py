"""Rows and requests for tests of the API."""

from collections.abc import Iterator
from typing import Any

from django.contrib.auth.models import User
from django.urls import URLPattern, URLResolver

from ml_training.api import urls
from ml_training.models import TrainingRun
from ml_training.services.runs import create_run
from tests.services.builders import RSI_RULES, make_strategy

ROOT = "/api/v1/"
BODY: dict[str, Any] = {
    "name": "RSI returns",
    "rules": RSI_RULES,
    "symbols": ["eurusd"],
    "timeframes": ["H1"],
}


def make_person(name: str, **options: Any) -> User:
    """Make a user without a password: hashing one takes half a second."""
    return User.objects.create(username=name, **options)


def make_queued_run(strategy=None, **columns: Any) -> TrainingRun:
    """Make a run; the columns are written past the services."""
    run = create_run(strategy or make_strategy(), {})
    if columns:
        TrainingRun.objects.filter(pk=run.pk).update(**columns)
        run.refresh_from_db()
    return run


def list_addresses() -> Iterator[URLPattern]:
    """Name every address of the API."""
    for pattern in urls.urlpatterns:
        assert not isinstance(pattern, URLResolver)
        yield pattern


def list_methods(pattern: URLPattern) -> list[str]:
    """Name the methods that an address answers."""
    view = pattern.callback.view_class
    names = ("get", "post", "put", "patch", "delete")
    return [name for name in names if hasattr(view, name)]


def check_problem(answer, status: int) -> dict[str, Any]:
    """Return a problem after looking at what each of them has."""
    assert answer.status_code == status, answer.content[:500]
    assert answer.headers["Content-Type"] == "application/problem+json"
    body = answer.json()
    assert body["status"] == status
    for name in ("title", "detail", "hint"):
        assert isinstance(body[name], str), name
        assert body[name], name
    return body
