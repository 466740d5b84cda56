"""Run commands in this process or, for exit codes and signals, in one of their own."""

import json
import os
import signal
import subprocess
import sys
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

ROOT = Path(__file__).resolve().parents[2]
HEADER = "timestamp,open,high,low,close,volume"


def run_command(name: str, *words: str, **options: Any) -> str:
    """Run a command here and return what it printed."""
    out = StringIO()
    call_command(name, *words, stdout=out, stderr=out, **options)
    return out.getvalue()


def run_json(name: str, *words: str, **options: Any) -> Any:
    """Run a command here with --json and return its one object."""
    return json.loads(run_command(name, *words, json=True, **options))


def run_failing(name: str, *words: str, **options: Any) -> tuple[CommandError, str]:
    """Run a command that must fail; return its error and what it printed."""
    out = StringIO()
    with pytest.raises(CommandError) as caught:
        call_command(name, *words, stdout=out, stderr=StringIO(), **options)
    return caught.value, out.getvalue()


def own_database(folder: Path) -> dict[str, str]:
    """Return an environment with a data folder of its own."""
    clean = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    return clean | {"DATA_DIR": str(folder)}


def heed_ctrl_c() -> None:
    """Heed Ctrl-C as in a terminal, also when the tests run in the background."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def start_manage(folder: Path, *words: str) -> subprocess.Popen[str]:
    """Start manage.py in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "manage.py", *words],
        cwd=ROOT,
        env=own_database(folder),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=heed_ctrl_c,  # noqa: PLW1509 - no thread runs here
    )


def manage(folder: Path, *words: str) -> tuple[int, str, str]:
    """Run manage.py to its end; return exit code, output and errors."""
    process = start_manage(folder, *words)
    out, err = process.communicate(timeout=300)
    return process.returncode, out, err


def write_csv(path: Path, rows: list[str]) -> Path:
    """Write a candle file of the generic layout."""
    path.write_text("\n".join([HEADER, *rows, ""]))
    return path


def daily_rows(n: int = 40, *, price: float = 1.1) -> list[str]:
    """Return rows of n days from 2024-01-01 on."""
    days = [f"2024-{1 + i // 28:02d}-{1 + i % 28:02d}T00:00:00Z" for i in range(n)]
    return [f"{day},{price},{price + 0.01},{price - 0.01},{price},100" for day in days]
