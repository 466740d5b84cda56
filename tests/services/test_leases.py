"""A run belongs to one process at a time, and who lost it writes nothing."""

import uuid
from datetime import timedelta

import pytest
from django.db import connection
from django.db.models.functions import Now

from ml_training.models import FixEvent, MetricPoint, TrainingRun
from ml_training.services.leases import (
    Halted,
    Keeper,
    Lease,
    LeaseLostError,
    claim_run,
    lease_of,
    renew_lease,
)
from ml_training.services.recorder import RunRecorder
from ml_training.services.runs import close_run, create_run, ending, fail_run, note_digests
from tests.services.builders import make_run, make_strategy
from tests.services.engine_events import batches_read, epoch_ended, finding_made

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


def make_queued():
    return create_run(make_strategy(), {})


def read(run):
    return TrainingRun.objects.get(pk=run.pk)


def steal(run):
    """Let another process claim the run after its lease was taken."""
    TrainingRun.objects.filter(pk=run.pk).update(state="queued", lease_token=None)
    return claim_run(run.pk, "thief:1")


def test_claim_gives_a_lease_and_counts_the_attempt():
    run = make_queued()
    lease = claim_run(run.pk, "host:1")
    row = read(run)
    assert (row.state, row.worker, row.attempt) == ("running", "host:1", 1)
    assert row.lease_token == lease.token
    assert row.lease_until - row.heartbeat_at == timedelta(seconds=30)
    assert row.started_at is not None


def test_second_claim_gets_nothing_when_the_run_is_taken():
    run = make_queued()
    assert claim_run(run.pk, "a:1") is not None
    assert claim_run(run.pk, "b:2") is None
    assert read(run).worker == "a:1"


def test_nothing_is_claimed_when_there_is_no_such_run():
    assert claim_run(uuid.uuid4(), "a:1") is None


@pytest.mark.parametrize(("wait", "is_due"), [(HOUR, False), (-HOUR, True)])
def test_run_is_claimed_only_when_its_back_off_is_over(wait, is_due):
    run = make_queued()
    TrainingRun.objects.filter(pk=run.pk).update(not_before=Now() + wait)
    assert (claim_run(run.pk, "a:1") is not None) == is_due


def test_run_is_not_claimed_when_its_cancel_was_asked_for():
    run = make_queued()
    TrainingRun.objects.filter(pk=run.pk).update(cancel_requested_at=Now())
    assert claim_run(run.pk, "a:1") is None


def test_lease_is_renewed_late_when_nobody_took_it():
    lease = claim_run(make_queued().pk, "a:1")
    lease.rows().update(lease_until=Now() - HOUR)
    assert renew_lease(lease)
    assert lease.rows().filter(lease_until__gt=Now()).exists()


def test_lease_is_not_renewed_when_somebody_took_it():
    run = make_queued()
    lease = claim_run(run.pk, "a:1")
    thief = steal(run)
    assert not renew_lease(lease)
    assert renew_lease(thief)


def test_time_is_that_of_the_database_when_the_clock_of_the_host_is_wrong():
    with connection.cursor() as cursor:
        lease = claim_run(make_queued().pk, "a:1")
        cursor.execute("SELECT CURRENT_TIMESTAMP")
        assert cursor.fetchone() is not None
    assert lease.rows().filter(lease_until__lte=Now() + timedelta(seconds=30)).exists()


def test_zombie_writes_no_row_when_its_lease_was_taken():
    run = read(make_run())
    zombie = RunRecorder(run)
    for event in (batches_read(), epoch_ended(), finding_made()):
        zombie(event)
    steal(run)
    with pytest.raises(LeaseLostError, match="lease of run"):
        zombie.flush()
    with pytest.raises(Halted, match="lost"):
        zombie.try_flush()
    assert not MetricPoint.objects.exists()
    assert not FixEvent.objects.exists()
    assert read(run).progress == {}


@pytest.mark.parametrize(
    "write",
    [
        lambda run: close_run(run, {}),
        lambda run: fail_run(run, ValueError("no")),
        lambda run: note_digests(run, setups="s" * 64),
    ],
)
def test_zombie_changes_nothing_when_its_lease_was_taken(write):
    run = read(make_run())
    thief = steal(run)
    before = TrainingRun.objects.filter(pk=run.pk).values().get()
    with pytest.raises(LeaseLostError):
        write(run)
    assert TrainingRun.objects.filter(pk=run.pk).values().get() == before
    assert thief.rows().exists()


def test_zombie_stays_one_when_it_tries_twice():
    run = read(make_run())
    steal(run)
    for _ in range(2):
        with pytest.raises(LeaseLostError):
            close_run(run, {})


def test_lease_of_a_row_is_the_one_it_was_read_under():
    run = make_queued()
    lease = claim_run(run.pk, "a:1")
    assert lease_of(read(run)) == lease
    local = make_run()
    assert lease_of(read(local)) == Lease(local.pk, local.lease_token, is_replaceable=False)


def test_local_run_has_no_end_of_its_lease_when_it_is_renewed():
    run = make_run()
    assert renew_lease(lease_of(run))
    assert read(run).lease_until is None


def test_keeper_asks_the_database_only_when_it_is_time(django_assert_num_queries):
    clock = Clock()
    keep = Keeper(claim_run(make_queued().pk, "a:1"), clock=clock)
    with django_assert_num_queries(0):
        keep()
    clock.now = 1.0
    with django_assert_num_queries(1):
        keep()
    clock.now = 11.0
    with django_assert_num_queries(2):
        keep()


def test_keeper_halts_when_the_run_is_to_be_canceled():
    clock = Clock()
    lease = claim_run(make_queued().pk, "a:1")
    keep = Keeper(lease, clock=clock)
    lease.rows().update(cancel_requested_at=Now())
    clock.now = 1.0
    with pytest.raises(Halted, match="canceled"):
        keep()


def test_keeper_halts_when_the_lease_is_lost():
    clock = Clock()
    run = make_queued()
    keep = Keeper(claim_run(run.pk, "a:1"), clock=clock)
    steal(run)
    clock.now = 10.0
    with pytest.raises(Halted, match="lost"):
        keep()


@pytest.mark.parametrize(
    ("halt", "state"), [("lost", "running"), ("drained", "running"), ("canceled", "canceled")]
)
def test_halted_run_is_ended_only_when_it_was_canceled(halt, state):
    run = make_run()
    with pytest.raises(Halted), ending(run):
        raise Halted(halt)
    assert read(run).state == state
