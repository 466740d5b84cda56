"""The pages of an installation, served to this machine."""

import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from tests.commands.builders import ROOT
from tests.runs.site import Site

PATIENCE_S = 60


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
    """Return a port that nobody listens to."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def wait_for_server(address: str) -> None:
    """Wait until the sign-in page comes."""
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        with suppress(OSError), urllib.request.urlopen(f"{address}/sign-in/", timeout=5):
            return
        time.sleep(0.2)
    raise AssertionError("the server did not answer")
