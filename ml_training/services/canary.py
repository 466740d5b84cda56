"""A canary: a tiny task that shows whether anybody works through the queue.

A worker that is killed while it waits can take the lock of its cluster's queue with it;
all others then wait for ever, and nothing else would tell.

Several clusters may work through one queue, and there may be several queues. So a
canary is addressed to one cluster, which takes it before all else: no other can answer
in its place, and a cluster that is wedged cannot swallow another's.
"""

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.utils import timezone
from django_q.brokers.orm import ORM
from django_q.conf import Conf
from django_q.models import OrmQ, Task
from django_q.tasks import async_task

from ml_training.services.runs import name_host

TASK = "ml_training.tasks.answer_canary"
GROUP = "canary"
INTERVAL_S = 60.0  # chosen: with the patience below a wedge is seen within two minutes
PATIENCE_S = 60.0  # chosen: a free worker answers within a second
ALIVE_S = 3 * INTERVAL_S  # one answer may be missed
ADDRESS = "canary@"
LONGEST_ADDRESS = 100  # characters that django-q2 stores


def name_address(trainer: int) -> str:
    """Return where the canaries of a trainer wait; empty where messages have none."""
    if Conf.BROKER_CLASS or not Conf.ORM:
        return ""
    return f"{ADDRESS}{trainer}@{name_host()}"[:LONGEST_ADDRESS]


def open_queue(trainer: int) -> "OwnQueue | None":
    """Return the queue of a trainer's cluster; None where it is django-q2's own."""
    address = name_address(trainer)
    return OwnQueue(address) if address else None


class OwnQueue(ORM):  # type: ignore[misc]
    """The queue in the database, and before it what is addressed to this cluster."""

    def __init__(self, address: str) -> None:
        super().__init__()
        self.own = ORM(address)

    def dequeue(self) -> Any:
        """Return the next messages; wait a little when there are none."""
        return self.own.dequeue() if self.own.queue_size() else super().dequeue()


class Canary:
    """Send canaries while there is a free worker, and notice when none comes back."""

    def __init__(self, clock: Callable[[], float] = time.monotonic, *, address: str = "") -> None:
        self.clock = clock
        self.address = address
        self.sent_at = -INTERVAL_S
        self.task_id = ""

    def is_silent(self, *, is_free: bool) -> bool:
        """Say whether a canary has been out for too long though somebody was free."""
        now = self.clock()
        if self.task_id and Task.objects.filter(pk=self.task_id).exists():
            self.task_id = ""
        if not is_free:  # nobody could answer: the time does not count
            self.sent_at = now if self.task_id else self.sent_at
            return False
        if self.task_id:
            return now - self.sent_at > PATIENCE_S
        if now - self.sent_at >= INTERVAL_S:
            self.send()
        return False

    def send(self) -> None:
        """Send one, after those that nobody needs any more are gone."""
        earlier = timezone.now() - timedelta(hours=1)
        Task.objects.filter(group=GROUP, stopped__lt=earlier).delete()
        OrmQ.objects.filter(key__startswith=ADDRESS, lock__lt=earlier).delete()
        self.sent_at = self.clock()
        options = {"broker": ORM(self.address)} if self.address else {}
        self.task_id = async_task(TASK, group=GROUP, task_name="canary", **options)

    def forget(self) -> None:
        """Start anew, for a cluster that has just been started."""
        self.sent_at, self.task_id = self.clock() - INTERVAL_S, ""


def last_answer() -> Task | None:
    """Return the newest answer of any trainer."""
    return Task.objects.filter(group=GROUP, success=True).order_by("-stopped").first()
