"""One row per run: who trained which case with which seed, and what came of it."""

import hashlib
import signal
import threading
import time
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

from benchmarks.faults.cases import Workload, build_workload
from benchmarks.faults.contestants import CONTESTANTS, Outcome
from benchmarks.faults.events import step_of
from benchmarks.faults.schema import Case
from benchmarks.faults.scores import finite, score, score_difference

Row = dict[str, Any]
TIME_LIMIT_S = 300  # chosen: fifty times the slowest plain run; a run that hangs is a crash
HERE = Path(__file__).resolve().parent
ENGINE = HERE.parents[1] / "ml_training" / "core"
# What decides a row besides the case and the engine; a change of these runs all anew.
SOURCES = (
    "cases.py", "contestants.py", "datasets.py", "datasets_blind.py", "datasets_own.py",
    "events.py", "losses.py", "networks.py", "parts.py", "reference.py", "rows.py",
    "schedules.py", "scores.py", "transforms.py", "transforms_own.py",
)  # fmt: skip
RIVAL_SOURCES = {"lightning": ("lightning_rival.py",)}


class OutOfTimeError(Exception):
    """A run did not end in time."""


@lru_cache
def digest_of(folder: Path, names: tuple[str, ...] = ()) -> str:
    """Return a short hash over the Python sources of a folder, or over some of them."""
    text = hashlib.sha256()
    for path in [folder / name for name in names] or sorted(folder.rglob("*.py")):
        text.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes())
    return text.hexdigest()[:12]


def version_of(contestant: str) -> str:
    """Return what a stored row must agree with to be used again.

    Parameters
    ----------
    contestant : str
        A key of `CONTESTANTS`.

    Returns
    -------
    str
        A digest of the benchmark's sources, and of the engine's for those who use it:
        rows of the rivals outlive a change of the engine.
    """
    bench = digest_of(HERE, (*SOURCES, *RIVAL_SOURCES.get(contestant, ())))
    return f"{digest_of(ENGINE)}-{bench}" if contestant in {"fit", "watch"} else bench


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise `OutOfTimeError` after some seconds, in the main thread only."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number: int, frame: Any) -> None:
        raise OutOfTimeError(f"did not end within {seconds:g} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def run_case(case: Case, seed: int, contestants: Sequence[str]) -> list[Row]:
    """Let contestants train one case with one seed, the plain loop first.

    Parameters
    ----------
    case : Case
        What to train.
    seed : int
        Weights and order of rows.
    contestants : sequence of str
        Keys of `CONTESTANTS`; the plain loop always runs, since the time and the unseen
        rows of the others are compared with it, side by side.

    Returns
    -------
    list of dict
        One JSON-able row per contestant, the plain loop among them.
    """
    workload = build_workload(case, seed)
    rows: list[Row] = []
    plain: Outcome | None = None
    for contestant in ("plain", *(name for name in contestants if name != "plain")):
        row = {
            "case": case.id,
            "digest": case.digest,
            "seed": seed,
            "contestant": contestant,
            "version": version_of(contestant),
            "date": time.strftime("%Y-%m-%d"),
        }
        outcome = train(contestant, workload, row)
        if contestant == "plain":
            plain = outcome
        if outcome is not None:
            row.update(judge(outcome, workload, plain))
        rows.append(row)
    return rows


def train(contestant: str, workload: Workload, row: Row) -> Outcome | None:
    """Let one contestant train; what it raises is noted in the row as its crash."""
    try:
        with time_limit(TIME_LIMIT_S):
            outcome = CONTESTANTS[contestant](workload)
            outcome.predict(workload.parts.X_val)
    except Exception as error:  # whatever it is, it is a crash to count
        row["crashed"] = f"{type(error).__name__}: {error}"[:300]
        row["raised_at"] = place_of(error)
        return None
    return outcome


def place_of(error: Exception) -> str:
    """Return file and line of the innermost call."""
    frames = traceback.extract_tb(error.__traceback__)
    return f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "?"


def judge(outcome: Outcome, workload: Workload, plain: Outcome | None) -> Row:
    """Return scores, times and story of a run that ended."""
    parts = workload.parts
    kind = {"is_regression": parts.is_regression}
    told_val, told_test = outcome.predict(parts.X_val), predict_unseen(outcome, workload)
    values: Row = {
        "val_score": finite(score(parts.y_val, told_val, **kind)),
        "test_score": finite(score(parts.y_test, told_test, **kind)),
        "seconds": outcome.seconds,
        "seconds_to_best": outcome.seconds_to_best,
        "planned_steps": workload.steps_per_epoch * workload.case.epochs,
        "steps_per_epoch": workload.steps_per_epoch,
        **outcome.story,
    }
    if plain is not None:
        values["plain_seconds"] = plain.seconds
        gain = score_difference(parts.y_test, told_test, predict_unseen(plain, workload), **kind)
        values["test_gain"], values["test_gain_error"] = finite(gain[0]), finite(gain[1])
        values |= fault_of(workload, plain)
    return values


def predict_unseen(outcome: Outcome, workload: Workload) -> Any:
    """Return predictions of the unseen rows, of which there may be none."""
    parts = workload.parts
    return outcome.predict(parts.X_test) if len(parts.y_test) else parts.y_test


def fault_of(workload: Workload, plain: Outcome) -> Row:
    """Return when and how a fault strikes: an event, or the plain loop breaks."""
    events = workload.case.events
    if events:
        first = min(events, key=lambda event: step_of(event, workload.steps_per_epoch))
        step = step_of(first, workload.steps_per_epoch)
        return {"fault_step": step, "fault_kind": first["op"]}
    broken = plain.story.get("first_nonfinite_step")
    return {"fault_step": broken, "fault_kind": None if broken is None else "not_finite"}
