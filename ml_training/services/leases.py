"""Leases: who may write to a run, proved by a token, in the database's own time.

A claim gives a run a fresh token. Every later write filters on it: when no row matches,
somebody else has claimed the run, and whoever asked must stop and touch nothing.
"""

import logging
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Now

from ml_training.conf import read_conf
from ml_training.errors import HintedError
from ml_training.models import TrainingRun
from ml_training.services.away import AWAY, forget_connections

logger = logging.getLogger(__name__)

ASK_INTERVAL_S = 1.0  # chosen: a cancel takes 3 s at most
QUEUED, RUNNING = TrainingRun.State.QUEUED, TrainingRun.State.RUNNING
FREE: dict[str, Any] = {"lease_token": None, "lease_until": None}


class LeaseLostError(HintedError, RuntimeError):
    """Say that another process has taken the run over."""

    def __init__(self, run_id: uuid.UUID) -> None:
        super().__init__(
            f"the lease of run {run_id} is lost: another process may be training it",
            hint="Nothing more is written from here. The run itself goes on.",
        )


class Halted(BaseException):
    """Stop a training at once, past everything that would go on after an error.

    `why` is "lost" (another process has the run), "drained" (it goes on elsewhere) or
    "canceled".
    """

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True)
class Lease:
    """The right to write to one run.

    One that is not replaceable has no end: it belongs to a process in front of which
    somebody sits, and dies with it.
    """

    run_id: uuid.UUID
    token: uuid.UUID | None
    is_replaceable: bool = True

    def rows(self) -> QuerySet[TrainingRun]:
        """Return the run's row while this lease holds, else nothing."""
        return TrainingRun.objects.filter(pk=self.run_id, state=RUNNING, lease_token=self.token)

    @contextmanager
    def writing(self, **changes: Any) -> Iterator[None]:
        """Write rows of the run in one transaction; raise `LeaseLostError` before any.

        The update locks the row, so that nobody can take the lease until the end.
        """
        with transaction.atomic():
            if not self.rows().update(heartbeat_at=Now(), **changes):
                raise LeaseLostError(self.run_id)
            yield


def is_due() -> Q:
    """Select the runs that need not wait any longer."""
    return Q(not_before=None) | Q(not_before__lte=Now())


def claim_run(
    run_id: uuid.UUID | str, worker: str, *, is_replaceable: bool = True
) -> Lease | None:
    """Take a queued run that is due; None when somebody else was faster."""
    lease = Lease(uuid.UUID(str(run_id)), uuid.uuid4(), is_replaceable)
    claimed = TrainingRun.objects.filter(
        is_due(), pk=lease.run_id, state=QUEUED, cancel_requested_at=None
    ).update(
        state=RUNNING,
        lease_token=lease.token,
        lease_until=end_lease(lease),
        heartbeat_at=Now(),
        started_at=Now(),
        attempt=F("attempt") + 1,
        worker=worker,
        not_before=None,
    )
    return lease if claimed else None


def renew_lease(lease: Lease) -> bool:
    """Extend a lease; False when it is lost. Late is not lost until it is taken."""
    return bool(lease.rows().update(lease_until=end_lease(lease), heartbeat_at=Now()))


def end_lease(lease: Lease) -> Any:
    """Return when a lease that is taken or renewed now will end."""
    return later(read_conf().lease_s) if lease.is_replaceable else None


def lease_of(run: TrainingRun) -> Lease:
    """Return the lease under which a run was read."""
    return Lease(run.pk, run.lease_token, run.lease_until is not None)


def is_cancel_wanted(lease: Lease) -> bool:
    """Say whether somebody asked for the end of the run."""
    return lease.rows().exclude(cancel_requested_at=None).exists()


def has_ended(lease: Lease) -> bool:
    """Say whether the run has come to its end, by whomever."""
    known = TrainingRun.objects.filter(pk=lease.run_id)
    return known.exclude(state__in=(QUEUED, RUNNING)).exists()


def later(seconds: float) -> Any:
    """Return the database's time in so many seconds."""
    return Now() + timedelta(seconds=seconds)


class Keeper:
    """Keep a lease from within the training, asked now and then by whatever happens.

    Raises `Halted` when the lease is lost or the run is to be canceled. While the
    database is away it waits: nobody else can take the run either.
    """

    def __init__(self, lease: Lease, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.lease = lease
        self.clock = clock
        self.renewed_at = self.asked_at = clock()

    def __call__(self) -> None:
        now = self.clock()
        try:
            if now - self.renewed_at >= read_conf().heartbeat_s:
                self.renewed_at = now
                self.renew()
            if now - self.asked_at >= ASK_INTERVAL_S:
                self.asked_at = now
                self.ask()
        except AWAY:
            forget_connections()
            logger.warning("run %s: the database is away", self.lease.run_id, exc_info=True)

    def renew(self) -> None:
        """Extend the lease or stop."""
        if not renew_lease(self.lease):
            raise Halted("lost")

    def ask(self) -> None:
        """Stop when somebody asked for it."""
        if is_cancel_wanted(self.lease):
            raise Halted("canceled")
