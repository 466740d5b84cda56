"""A canary: a tiny task that shows whether anybody works through the queue.

A worker that is killed while it waits can take the lock of its cluster's queue with it;
all others then wait for ever, and nothing else would tell.
"""

import time
from collections.abc import Callable
from datetime import timedelta

from django.utils import timezone
from django_q.models import Task
from django_q.tasks import async_task

TASK = "ml_training.tasks.answer_canary"
GROUP = "canary"
INTERVAL_S = 60.0  # chosen: with the patience below a wedge is seen within two minutes
PATIENCE_S = 60.0  # chosen: a free worker answers within a second
ALIVE_S = 3 * INTERVAL_S  # one answer may be missed


class Canary:
    """Send canaries while there is a free worker, and notice when none comes back."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
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
        """Send one, after the answers of those that nobody needs any more are gone."""
        Task.objects.filter(group=GROUP, stopped__lt=timezone.now() - timedelta(hours=1)).delete()
        self.sent_at = self.clock()
        self.task_id = async_task(TASK, group=GROUP, task_name="canary")

    def forget(self) -> None:
        """Start anew, for a cluster that has just been started."""
        self.sent_at, self.task_id = self.clock() - INTERVAL_S, ""


def last_answer() -> Task | None:
    """Return the newest answer of any trainer."""
    return Task.objects.filter(group=GROUP, success=True).order_by("-stopped").first()
