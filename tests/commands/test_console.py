"""Commands speak to people, terminals and machines, each in their way."""

import fcntl
import io
import json
import os
import pty
import struct
import subprocess
import sys
import termios

import pytest
from django.core.management import CommandError, call_command

from ml_training.errors import DataError
from ml_training.management.console import ConsoleCommand
from ml_training.services.runs import RunConflictError
from tests.commands.builders import ROOT, daily_rows, own_database, write_csv


class Ending(ConsoleCommand):
    """A command that ends as it is told."""

    requires_system_checks = ()

    def __init__(self, ending, **options):
        super().__init__(**options)
        self.ending = ending

    def run(self, **options):
        self.say(options, "working")
        if isinstance(self.ending, BaseException):
            raise self.ending
        return {"loss": float("nan")}, self.ending


def finish(ending, **options):
    """Run a command; return its exit code and what it printed."""
    out = io.StringIO()
    try:
        call_command(Ending(ending, stdout=out, stderr=io.StringIO()), **options)
    except CommandError as error:
        return error.returncode, out.getvalue()
    return 0, out.getvalue()


@pytest.mark.parametrize(
    ("ending", "code"),
    [
        (True, 0),
        (False, 1),
        (DataError("no candles"), 1),
        (KeyboardInterrupt(), 3),
        (RunConflictError(None), 4),
    ],
)
def test_exit_code_tells_machines_what_happened(ending, code):
    assert finish(ending)[0] == code
    assert finish(ending, json=True)[0] == code


def test_lines_are_for_people_only():
    assert finish(True)[1] == "working\n"
    assert json.loads(finish(True, json=True)[1]) == {"loss": "NaN"}


def test_reason_and_way_out_are_told_to_machines_when_it_fails():
    _, printed = finish(DataError("no candles", hint="Import them."), json=True)
    assert json.loads(printed) == {"ok": False, "error": "no candles. Import them.", "code": 1}


def test_bug_is_not_hidden_when_a_command_has_one():
    with pytest.raises(ZeroDivisionError):
        finish(ZeroDivisionError())


def run_on_terminal(folder, *words, code=0, is_output_shown=False, **variables):
    """Run manage.py with its errors on a terminal of 80 x 24; return what it shows."""
    terminal, inside = pty.openpty()
    fcntl.ioctl(inside, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    process = subprocess.Popen(
        [sys.executable, "manage.py", *words],
        cwd=ROOT,
        env=own_database(folder) | variables,
        stdout=inside if is_output_shown else subprocess.DEVNULL,
        stderr=inside,
    )
    os.close(inside)
    shown = b""
    while True:
        try:
            piece = os.read(terminal, 4096)
        except OSError:  # the other side has gone
            break
        if not piece:
            break
        shown += piece
    os.close(terminal)
    assert process.wait() == code, shown
    return shown.decode()


def test_errors_are_plain_when_the_user_wants_no_colour(folder):
    words = ("scan_setups", "nobody")
    how = {"code": 1, "is_output_shown": True, "TERM": "xterm"}
    assert "\x1b[" in run_on_terminal(folder, *words, **how, NO_COLOR="")
    assert "\x1b[" not in run_on_terminal(folder, *words, **how, NO_COLOR="1")


def test_bar_shows_rate_and_remaining_time_when_on_a_terminal(tmp_path, folder):
    files = [
        str(write_csv(tmp_path / f"{name}.csv", daily_rows())) for name in ("EURUSD", "GBPUSD")
    ]
    shown = run_on_terminal(folder, "import_candles", *files)
    assert "0/2" in shown
    assert "file/s" in shown
