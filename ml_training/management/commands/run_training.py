import signal
import sys
import time
import uuid
from typing import TYPE_CHECKING, Any

from django.core.management.base import CommandError, CommandParser

from ml_training.management.console import CANCELED, CONFLICT, ConsoleCommand
from ml_training.models import TrainingRun
from ml_training.services.leases import Halted, Keeper, Lease, LeaseLostError, claim_run
from ml_training.services.processes import die_with_parent, watch_parent
from ml_training.services.resuming import Drain
from ml_training.services.runs import name_worker
from ml_training.services.supervisor import DRAINED

if TYPE_CHECKING:
    from ml_training.study.progress import Progress

SIGN_INTERVAL_S = 1.0
CODES = {"canceled": CANCELED, "lost": CONFLICT, "drained": DRAINED}


class Command(ConsoleCommand):
    help = "Train a queued run in this process; the trainer starts this by itself."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("run", type=uuid.UUID, help="id of the run")
        parser.add_argument("--token", type=uuid.UUID, help="lease of the supervisor")
        parser.add_argument("--parent", type=int, help="process to die with")

    def run(self, **options: Any) -> tuple[Any, bool]:
        if options["parent"] is not None:
            die_with_parent(options["parent"])
            watch_parent(options["parent"])
        self.drain = Drain()
        signal.signal(signal.SIGTERM, lambda *_: self.drain.ask())
        lease = self.take_lease(options)
        run = lease.rows().select_related("strategy").first()
        if run is None:
            raise self.end(options, str(LeaseLostError(lease.run_id)), CONFLICT)
        try:
            self.train(run, lease, options)
        except Halted as halted:
            code = CODES[halted.why]
            raise self.end(options, f"run {run.pk}: {halted.why}", code) from None
        return {"ok": True, "run_id": str(run.pk), "verdict": run.verdict}, True

    def take_lease(self, options: dict[str, Any]) -> Lease:
        """Return the supervisor's lease, or claim the run for this process."""
        run_id, token = options["run"], options["token"]
        lease = Lease(run_id, token) if token else claim_run(run_id, name_worker())
        if lease is None:
            known = TrainingRun.objects.filter(pk=run_id).first()
            what = f"it is {known.state}" if known else "there is no such run"
            raise CommandError(f"run {run_id} cannot be claimed: {what}", returncode=CONFLICT)
        return lease

    def train(self, run: TrainingRun, lease: Lease, options: dict[str, Any]) -> None:
        """Train, and show signs of life to the supervisor or words to people."""
        from ml_training.pipeline import train_claimed_run  # noqa: PLC0415 - imports torch
        from ml_training.study.progress import ignore  # noqa: PLC0415

        if options["token"]:
            train_claimed_run(run, Sign(self.drain), ignore, self.drain)
            return

        def tell(progress: "Progress") -> None:
            for line in progress.lines:
                self.say(options, line)

        keep = Keeper(lease)

        def keep_and_check() -> None:
            keep()
            self.drain.check()

        train_claimed_run(run, keep_and_check, tell, self.drain)


class Sign:
    """Write a dot to the supervisor, at most one a second, and go when asked to."""

    def __init__(self, drain: Drain) -> None:
        self.drain = drain
        self.given_at = 0.0

    def __call__(self) -> None:
        self.drain.check()
        now = time.monotonic()
        if now - self.given_at >= SIGN_INTERVAL_S:
            self.given_at = now
            sys.stdout.write(".")
            sys.stdout.flush()
