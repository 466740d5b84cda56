"""Bring the rows back to what is true, whoever died: ask it often, from anywhere."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from typing import Any

from django.db.models import Q
from django.db.models.functions import Now

from ml_training.conf import read_conf
from ml_training.models import TrainingRun
from ml_training.services.away import AWAY
from ml_training.services.endings import end_attempt
from ml_training.services.leases import is_due, lease_of
from ml_training.services.queue import choose_queue, describe_cancel, send_hint
from ml_training.services.runs import fail_orphaned_runs

logger = logging.getLogger(__name__)

READ_INTERVAL_S = 5.0  # chosen: a page that is looked at tells of a death within seconds
State = TrainingRun.State
EXPIRED = Q(lease_until__lt=Now())


@dataclass(frozen=True, kw_only=True)
class Reconciled:
    """What was put right."""

    n_requeued: int
    n_poisoned: int
    n_canceled: int
    n_orphans: int
    n_hinted: int


def reconcile(*, n_free: int = 1, queue: str = "") -> Reconciled:
    """Put right what died, and wake workers for at most `n_free` runs that wait.

    A trainer wakes those of its own queue; who has none, of all.
    """
    n_canceled = complete_cancels()
    ended = end_expired_attempts()
    return Reconciled(
        n_requeued=ended.count(State.QUEUED),
        n_poisoned=ended.count(State.FAILED),
        n_canceled=n_canceled + ended.count(State.CANCELED),
        n_orphans=fail_orphaned_runs(),
        n_hinted=hint_waiting_runs(n_free, queue),
    )


def end_expired_attempts() -> list[str]:
    """End the attempts whose holder has not been heard for a whole lease."""
    expired = TrainingRun.objects.filter(EXPIRED, state=State.RUNNING)
    return [
        end_attempt(
            lease_of(run),
            f"its worker {run.worker} was not heard for {read_conf().lease_s:.0f} s",
            EXPIRED,
        )
        for run in expired
    ]


def complete_cancels() -> int:
    """End runs that were asked to stop and wait again since."""
    asked = TrainingRun.objects.filter(state=State.QUEUED).exclude(cancel_requested_at=None)
    return asked.update(**describe_cancel())


def hint_waiting_runs(n_free: int, queue: str = "") -> int:
    """Wake workers for the oldest runs that nobody has claimed since the last hint."""
    late = Now() - timedelta(seconds=read_conf().hint_s)
    waiting = TrainingRun.objects.filter(
        is_due(), Q(hinted_at=None) | Q(hinted_at__lt=late), state=State.QUEUED
    )
    oldest = waiting.order_by("queued_at").only("settings")
    own = (run for run in oldest.iterator() if queue in ("", choose_queue(run)))
    chosen = list(islice(own, max(n_free, 0)))
    for run in chosen:
        send_hint(run)
    return len(chosen)


class LazyReconciler:
    """Put right what readers find dead, so that it takes no trainer to see it.

    Each process does so once in a few seconds at most; no reader is refused for it.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self.done_at = -READ_INTERVAL_S

    def __call__(self, **signal: Any) -> None:
        now = self.clock()
        if now - self.done_at < READ_INTERVAL_S:
            return
        self.done_at = now
        try:
            reconcile()
        except AWAY:
            logger.warning("a dead run was seen and could not be put right", exc_info=True)


reconcile_on_read = LazyReconciler()
"""What `ml_training.apps` connects to those who look at runs."""
