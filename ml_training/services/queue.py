"""Ask for runs: the row is the truth, the message to a worker only a hint."""

import os
from collections.abc import Mapping
from typing import Any

from django.conf import settings as project
from django.contrib.auth.models import AbstractBaseUser
from django.db import IntegrityError, transaction
from django.db.models.functions import Now
from django_q.conf import Conf
from django_q.tasks import async_task

from ml_training.conf import read_conf
from ml_training.models import Strategy, TrainingRun
from ml_training.services.choices import check_settings
from ml_training.services.leases import FREE
from ml_training.services.limits import check_room, one_at_a_time
from ml_training.services.runs import (
    ACTIVE_STATES,
    RunConflictError,
    RunStateError,
    create_run,
    find_same_request,
    is_conflict,
)

DEFAULT_SLOTS = 1
DEFAULT_DEVICE = "auto"
TASK = "ml_training.tasks.train_run"
State = TrainingRun.State


def request_run(
    strategy: Strategy,
    settings: Mapping[str, Any],
    *,
    requested_by: AbstractBaseUser | None = None,
    idempotency_key: str = "",
) -> TrainingRun:
    """Put a run into the queue and wake a worker.

    The same key by the same user returns the run that the first request made. Raises
    `RunConflictError` (with `.run`) when the strategy has another active run, and
    `TooManyRunsError` when the user has too many.
    """
    chosen = check_settings(settings)
    with one_at_a_time(requested_by):
        if requested_by and not find_same_request(strategy, requested_by, idempotency_key):
            check_room(strategy, requested_by)
        run = create_run(
            strategy,
            chosen,
            requested_by=requested_by,
            idempotency_key=idempotency_key,
        )
    if run.state == State.QUEUED and run.hinted_at is None:
        send_hint(run)
    return run


def count_slots() -> int:
    """Return how many runs may go on at a time under one trainer of this machine."""
    cluster = getattr(project, "Q_CLUSTER", {})
    own = cluster.get("ALT_CLUSTERS", {}).get(os.environ.get("Q_CLUSTER_NAME", ""), {})
    workers = own.get("workers", cluster.get("workers"))
    return int(workers) if isinstance(workers, int) and workers > 0 else DEFAULT_SLOTS


def name_queue() -> str:
    """Return the queue that a trainer with these settings and environment serves."""
    return str(Conf.CLUSTER_NAME)


def choose_queue(run: TrainingRun) -> str:
    """Return the queue in which a run waits, by the device that it asks for."""
    device = run.settings.get("device") or DEFAULT_DEVICE
    return read_conf().queues.get(device) or str(Conf.PREFIX)


def send_hint(run: TrainingRun) -> None:
    """Tell the workers, once the row is there for them to see."""
    TrainingRun.objects.filter(pk=run.pk).update(hinted_at=Now())
    words = {"task_name": f"train {run.pk}", "cluster": choose_queue(run)}
    transaction.on_commit(lambda: async_task(TASK, str(run.pk), **words))


def request_cancel(run: TrainingRun) -> TrainingRun:
    """Cancel a queued run at once; ask a running one to stop."""
    rows = TrainingRun.objects.filter(pk=run.pk)
    canceled = rows.filter(state=State.QUEUED).update(**describe_cancel())
    if not canceled:
        rows.filter(state=State.RUNNING, cancel_requested_at=None).update(
            cancel_requested_at=Now()
        )
    run.refresh_from_db()
    return run


def describe_cancel() -> dict[str, Any]:
    """Return the columns of a run that was canceled on request."""
    return {
        "state": State.CANCELED,
        "end_cause": TrainingRun.EndCause.CANCELED,
        "ended_at": Now(),
        "error": "canceled by the user",
        **FREE,
    }


def requeue(run: TrainingRun, *, asked_by: AbstractBaseUser | None = None) -> TrainingRun:
    """Let a failed or canceled run go on from its last checkpoint.

    It counts as a run of whoever asked. Raises `RunStateError` when it did not end that
    way, or its strategy has changed; `RunConflictError` when the strategy has another
    active run by now; `TooManyRunsError` when the user has too many.
    """
    if run.rules_digest != run.strategy.rules_digest:
        raise RunStateError(
            f"run {run.pk} followed other rules than its strategy has now",
            hint="Start a new run.",
        )
    changes = {"state": State.QUEUED, "failures": 0, "queued_at": Now(), **UNENDED, **FREE}
    if asked_by is not None and asked_by.pk != run.requested_by_id:
        changes |= {"requested_by": asked_by, "idempotency_key": ""}
    ended = TrainingRun.objects.filter(pk=run.pk, state__in=[State.FAILED, State.CANCELED])
    try:
        with one_at_a_time(asked_by), transaction.atomic():
            if asked_by is not None and ended.exists():
                check_room(run.strategy, asked_by)
            changed = ended.update(**changes)
    except IntegrityError as error:
        if not is_conflict(error):
            raise
        active = run.strategy.runs.filter(state__in=ACTIVE_STATES).first()
        raise RunConflictError(active) from error
    run.refresh_from_db()
    if not changed:
        raise RunStateError(
            f"only a failed or canceled run goes on, and run {run.pk} is {run.state}"
        )
    send_hint(run)
    return run


UNENDED: dict[str, Any] = {
    "ended_at": None,
    "end_cause": "",
    "error": "",
    "hint": "",
    "not_before": None,
    "cancel_requested_at": None,
}
