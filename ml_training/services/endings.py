"""How an attempt at a run ends when it did not end by itself."""

from typing import Any

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from ml_training.conf import read_conf
from ml_training.models import TrainingRun
from ml_training.services.leases import FREE, Lease, later
from ml_training.services.queue import describe_cancel

State, EndCause = TrainingRun.State, TrainingRun.EndCause
ANY = Q()


def requeue_drained(lease: Lease) -> bool:
    """Let a run that was interrupted on purpose go on elsewhere, at once."""
    return bool(lease.rows().update(**WAITING))


def end_canceled(lease: Lease, only_if: Q = ANY) -> bool:
    """End a run that was asked to stop."""
    return bool(lease.rows().filter(only_if).update(**describe_cancel()))


def end_attempt(lease: Lease, why: str, only_if: Q = ANY) -> str:
    """Put a run whose attempt died back into the queue, or fail it after too many.

    Returns its state, or "lost" when the lease was. A cancel that somebody asked for in
    the meantime is completed.
    """
    with transaction.atomic():
        run = lease.rows().filter(only_if).select_for_update().first()
        if run is None:
            return "lost"
        changes = describe_next(run, why)
        lease.rows().filter(only_if).update(**changes)
    return str(changes["state"])


def describe_next(run: TrainingRun, why: str) -> dict[str, Any]:
    """Return the columns of a run after one of its attempts died."""
    n_failures = run.failures + 1
    if run.cancel_requested_at is not None:
        return describe_cancel()
    if n_failures >= read_conf().max_failures:
        return {
            "state": State.FAILED,
            "end_cause": EndCause.POISON,
            "ended_at": Now(),
            "failures": n_failures,
            "error": f"{n_failures} attempts in a row ended without a new checkpoint; "
            f"the last one: {why}",
            "hint": "Look at the trainer's log, and at the memory of the machine. "
            "Resume the run when the cause is gone.",
            **FREE,
        }
    wait_s = read_conf().backoff_s * 2 ** (n_failures - 1)
    return {**WAITING, "failures": n_failures, "not_before": later(wait_s), "error": why}


WAITING: dict[str, Any] = {"state": State.QUEUED, "hinted_at": None, "worker": "", **FREE}
