"""Watch over one run: claim it, train it in its own process, and settle its end."""

import logging
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import IO, Any

from ml_training.conf import MLTrainingConf, read_conf
from ml_training.models import TrainingRun
from ml_training.services.away import AWAY, forget_connections
from ml_training.services.endings import end_attempt, end_canceled, requeue_drained
from ml_training.services.leases import (
    ASK_INTERVAL_S,
    Lease,
    claim_run,
    has_ended,
    is_cancel_wanted,
    renew_lease,
)
from ml_training.services.processes import count_threads, is_draining, read_memory_mb
from ml_training.services.queue import count_slots
from ml_training.services.runs import name_worker

logger = logging.getLogger(__name__)

DONE, FAILED, CANCELED, LOST, DRAINED = 0, 1, 3, 4, 5
"""Exit codes of `run_training`; any other means that the process died."""
POLL_S = 0.2
CANCEL_GRACE_S = 2.5  # chosen: with the second until it is seen, 3.5 s and a margin to 5 s
DRAIN_GRACE_S = 11.0  # chosen: leaves the trainer 9 of its 20 s
TIDY_GRACE_S = 10.0  # chosen: a loaded machine deletes three files in far less
LONGEST_TAIL = 1_000  # characters of the last words of a process that died
RESTART_S = 1.0  # a database that is away is asked again after so long


def supervise_run(run_id: str) -> str:
    """Train a run if nobody else does; return in a word what came of it."""
    if is_draining():
        return "draining"
    lease = claim_run(run_id, name_worker())
    if lease is None:
        return "left alone"
    with tempfile.TemporaryFile() as errors:
        watch = Watch(lease, start_child(lease, errors))
        try:
            watch.wait()
        finally:
            watch.kill("its supervisor ended")
        return settle(watch, read_tail(errors))


