"""An installation of its own: folder, database, trainer - all real, all killable."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.commands.builders import ROOT

QUICK = {
    "heartbeat_s": 0.5,
    "lease_s": 2.0,
    "backoff_s": 0.2,
    "hint_s": 2.0,
    "checkpoint_s": 0.5,
    "record_interval_s": 0.3,
}
"""The times of the product, divided, so that a test need not wait half a minute."""
PREPARE = """
from ml_training.services import bases_pool
from ml_training.services.demo import prepare_base, prepare_market, prepare_strategy
symbols = prepare_market(6_000).symbols
bases_pool.MOST_SETUPS = 800  # a small base model that all runs start from
prepare_base(symbols)
prepare_strategy(symbols)
"""
STEPS = {"epochs": 60, "batch_size": 4, "learning_rate": 0.00003, "device": "cpu"}
"""Some five seconds of training that nothing ends early: it is killed in the middle."""


def server_url() -> str:
    """Return the PostgreSQL server to test with; skip the test when there is none."""
    for name in ("TEST_POSTGRES_URL", "DATABASE_URL"):
        if os.environ.get(name, "").startswith("postgres"):
            return os.environ[name]
    pytest.skip("no PostgreSQL server: set TEST_POSTGRES_URL, as .ci/run does")


@dataclass
class Site:
    """One installation and what runs in it."""

    folder: Path
    database_url: str = ""
    conf: dict[str, Any] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        """Return the environment of its processes."""
        clean = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
        own = {"DATA_DIR": str(self.folder), "ML_TRAINING": json.dumps(QUICK | self.conf)}
        if self.database_url:
            own["DATABASE_URL"] = self.database_url
        return clean | own | {"DJANGO_SETTINGS_MODULE": "strategy_builder.settings"}

    def manage(self, *words: str, **options: Any) -> "subprocess.Popen[str]":
        """Start a command."""
        return self.start([sys.executable, "manage.py", *words], **options)

    def start(self, words: list[str], **options: Any) -> "subprocess.Popen[str]":
        """Start a process in this environment."""
        return subprocess.Popen(
            words,
            cwd=ROOT,
            env=self.environment | options.pop("env", {}),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            **options,
        )

    def call(self, *words: str) -> int:
        """Run a command to its end and return its exit code."""
        process = self.manage(*words)
        process.communicate(timeout=300)
        return process.returncode

    def do(self, *words: str) -> Any:
        """Run a command that speaks JSON and return its object."""
        process = self.manage(*words, "--json")
        out, _ = process.communicate(timeout=300)
        return json.loads(out.strip().splitlines()[-1])

    def python(self, code: str, *words: str) -> str:
        """Run Python with Django set up and return what it printed."""
        script = f"import django; django.setup()\n{code}"
        process = self.start([sys.executable, "-c", script, *words])
        out, _ = process.communicate(timeout=300)
        assert process.returncode == 0, out
        return str(out)

    def ask(self, **settings: Any) -> str:
        """Queue a run of the demo's strategy and return its id."""
        words = [f"--{name.replace('_', '-')}={value}" for name, value in settings.items()]
        return str(self.do("train_strategy", "1", "--queue", *words)["run_id"])

    def query(self, sql: str, *values: Any) -> list[dict[str, Any]]:
        """Read the database from outside, as fast as it goes."""
        return query(self, sql, values)

    def run(self, run_id: str) -> dict[str, Any]:
        """Return the row of a run."""
        key = uuid.UUID(run_id)
        text = key if self.database_url else key.hex
        (row,) = self.query("SELECT * FROM ml_training_trainingrun WHERE id = ?", text)
        if isinstance(row["progress"], str):
            row["progress"] = json.loads(row["progress"])
        return row

    def points(self, run_id: str) -> list[tuple[Any, ...]]:
        """Return the points of a run in their order, without their keys."""
        key = uuid.UUID(run_id)
        rows = self.query(
            'SELECT number, kind, attempt, epoch, step, "values" FROM ml_training_metricpoint '
            "WHERE run_id = ? ORDER BY id",
            key if self.database_url else key.hex,
        )
        return [(*row.values(),) for row in map(with_sorted_values, rows)]

    def wait_for(
        self, run_id: str, is_so: Callable[[dict[str, Any]], bool], patience_s: float = 240
    ) -> dict[str, Any]:
        """Wait until the row of a run is as wanted, and return it."""
        until = time.monotonic() + patience_s
        while not is_so(row := self.run(run_id)):
            assert time.monotonic() < until, f"waited in vain: {row}"
            time.sleep(0.05)
        return row

    @contextmanager
    def trainer(self, queue: str = "") -> Iterator["subprocess.Popen[bytes]"]:
        """Have a trainer at work; whatever is left of it in the end is killed."""
        own = {"Q_CLUSTER_NAME": queue} if queue else {}
        with (self.folder / "trainer.log").open("a") as log:
            process = subprocess.Popen(
                [sys.executable, "manage.py", "trainer"],
                cwd=ROOT,
                env=self.environment | own,
                stdout=log,
                stderr=log,
            )
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()


def query(site: Site, sql: str, values: tuple[Any, ...]) -> list[dict[str, Any]]:
    """Read rows from SQLite or PostgreSQL."""
    if site.database_url:
        with psycopg.connect(site.database_url) as database:
            cursor = database.execute(sql.replace("?", "%s"), values)
            names = [column.name for column in cursor.description or ()]
            return [dict(zip(names, row, strict=True)) for row in cursor]
    file = sqlite3.connect(site.folder / "db.sqlite3", timeout=20)
    try:
        rows = file.execute(sql, values)
        names = [column[0] for column in rows.description]
        return [dict(zip(names, row, strict=True)) for row in rows]
    finally:
        file.close()


def with_sorted_values(row: dict[str, Any]) -> dict[str, Any]:
    """Return the row of a point with its numbers as text, as SQLite has them anyway."""
    values = row["values"]
    plain = json.loads(values) if isinstance(values, str) else values
    return row | {"values": json.dumps(plain, sort_keys=True)}


def is_training(row: dict[str, Any], epoch: int = 1) -> bool:
    """Say whether a run is in the middle of its training."""
    return row["state"] == "running" and (row["progress"].get("epoch") or 0) >= epoch


def has_ended(row: dict[str, Any]) -> bool:
    """Say whether a run has reached its end."""
    return row["state"] in {"succeeded", "failed", "canceled"}


def list_children(pid: int) -> list[int]:
    """Return the processes that a process has started."""
    path = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(word) for word in path.read_text().split()] if path.exists() else []


def list_tree(pid: int) -> list[int]:
    """Return all processes below a process."""
    found = list_children(pid)
    return found + [one for child in found for one in list_tree(child)]


def find_process(pid: int, word: str) -> int:
    """Return the process below another whose command line holds a word."""
    for one in list_tree(pid):
        if word in Path(f"/proc/{one}/cmdline").read_text():
            return one
    raise AssertionError(f"no {word} below {pid}")


def is_gone(pid: int) -> bool:
    """Say whether a process has ended; one that nobody waited for counts as well."""
    try:
        return "\nState:\tZ" in Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return True


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
