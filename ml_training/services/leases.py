"""Leases: who may write to a run, proved by a token, in the database's own time.

A claim gives a run a fresh token. Every later write filters on it: when no row matches,
somebody else has claimed the run, and whoever asked must stop and touch nothing.
"""

import uuid
from collections.abc import Iterator
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

QUEUED, RUNNING = TrainingRun.State.QUEUED, TrainingRun.State.RUNNING
FREE: dict[str, Any] = {"lease_token": None, "lease_until": None}


class LeaseLostError(HintedError, RuntimeError):
    """Say that another process has taken the run over."""

    def __init__(self, run_id: uuid.UUID) -> None:
        super().__init__(
            f"the lease of run {run_id} is lost: another process may be training it",
            hint="Nothing more is written from here. The run itself goes on.",
        )


@dataclass(frozen=True)
class Lease:
    """The right to write to one run."""

    run_id: uuid.UUID
    token: uuid.UUID

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
    """Take a queued run that is due; None when somebody else was faster.

    A run that is not replaceable has no end of its lease: it belongs to a process in
    front of which somebody sits, and dies with it.
    """
    lease = Lease(uuid.UUID(str(run_id)), uuid.uuid4())
    until = later(read_conf().lease_s) if is_replaceable else None
    claimed = TrainingRun.objects.filter(
        is_due(), pk=lease.run_id, state=QUEUED, cancel_requested_at=None
    ).update(
        state=RUNNING,
        lease_token=lease.token,
        lease_until=until,
        heartbeat_at=Now(),
        started_at=Now(),
        attempt=F("attempt") + 1,
        worker=worker,
        not_before=None,
    )
    return lease if claimed else None


def renew_lease(lease: Lease) -> bool:
    """Extend a lease; False when it is lost. Late is not lost until it is taken."""
    until = later(read_conf().lease_s)
    return bool(lease.rows().update(lease_until=until, heartbeat_at=Now()))


def later(seconds: float) -> Any:
    """Return the database's time in so many seconds."""
    return Now() + timedelta(seconds=seconds)