def start_child(lease: Lease, errors: IO[bytes]) -> "subprocess.Popen[bytes]":
    """Start the training process of a run; its output tells that it lives."""
    n_threads = str(count_threads(count_slots()))
    paths = [path for path in sys.path if path]
    threads = {"OMP_NUM_THREADS": n_threads, "MKL_NUM_THREADS": n_threads}
    return subprocess.Popen(  # noqa: S603 - our own words
        [
            *(sys.executable, "-m", "django", "run_training", str(lease.run_id)),
            *("--token", str(lease.token), "--parent", str(os.getpid())),
        ],
        env={
            **os.environ,
            **threads,
            "DJANGO_SETTINGS_MODULE": os.environ["DJANGO_SETTINGS_MODULE"],
            "PYTHONPATH": os.pathsep.join(paths),
            "PYTHONUNBUFFERED": "1",
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=errors,
        start_new_session=True,  # a Ctrl-C at the trainer is for the trainer
    )


@dataclass
class Watch:
    """Look after one training process until it has ended.

    `why` says for what reason it was killed, `wish` what it was asked to do before.
    """

    lease: Lease
    child: "subprocess.Popen[bytes]"
    clock: Callable[[], float] = time.monotonic
    conf: MLTrainingConf = field(default_factory=read_conf)
    why: str = ""
    wish: str = ""
    deadline: float | None = None

    def __post_init__(self) -> None:
        now = self.clock()
        self.started_at = self.heard_at = self.renewed_at = self.asked_at = now
        assert self.child.stdout is not None
        os.set_blocking(self.child.stdout.fileno(), False)

    def wait(self) -> None:
        """Look after the process until it has ended."""
        while self.child.poll() is None:
            self.listen()
            self.check_limits()
            self.check_wishes()
            self.keep_lease()
            time.sleep(POLL_S)
        self.listen()

    def listen(self) -> None:
        """Take whatever the process says as a sign of life."""
        assert self.child.stdout is not None
        if self.child.stdout.read(65_536):
            self.heard_at = self.clock()

    def check_limits(self) -> None:
        """Kill a process that takes too long, says nothing, or needs too much."""
        now, conf = self.clock(), self.conf
        if now - self.started_at > conf.wall_s:
            self.kill(f"it took longer than {conf.wall_s:.0f} s (ML_TRAINING['wall_s'])")
        elif now - self.heard_at > conf.stall_s:
            self.kill(f"it said nothing for {conf.stall_s:.0f} s (ML_TRAINING['stall_s'])")
        elif conf.memory_mb and read_memory_mb(self.child.pid) > conf.memory_mb:
            self.kill(f"it needed more than {conf.memory_mb} MB (ML_TRAINING['memory_mb'])")
        elif self.deadline is not None and now > self.deadline:
            self.kill(f"it did not stop when asked to ({self.wish})")

    def check_wishes(self) -> None:
        """Ask the process to stop when the trainer goes or somebody cancels the run."""
        if not self.wish and is_draining():
            self.ask("drain", signal.SIGTERM, DRAIN_GRACE_S)
        is_time = self.wish != "cancel" and self.is_time("asked_at", ASK_INTERVAL_S)
        if is_time and self.try_ask(is_cancel_wanted):
            self.ask("cancel", signal.SIGINT, CANCEL_GRACE_S)

    def keep_lease(self) -> None:
        """Extend the lease; a process whose lease is lost must not go on.

        One that has ended its run, which frees the lease, may still tidy up.
        """
        is_time = self.wish != "tidy" and self.is_time("renewed_at", self.conf.heartbeat_s)
        if not is_time or self.try_ask(renew_lease) is not False:
            return
        if self.try_ask(has_ended):
            self.wish, self.deadline = "tidy", self.clock() + TIDY_GRACE_S
        else:
            self.kill("its lease was lost")

    def try_ask(self, question: Callable[[Lease], bool]) -> bool | None:
        """Ask the database; None while it is away, in which nobody takes the lease."""
        try:
            return question(self.lease)
        except AWAY:
            forget_connections()
            logger.warning("run %s: the database is away", self.lease.run_id, exc_info=True)
            return None

    def is_time(self, name: str, interval_s: float) -> bool:
        """Say whether something is due again, and if so note that it is done."""
        now = self.clock()
        if now - getattr(self, name) < interval_s:
            return False
        setattr(self, name, now)
        return True

    def ask(self, wish: str, number: signal.Signals, grace_s: float) -> None:
        """Ask the process to stop, and remember until when it may take its time."""
        logger.info("run %s: %s", self.lease.run_id, wish)
        self.wish, self.deadline = wish, self.clock() + grace_s
        self.child.send_signal(number)

    def kill(self, why: str) -> None:
        """End the process whatever it is doing."""
        if self.child.poll() is None:
            self.why = self.why or why
            self.child.kill()
            self.child.wait()


def settle(watch: Watch, tail: str) -> str:
    """Bring the row to what became of the process; return its state, or "lost".

    A database that is away is waited for, as long as the reconciler would.
    """
    until = time.monotonic() + watch.conf.lease_s
    while True:
        try:
            return write_end(watch, tail)
        except AWAY:
            forget_connections()
            if time.monotonic() > until:
                raise
            time.sleep(RESTART_S)


def write_end(watch: Watch, tail: str) -> str:
    """Write the end of an attempt that did not write it itself."""
    lease, code = watch.lease, watch.child.returncode
    if not lease.rows().exists():
        run = TrainingRun.objects.filter(pk=lease.run_id).only("state").first()
        return str(run.state) if run and code in {DONE, FAILED, CANCELED} else "lost"
    if watch.wish == "cancel" or code == CANCELED:
        end_canceled(lease)
        return "canceled"
    if code == DRAINED or watch.wish == "drain":
        requeue_drained(lease)
        return "drained"
    return end_attempt(lease, describe_death(watch.why, code, tail))


def describe_death(why: str, code: int, tail: str) -> str:
    """Return in words how a process ended that did not say so itself."""
    if why:
        return why
    how = f"exit code {code}" if code >= 0 else f"signal {name_signal(-code)}"
    return f"its process ended by {how}" + (f": {tail}" if tail else "")


def name_signal(number: int) -> str:
    """Return SIGKILL for 9 and so on."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return str(number)


def read_tail(file: IO[Any]) -> str:
    """Return the last words of a process."""
    file.seek(0)
    words: bytes = file.read()
    return words.decode(errors="replace").strip()[-LONGEST_TAIL:]
