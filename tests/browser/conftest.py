"""A demo at work, and a browser that looks at it."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.browser.chromium import find_programs, open_browser
from tests.browser.demo import Demo, serving_demo


@pytest.fixture(scope="session")
def demo(tmp_path_factory) -> Iterator[Demo]:
    """Return what the README's line serves: pages, trainer, one finished run."""
    find_programs()
    with serving_demo(tmp_path_factory.mktemp("walk")) as served:
        yield served


@pytest.fixture(scope="session")
def any_browser() -> Iterator[Any]:
    """Return a browser, signed in nowhere."""
    opened = open_browser()
    try:
        yield opened
    finally:
        opened.quit()


@pytest.fixture(scope="session")
def browser(demo, any_browser) -> Any:
    """Return a browser that the demo's user has signed in with."""
    demo.sign_in(any_browser)
    return any_browser
