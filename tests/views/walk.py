"""Every page of the app, taken from the URLconf, about the rows of one user."""

from collections.abc import Iterator

from django.urls import URLPattern, reverse

from ml_training import urls
from tests.views.builders import Filled

POST_ONLY = {
    "logout",
    "market_upload",
    "run_cancel",
    "run_clone",
    "run_resume",
    "strategy_review",
    "strategy_score",
    "strategy_train",
}
OPEN = {"login"}
STAFF = {"system"}
"""Pages that do not exist for those who do not run the server."""
NAMED_IN_QUERY = {"compare", "compare_figure", "compare_table"}
"""Pages of runs that their query names."""
SHARED = {"home", "market", "models", "runs", "signals", "strategies", "strategy_new"}
"""Pages that show each user something of their own under one address."""


def page_names() -> list[str]:
    """Name all pages; those of the API have their own tests."""
    patterns = [each for each in urls.urlpatterns if isinstance(each, URLPattern)]
    return [each.name for each in patterns if each.name]


def own_names() -> list[str]:
    """Name the pages whose address holds the key of a row that somebody owns."""
    return [
        name for name in page_names() if name not in OPEN | SHARED | {"logout", "market_upload"}
    ]


def address_of(name: str, filled: Filled) -> str:
    """Return the address of a page about the rows of one user."""
    (pattern,) = [each for each in urls.urlpatterns if getattr(each, "name", "") == name]
    known = {
        "run_id": filled.run.pk,
        "strategy_id": filled.strategy.pk,
        "checkpoint_id": filled.checkpoint.pk,
        "name": "loss",
    }
    wanted = pattern.pattern.converters
    address = reverse(f"ml_training:{name}", kwargs={key: known[key] for key in wanted})
    return f"{address}?run={filled.run.pk}" if name in NAMED_IN_QUERY else address


def read_pages(filled: Filled) -> Iterator[tuple[str, str]]:
    """Return name and address of every page that is read by GET."""
    for name in page_names():
        if name not in POST_ONLY:
            yield name, address_of(name, filled)
