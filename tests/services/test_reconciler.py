"""Rows become true again, whoever died."""

from datetime import timedelta

import pytest
from django.db import OperationalError, connection
from django.db.models.functions import Now
from django_q.models import OrmQ

from ml_training.models import TrainingRun
from ml_training.selectors import is_stale
from ml_training.services.endings import end_attempt, end_canceled, requeue_drained
from ml_training.services.leases import claim_run, lease_of, renew_lease
from ml_training.services.queue import request_run
from ml_training.services.reconciler import (
    EXPIRED,
    READ_INTERVAL_S,
    LazyReconciler,
    reconcile,
    reconcile_on_read,
)
from ml_training.services.runs import create_run
from tests.services.builders import make_run, make_strategy
from tests.services.test_runs import dead_worker

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)


def make_claimed(**changes):
    """Return a run that a worker holds, and its lease."""
    run = create_run(make_strategy(), {})
    lease = claim_run(run.pk, "host:1")
    TrainingRun.objects.filter(pk=run.pk).update(**changes)
    run.refresh_from_db()
    return run, lease


def test_run_waits_again_when_its_lease_has_expired():
    run, lease = make_claimed(lease_until=Now() - HOUR)
    done = reconcile()
    run.refresh_from_db()
    assert (done.n_requeued, run.state, run.failures, run.lease_token) == (1, "queued", 1, None)
    assert "host:1 was not heard for 30 s" in run.error
    assert not renew_lease(lease)


def test_run_is_left_alone_when_its_lease_holds():
    _, lease = make_claimed()
    assert reconcile().n_requeued == 0
    assert renew_lease(lease)


def test_back_off_doubles_when_attempts_keep_dying(settings):
    settings.ML_TRAINING = {"backoff_s": 100.0, "max_failures": 5}
    run = create_run(make_strategy(), {})
    waits = []
    for _ in range(3):
        lease = claim_run(run.pk, "a:1")
        assert end_attempt(lease, "boom") == "queued"
        late = TrainingRun.objects.filter(pk=run.pk, not_before__gt=Now())
        waits += [s for s in (50, 150, 350) if late.filter(not_before__gt=Now() + s * SECOND)][-1:]
        TrainingRun.objects.filter(pk=run.pk).update(not_before=None)
    assert waits == [50, 150, 350]


def test_run_fails_as_poison_when_three_attempts_died():
    run = create_run(make_strategy(), {})
    states = []
    for _ in range(3):
        TrainingRun.objects.filter(pk=run.pk).update(not_before=None)
        states.append(end_attempt(claim_run(run.pk, "a:1"), "killed by signal SIGKILL"))
    run.refresh_from_db()
    assert states == ["queued", "queued", "failed"]
    assert (run.state, run.end_cause, run.attempt) == ("failed", "poison", 3)
    assert "3 attempts in a row" in run.error
    assert "SIGKILL" in run.error
    assert run.hint
    assert run.ended_at is not None


def test_failures_start_anew_when_a_checkpoint_was_written():
    run, lease = make_claimed(failures=2)
    with lease.writing(failures=0):
        pass
    assert end_attempt(lease, "boom") == "queued"
    run.refresh_from_db()
    assert run.failures == 1


def test_drained_run_waits_without_a_failure():
    run, lease = make_claimed()
    assert requeue_drained(lease)
    run.refresh_from_db()
    assert (run.state, run.failures, run.not_before, run.error) == ("queued", 0, None, "")


def test_cancel_is_completed_when_the_worker_died():
    run, _ = make_claimed(lease_until=Now() - HOUR, cancel_requested_at=Now())
    assert reconcile().n_canceled == 1
    run.refresh_from_db()
    assert (run.state, run.end_cause) == ("canceled", "canceled")


def test_cancel_is_completed_when_the_run_waits_again():
    run = create_run(make_strategy(), {})
    TrainingRun.objects.filter(pk=run.pk).update(cancel_requested_at=Now())
    assert reconcile().n_canceled == 1
    run.refresh_from_db()
    assert run.state == "canceled"


