"""An installation with pages and trainer at work, and a browser that looks at it."""

import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest

from tests.browser.chromium import find_programs, open_browser
from tests.commands.builders import ROOT
from tests.runs.site import Site

PASSWORD = "walk through the pages"
MAKE = """
import sys
from django.contrib.auth.models import User
from ml_training.services.demo import prepare_market, prepare_strategy
strategy = prepare_strategy(prepare_market(30_000).symbols)
strategy.owner.set_password(sys.argv[1])
strategy.owner.save()
"""


@pytest.fixture(scope="session")
def served(tmp_path_factory) -> Iterator[tuple[Site, str]]:
    """Return a site and its address while its server and its trainer run."""
    find_programs()
    site = Site(tmp_path_factory.mktemp("walk"))
    assert site.call("migrate", "-v0") == 0
    site.python(MAKE, PASSWORD)
    with site.trainer(), serving(site) as address:
        yield site, address


@contextmanager
def serving(site: Site) -> Iterator[str]:
    """Serve the pages as a checkout does: without DEBUG, nothing collected."""
    port = find_port()
    words = [sys.executable, "manage.py", "runserver", "--noreload", f"127.0.0.1:{port}"]
    with (site.folder / "server.log").open("w") as log:
        server = subprocess.Popen(words, cwd=ROOT, env=site.environment, stdout=log, stderr=log)
    address = f"http://127.0.0.1:{port}"
    try:
        wait_for_server(address)
        yield address
    finally:
        server.kill()
        server.wait()


def find_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def wait_for_server(address: str) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        with suppress(OSError), urllib.request.urlopen(f"{address}/sign-in/", timeout=5):
            return
        time.sleep(0.2)
    raise AssertionError("the server did not answer")


@pytest.fixture(scope="session")
def browser(served) -> Iterator[Any]:
    """Return a browser that the owner of the demo has signed in with."""
    _, address = served
    opened = open_browser()
    try:
        opened.get(f"{address}/")
        opened.find_element("name", "username").send_keys("demo")
        opened.find_element("name", "password").send_keys(PASSWORD)
        opened.find_element("css selector", "main button[type=submit]").click()
        yield opened
    finally:
        opened.quit()
