import os
import signal
import time
from typing import Any

from django.core.management.base import CommandParser

from ml_training.management.cluster import ClusterProcess, run_cluster
from ml_training.management.console import ConsoleCommand
from ml_training.models import TrainingRun
from ml_training.services.away import AWAY, forget_connections
from ml_training.services.canary import Canary, name_address
from ml_training.services.orphans import sweep
from ml_training.services.queue import count_slots, name_queue
from ml_training.services.reconciler import Reconciled, reconcile
from ml_training.services.runs import name_host

ROUND_S = 1.0
SWEEP_S = 3600.0  # chosen: what is left over is small and harms nobody
AWAY_S = 5.0  # a database that is away is asked again after so long


class Command(ConsoleCommand):
    help = (
        "Train what is queued, until Ctrl-C or SIGTERM; runs that go on are handed back. "
        "With Q_CLUSTER_NAME in the environment it serves that queue."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--cluster-of", type=int, help="used by the trainer itself")

    def run(self, **options: Any) -> tuple[Any, bool]:
        if options["cluster_of"] is not None:
            run_cluster(options["cluster_of"])
            return {"ok": True}, True
        Trainer(lambda line: self.say(options, line)).work()
        return {"ok": True}, True


class Trainer:
    """Keep a cluster at work and the rows true, until asked to go."""

    def __init__(self, say: Any) -> None:
        self.say = say
        self.cluster = ClusterProcess()
        self.canary = Canary(address=name_address(os.getpid()))
        self.is_leaving = False
        self.swept_at = -SWEEP_S

    def work(self) -> None:
        """Go round until asked to go, then hand back the runs."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self.leave)
        self.say(f"Trainer: {count_slots()} run(s) at a time. Ctrl-C ends it.")
        try:
            while not self.is_leaving:
                self.go_round()
                time.sleep(ROUND_S)
        finally:
            self.say("Trainer: handing back what is running...")
            self.cluster.stop()
            self.say("Trainer: gone.")

    def leave(self, number: int, frame: Any) -> None:
        """Remember that the trainer was asked to go."""
        self.is_leaving = True

    def go_round(self) -> None:
        """Look after the cluster and the rows once; the database may be away."""
        if not self.cluster.is_alive() and self.cluster.may_start():
            self.canary.forget()
            self.cluster.start()
        try:
            n_free = count_slots() - self.count_running()
            self.tell(reconcile(n_free=n_free, queue=name_queue()))
            self.sweep_at_times()
            if self.canary.is_silent(is_free=n_free > 0):
                self.say("Trainer: no worker answers; the cluster is started again.")
                self.cluster.stop(grace_s=0.0)
        except AWAY as error:
            self.say(f"Trainer: the database is away ({error}).")
            forget_connections()
            time.sleep(AWAY_S)

    def count_running(self) -> int:
        """Return how many runs the workers of this trainer hold."""
        running = TrainingRun.objects.filter(state=TrainingRun.State.RUNNING)
        here = running.filter(worker__startswith=f"{name_host()}:").exclude(lease_until=None)
        pids = [worker.rpartition(":")[2] for worker in here.values_list("worker", flat=True)]
        return sum(self.cluster.owns(int(pid)) for pid in pids if pid.isdecimal())

    def sweep_at_times(self) -> None:
        """Delete what nobody will resume from; a storage that refuses stops nothing."""
        if time.monotonic() - self.swept_at < SWEEP_S:
            return
        self.swept_at = time.monotonic()
        try:
            sweep()
        except OSError as error:
            self.say(f"Trainer: old states cannot be deleted ({error}).")

    def tell(self, done: Reconciled) -> None:
        """Say what was put right, if anything was."""
        counts = {
            "went on after their worker died": done.n_requeued,
            "failed after too many attempts": done.n_poisoned,
            "were canceled": done.n_canceled,
            "had lost their process": done.n_orphans,
        }
        for words, n_runs in counts.items():
            if n_runs:
                self.say(f"Trainer: {n_runs} run(s) {words}.")