@pytest.mark.parametrize("end", [requeue_drained, end_canceled])
def test_nothing_ends_when_the_lease_is_lost(end):
    run, lease = make_claimed()
    TrainingRun.objects.filter(pk=run.pk).update(lease_token=None)
    assert not end(lease)
    assert end_attempt(lease, "boom") == "lost"
    run.refresh_from_db()
    assert run.state == "running"


def test_lease_is_not_ended_when_it_was_renewed_just_before():
    run, lease = make_claimed()
    assert end_attempt(lease, "not heard", EXPIRED) == "lost"
    assert lease_of(run) == lease


def test_local_run_fails_when_its_process_is_dead():
    run = make_run()
    TrainingRun.objects.filter(pk=run.pk).update(worker=dead_worker())
    assert reconcile().n_orphans == 1
    run.refresh_from_db()
    assert run.state == "failed"


def test_waiting_run_is_hinted_again_when_nobody_claimed_it(django_capture_on_commit_callbacks):
    run = request_run(make_strategy(), {})
    with django_capture_on_commit_callbacks(execute=True):
        assert reconcile().n_hinted == 0
        TrainingRun.objects.update(hinted_at=Now() - timedelta(seconds=21))
        assert reconcile().n_hinted == 1
        assert reconcile().n_hinted == 0
    assert [message.task["args"] for message in OrmQ.objects.all()] == [(str(run.pk),)]


def test_oldest_are_hinted_first_when_few_workers_are_free():
    runs = [create_run(make_strategy(), {}) for _ in range(3)]
    assert reconcile(n_free=0).n_hinted == 0
    assert reconcile(n_free=2).n_hinted == 2
    hinted = TrainingRun.objects.exclude(hinted_at=None)
    assert {run.pk for run in hinted} == {runs[0].pk, runs[1].pk}


def test_run_is_not_hinted_when_its_back_off_lasts():
    run = create_run(make_strategy(), {})
    TrainingRun.objects.filter(pk=run.pk).update(not_before=Now() + HOUR)
    assert reconcile().n_hinted == 0


def test_readers_put_right_what_died_once_in_some_seconds():
    now = [100.0]
    lazy = LazyReconciler(lambda: now[0])
    states = []
    run, _ = make_claimed()
    for seconds in (0.0, READ_INTERVAL_S - 0.1, 0.1):
        now[0] += seconds
        TrainingRun.objects.update(state="running", lease_until=Now() - HOUR)
        lazy()
        run.refresh_from_db()
        states.append(run.state)
    assert states == ["queued", "running", "queued"]


def test_reader_is_not_refused_when_the_database_cannot_write(caplog):
    def refuse(execute, sql, params, many, context):
        if sql.startswith("UPDATE"):
            raise OperationalError("attempt to write a readonly database")
        return execute(sql, params, many, context)

    reconcile_on_read.done_at = -READ_INTERVAL_S
    run, _ = make_claimed(lease_until=Now() - HOUR)
    with connection.execute_wrapper(refuse):
        assert is_stale(run)
    assert "could not be put right" in caplog.text


def test_looking_is_enough_when_a_worker_died_and_there_is_no_trainer():
    reconcile_on_read.done_at = -READ_INTERVAL_S
    run, _ = make_claimed(lease_until=Now() - HOUR)
    assert is_stale(run)
    run.refresh_from_db()
    assert (run.state, is_stale(run)) == ("queued", False)


def test_trainer_wakes_only_runs_of_its_own_queue_when_there_are_several(settings):
    settings.ML_TRAINING = {"queues": {"cuda": "train-gpu"}}
    for device in ("cuda", "cuda", "cpu"):
        request_run(make_strategy(), {"device": device})
    TrainingRun.objects.update(hinted_at=None)
    assert reconcile(n_free=1, queue="strategy_builder").n_hinted == 1
    hinted = TrainingRun.objects.exclude(hinted_at=None).get()
    assert hinted.settings["device"] == "cpu"
    assert reconcile(n_free=3, queue="train-gpu").n_hinted == 2
