"""Processes that die with their parent, and a pipe that says when to go.

A child asks the kernel to be killed when its parent dies, and watches for itself where
the kernel does not know how. The pipe is held open by the trainer alone: whoever finds
its end closed knows that the trainer wants to go, or is gone.
"""

import ctypes
import os
import select
import signal
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

PR_SET_PDEATHSIG = 1  # linux/prctl.h
WATCH_INTERVAL_S = 1.0
PIPE = "ML_TRAINING_DRAIN_FD"
DIED_WITH_PARENT = 70


def die_with_parent(parent: int) -> None:
    """Let the kernel kill this process when its parent dies; exit if it has already."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(DIED_WITH_PARENT)


def watch_parent(parent: int) -> None:
    """Exit soon after the parent died, also where the kernel does not see to it."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(WATCH_INTERVAL_S)
        os._exit(DIED_WITH_PARENT)

    threading.Thread(target=watch, daemon=True, name="watch-parent").start()


def die_with_every_parent() -> None:
    """Let every process that is forked from this one die with the one it came from."""
    before = {"pid": os.getpid()}
    os.register_at_fork(
        before=lambda: before.update(pid=os.getpid()),
        after_in_child=lambda: die_with_parent(before["pid"]),
    )


def is_draining(environment: Mapping[str, str] = os.environ) -> bool:
    """Say whether the trainer above wants its runs back; without one nobody does."""
    handle = environment.get(PIPE, "")
    if not handle.isdecimal():
        return False
    try:
        ready, _, _ = select.select([int(handle)], [], [], 0)
    except (OSError, ValueError):  # closed: no trainer holds it any more
        return True
    return bool(ready)  # nobody ever writes: readable means its other end is closed


def read_memory_mb(pid: int) -> float:
    """Return the memory that a process holds; 0 where that cannot be read."""
    with suppress(OSError, IndexError, ValueError):
        n_pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        return n_pages * os.sysconf("SC_PAGE_SIZE") / 2**20
    return 0.0


def count_threads(n_slots: int) -> int:
    """Return how many threads each of so many trainings may have on this machine."""
    n_cores = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
    return max(1, n_cores // max(1, n_slots))
