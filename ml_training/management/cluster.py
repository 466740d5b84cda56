"""The django-q2 cluster as a process that dies with its trainer, whole."""

import os
import signal
import subprocess
import sys
import time

from django.db import connections
from django_q.cluster import Cluster

from ml_training.services.canary import open_queue
from ml_training.services.processes import PIPE, die_with_every_parent, die_with_parent

STOP_S = 14.0  # chosen: leaves 6 of 20 s; with 17 a machine of ten loads a core took 22
RESTART_S = 5.0  # chosen: a cluster that cannot start must not be tried a hundred times


class ClusterProcess:
    """Start the cluster, see whether it lives, and stop it with all that it runs.

    It has a session of its own: a Ctrl-C at the trainer is for the trainer, and a
    signal to a whole group would hang django-q2.
    """

    def __init__(self) -> None:
        self.process: subprocess.Popen[bytes] | None = None
        self.holding = -1
        self.started_at = 0.0

    def start(self) -> None:
        """Start the cluster with a fresh pipe that only this process holds open."""
        reading, self.holding = os.pipe()
        paths = os.pathsep.join(path for path in sys.path if path)
        words = [sys.executable, "-m", "django", "trainer", "--cluster-of", str(os.getpid())]
        self.process = subprocess.Popen(  # noqa: S603 - our own words
            words,
            env={**os.environ, PIPE: str(reading), "PYTHONPATH": paths},
            pass_fds=[reading],
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
        os.close(reading)
        self.started_at = time.monotonic()

    def is_alive(self) -> bool:
        """Say whether the cluster's main process lives."""
        return self.process is not None and self.process.poll() is None

    def owns(self, pid: int) -> bool:
        """Say whether a process is one of the cluster's; all are where nobody knows."""
        if not hasattr(os, "getsid") or self.process is None:
            return True
        try:
            return os.getsid(pid) == self.process.pid
        except (ProcessLookupError, PermissionError):
            return False

    def may_start(self) -> bool:
        """Say whether the last start is long enough ago."""
        return time.monotonic() - self.started_at >= RESTART_S

    def stop(self, grace_s: float = STOP_S) -> None:
        """Take back the runs, let the cluster end, and kill what is left of it."""
        if self.holding >= 0:
            os.close(self.holding)
            self.holding = -1
        if self.process is None:
            return
        if self.is_alive():
            self.process.terminate()
        try:
            self.process.wait(grace_s)
        except subprocess.TimeoutExpired:
            self.process.kill()  # the kernel takes the others with it
            self.process.wait()


def run_cluster(trainer: int) -> None:
    """Be the cluster of a trainer, until one of the two ends."""
    die_with_parent(trainer)
    die_with_every_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    cluster = Cluster(open_queue(trainer))
    connections.close_all()  # what is forked must not share one
    cluster.start()
    cluster.sentinel.join()
