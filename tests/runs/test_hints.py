"""Hints come twice, late, in any order, or never; workers die, sleep and wake up.

A machine of all that can happen to one run: whatever the order, at most one lease is
alive, attempts only grow, and what has ended stays as it is.
"""

from contextlib import nullcontext
from datetime import timedelta

import pytest
from django.db.models.functions import Now
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from ml_training.models import MetricPoint, TrainingRun
from ml_training.services.endings import end_attempt, end_canceled, requeue_drained
from ml_training.services.leases import LeaseLostError, claim_run, renew_lease
from ml_training.services.queue import request_cancel, request_run, requeue
from ml_training.services.reconciler import reconcile
from ml_training.services.runs import (
    RunConflictError,
    RunStateError,
    cancel_run,
    close_run,
    create_run,
    fail_run,
)
from tests.services.builders import make_strategy

pytestmark = pytest.mark.django_db
ENDED = {"succeeded", "failed", "canceled"}
HOUR = timedelta(hours=1)


class RunMachine(RuleBasedStateMachine):
    """One run, and all that wants something of it."""

    def __init__(self):
        super().__init__()
        self.run = create_run(make_strategy(), {})
        self.leases = []
        self.attempts = 0
        self.ended = None
        self.points = 0

    def read(self):
        return TrainingRun.objects.get(pk=self.run.pk)

    def zombie_of(self, at):
        """Return the row as it was read under some lease, maybe an old one."""
        row = self.read()
        row.lease_token = self.leases[at % len(self.leases)].token
        row.state = "running"
        return row

    @rule()
    def hint(self):
        lease = claim_run(self.run.pk, "host:1")
        if lease is not None:
            self.leases.append(lease)

    @rule()
    def ask_again(self):
        is_free = self.read().state in ENDED
        with nullcontext() if is_free else pytest.raises(RunConflictError):
            other = request_run(self.run.strategy, {})
            request_cancel(other)

    @rule()
    def expire(self):
        TrainingRun.objects.filter(pk=self.run.pk).exclude(lease_until=None).update(
            lease_until=Now() - HOUR
        )

    @rule()
    def wait(self):
        TrainingRun.objects.filter(pk=self.run.pk).update(not_before=None, hinted_at=None)

    @rule()
    def put_right(self):
        reconcile()

    @rule()
    def cancel(self):
        request_cancel(self.read())

    @rule()
    def go_on(self):
        try:
            requeue(self.read())
            self.ended = None
        except RunStateError:
            pass

    @precondition(lambda self: self.leases)
    @rule(at=st.integers(0, 9))
    def beat(self, at):
        lease = self.leases[at % len(self.leases)]
        assert renew_lease(lease) == (self.read().lease_token == lease.token)

    @precondition(lambda self: self.leases)
    @rule(at=st.integers(0, 9))
    def record(self, at):
        lease = self.leases[at % len(self.leases)]
        is_held = self.read().lease_token == lease.token
        try:
            with lease.writing():
                MetricPoint.objects.create(
                    run=self.run, kind="epoch", epoch=0, step=0, values={}, number=self.points
                )
            self.points += 1
            assert is_held
        except LeaseLostError:
            assert not is_held

    @precondition(lambda self: self.leases)
    @rule(at=st.integers(0, 9), end=st.sampled_from([requeue_drained, end_canceled]))
    def settle(self, at, end):
        end(self.leases[at % len(self.leases)])

    @precondition(lambda self: self.leases)
    @rule(at=st.integers(0, 9))
    def die(self, at):
        end_attempt(self.leases[at % len(self.leases)], "killed")

    @precondition(lambda self: self.leases)
    @rule(at=st.integers(0, 9), end=st.sampled_from(["close", "fail", "cancel"]))
    def finish(self, at, end):
        row = self.zombie_of(at)
        is_held = self.read().lease_token == row.lease_token
        ends = {
            "close": lambda: close_run(row, {}),
            "fail": lambda: fail_run(row, ValueError("no")),
            "cancel": lambda: cancel_run(row),
        }
        try:
            ends[end]()
            assert is_held
        except (LeaseLostError, RunStateError):
            assert not is_held

    @invariant()
    def at_most_one_lease_is_alive(self):
        alive = [lease for lease in self.leases if lease.rows().exists()]
        assert len(alive) == (self.read().state == "running")

    @invariant()
    def attempts_only_grow(self):
        attempt = self.read().attempt
        assert attempt >= self.attempts
        assert attempt == len(self.leases)
        self.attempts = attempt

    @invariant()
    def what_has_ended_stays_as_it_is(self):
        columns = ("state", "end_cause", "ended_at", "error", "verdict")
        row = TrainingRun.objects.filter(pk=self.run.pk).values(*columns).get()
        if self.ended is not None:
            assert row == self.ended
        if row["state"] in ENDED:
            self.ended = row
            assert row["ended_at"] is not None
            assert row["end_cause"]

    @invariant()
    def no_point_came_from_a_zombie(self):
        assert self.run.points.count() == self.points

    def teardown(self):
        TrainingRun.objects.all().delete()


@pytest.mark.slow
def test_run_stays_whole_when_hints_and_deaths_come_in_any_order():
    run_state_machine_as_test(RunMachine, settings=settings(max_examples=25, deadline=None))
