"""Cases, one stored row for each, and what makes a stored row worth keeping."""

import hashlib
import json
import os
import platform
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch

Case = Mapping[str, Any]
Row = dict[str, Any]
Run = Callable[[Case], Row]

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
JUDGED = ("core", "data", "evaluation", "study")
"""Packages of the product that decide a row besides the case."""

TELLING = {"page.py", "parts.py"}
"""Files of this package that only tell what rows say."""


@lru_cache
def code_digest(packages: tuple[str, ...] = JUDGED) -> str:
    """Return a short hash over the sources that decide what a row says.

    Parameters
    ----------
    packages : tuple of str
        Of the product; the sources of this benchmark always count.
    """
    text = hashlib.sha256()
    folders = [*(ROOT / "ml_training" / name for name in packages), HERE]
    for path in [path for folder in folders for path in sorted(folder.rglob("*.py"))]:
        if path.parent != HERE or path.name not in TELLING:
            text.update(path.relative_to(ROOT).as_posix().encode() + b"\0" + path.read_bytes())
    return text.hexdigest()[:12]


def key_of(case: Case) -> str:
    """Return a case as one line that equal cases share."""
    return json.dumps(case, sort_keys=True)


def read_rows(path: Path, version: str) -> dict[str, Row]:
    """Return stored rows of that version by case; a line cut short is left out."""
    rows: dict[str, Row] = {}
    if not path.is_file():
        return rows
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            row = json.loads(line)
        except json.JSONDecodeError:
            continue
        if row["version"] == version:
            rows[key_of(row["case"])] = row
    return rows


def fill_rows(
    cases: Sequence[Case], run: Run, path: Path, *, until: float, version: str
) -> Iterator[Row]:
    """Run the cases that have no row yet; store each at once, and give all rows.

    Parameters
    ----------
    cases : sequence of mapping
        Plain values that say everything about a run.
    run : callable
        Returns what came of a case, in plain values.
    path : Path
        Rows of earlier calls, one a line; new ones are added.
    until : float
        On `time.monotonic()`; no case begins later.
    version : str
        What a stored row must agree with.
    """
    known = read_rows(path, version)
    for case in cases:
        row = known.get(key_of(case))
        if row is None:
            if time.monotonic() >= until:
                continue
            row = {"case": dict(case), "version": version, **_run_timed(case, run)}
            _append(path, row)
        yield row


def _run_timed(case: Case, run: Run) -> Row:
    wall, cpu = time.perf_counter(), time.process_time()
    row = dict(run(case))
    taken = {"wall_s": time.perf_counter() - wall, "cpu_s": time.process_time() - cpu}
    return {**row, **{name: round(value, 2) for name, value in taken.items()}}


def _append(path: Path, row: Row) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    cut = path.is_file() and path.stat().st_size and not path.read_bytes().endswith(b"\n")
    with path.open("a", encoding="utf-8") as file:
        file.write(("\n" if cut else "") + json.dumps(row) + "\n")


def describe_machine() -> dict[str, Any]:
    """Return what the figures were measured on."""
    return {
        "cores": os.cpu_count(),
        "load_average": [round(load, 1) for load in os.getloadavg()],
        "processor": platform.machine(),
        "system": platform.system(),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "torch": str(torch.__version__),
    }


def mean_of(rows: Iterable[Row], name: str) -> float | None:
    """Return the mean of a column over the rows that have it."""
    known = [row[name] for row in rows if row.get(name) is not None]
    return float(np.mean(known)) if known else None
