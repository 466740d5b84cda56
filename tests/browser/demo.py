"""The README's line, `manage.py demo --serve`, as a process of its own."""

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.browser.servers import find_port, wait_for_server
from tests.browser.steps import follow
from tests.commands.builders import ROOT, heed_ctrl_c, own_database
from tests.runs.site import Site, kill, list_tree

PATIENCE_S = 600  # a first start trains a model: 15 s, or minutes on a busy machine
PRINTED = re.compile(r"Open (http://\S+)/ - user (\S+), password (\S+)")


@dataclass(frozen=True)
class Demo:
    """A served demo: where it is, and who may come in, as it printed them itself."""

    address: str
    user: str
    password: str
    site: Site
    pid: int

    def sign_in(self, browser: Any) -> None:
        """Sign in on the page that a stranger is sent to."""
        browser.delete_all_cookies()
        browser.get(f"{self.address}/")
        browser.find_element("name", "username").send_keys(self.user)
        browser.find_element("name", "password").send_keys(self.password)
        follow(browser, "main button[type=submit]", "/")


@contextmanager
def serving_demo(folder: Path) -> Iterator[Demo]:
    """Start the demo in an empty folder; kill it, for it has its own test of Ctrl-C."""
    port, told = find_port(), folder / "demo.log"
    words = [sys.executable, "manage.py", "demo", "--serve", f"--port={port}"]
    with told.open("w") as out:
        process = subprocess.Popen(
            words,
            cwd=ROOT,
            env=own_database(folder),
            stdout=out,
            stderr=subprocess.STDOUT,
            preexec_fn=heed_ctrl_c,  # noqa: PLW1509 - no thread runs here
        )
    try:
        address, user, password = read_words(process, told)
        wait_for_server(address)
        yield Demo(address, user, password, Site(folder), process.pid)
    finally:
        for pid in [process.pid, *list_tree(process.pid)]:
            with suppress(ProcessLookupError):  # they die with one another
                kill(pid)
        process.wait()


def read_words(process: "subprocess.Popen[bytes]", told: Path) -> tuple[str, str, str]:
    """Return address, user and password once the demo prints them."""
    until = time.monotonic() + PATIENCE_S
    while not (found := PRINTED.search(told.read_text())):
        assert process.poll() is None, told.read_text()[-2_000:]
        assert time.monotonic() < until, told.read_text()[-2_000:]
        time.sleep(0.2)
    address, user, password = found.groups()
    return address, user, password
