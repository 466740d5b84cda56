"""What views share: the signed-in request, messages in words, pages of a list."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.models import User
from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.http import HttpRequest

from ml_training.errors import HintedError

PAGE_ROWS = 25  # chosen: a screen and a half


class SignedIn(HttpRequest):
    """A request behind `login_required`."""

    user: User


def cut_page(request: HttpRequest, rows: "QuerySet[Any] | list[Any]") -> "Page[Any]":
    """Return the page of a list that the address asks for, or the nearest there is."""
    return Paginator(rows, PAGE_ROWS).get_page(request.GET.get("page"))


def tell_error(request: HttpRequest, error: HintedError) -> None:
    """Put an error on the next page: what happened, and the way out."""
    messages.error(request, str(error))


def keep_filters(request: HttpRequest) -> str:
    """Return the address's query without its page, for the links to other pages."""
    query = request.GET.copy()
    query.pop("page", None)
    return query.urlencode()
