"""Processes die with those that started them, whole trees at once."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ml_training.services.processes import (
    PIPE,
    count_threads,
    die_with_parent,
    is_draining,
    read_memory_mb,
)
from tests.runs.site import is_gone

IMPORT = "from ml_training.services.processes import *; import os, sys, time, subprocess; "
GRANDCHILD = IMPORT + "{ask}; print(os.getpid(), flush=True); time.sleep(60)"
CHILD = IMPORT + "subprocess.Popen([sys.executable, '-c', {code!r}]); time.sleep(60)"
FORKS = IMPORT + (
    "die_with_every_parent()\n"
    "if os.fork() == 0:\n"
    "    if os.fork() == 0:\n"
    "        print(os.getpid(), flush=True)\n"
    "    time.sleep(60)\n"
    "time.sleep(60)"
)


def start(code):
    return subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)


def wait_until_gone(pid):
    until = time.monotonic() + 5
    while not is_gone(pid) and time.monotonic() < until:
        time.sleep(0.05)
    return is_gone(pid)


@pytest.mark.parametrize("ask", ["die_with_parent(os.getppid())", "watch_parent(os.getppid())"])
def test_process_dies_when_its_parent_is_killed(ask):
    child = start(CHILD.format(code=GRANDCHILD.format(ask=ask)))
    grandchild = int(child.stdout.readline())
    child.kill()
    child.communicate()
    assert wait_until_gone(grandchild)


def test_whole_line_of_forks_dies_when_the_first_is_killed():
    child = start(FORKS)
    last = int(child.stdout.readline())
    child.kill()
    child.communicate()
    assert wait_until_gone(last)


def test_process_exits_at_once_when_its_parent_is_gone_already():
    child = start(IMPORT + "die_with_parent(os.getpid())")  # never a parent of its own
    child.communicate()
    assert child.returncode == 70


def test_nobody_drains_when_there_is_no_trainer():
    assert not is_draining({})
    assert not is_draining({PIPE: "not a number"})


def test_drain_is_seen_when_the_trainer_lets_go():
    reading, holding = os.pipe()
    environment = {PIPE: str(reading)}
    assert not is_draining(environment)
    os.close(holding)
    assert is_draining(environment)
    os.close(reading)
    assert is_draining(environment)


def test_memory_of_a_process_is_read():
    assert 5 < read_memory_mb(os.getpid()) < 100_000
    assert read_memory_mb(2**22 + 1) == 0


def test_threads_are_shared_among_the_slots():
    n_cores = len(os.sched_getaffinity(0))
    assert count_threads(1) == n_cores
    assert count_threads(n_cores * 10) == 1
    assert count_threads(0) == n_cores


def test_kernel_is_asked_to_kill_when_a_process_asks_for_it():
    if not Path("/proc/self").exists():
        pytest.skip("no /proc")
    code = (
        IMPORT
        + "die_with_parent(os.getppid()); import ctypes; n = ctypes.c_int(); "
        + ("ctypes.CDLL(None).prctl(2, ctypes.byref(n)); print(n.value)")
    )
    out, _ = start(code).communicate()
    assert int(out) == signal.SIGKILL
    assert callable(die_with_parent)
