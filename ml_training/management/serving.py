"""The web server of the demo, as a process that dies with the one that started it."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

SERVE = (
    "import sys; from django.core.management import execute_from_command_line as run; "
    "from ml_training.services.processes import die_with_parent; "
    "die_with_parent(int(sys.argv.pop(1))); run(sys.argv)"
)
STOP_S = 3.0


@contextmanager
def serving(port: int) -> Iterator["subprocess.Popen[bytes]"]:
    """Serve the pages to this machine for as long as the block lasts."""
    paths = os.pathsep.join(path for path in sys.path if path)
    words = ["runserver", "--noreload", "--insecure", f"127.0.0.1:{port}"]
    process = subprocess.Popen(  # noqa: S603 - our own words
        [sys.executable, "-c", SERVE, str(os.getpid()), *words],
        env={**os.environ, "PYTHONPATH": paths},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
