"""A wedged cluster is noticed, and a busy one is not mistaken for it."""

from datetime import timedelta

import pytest
from django.utils import timezone
from django_q.models import OrmQ, Task

from ml_training.services.canary import GROUP, Canary, last_answer

pytestmark = pytest.mark.django_db


class Clock:
    def __init__(self):
        self.now = 1_000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def answer(task_id, *, ago_s=0):
    """Store the answer of a worker."""
    at = timezone.now() - timedelta(seconds=ago_s)
    return Task.objects.create(
        id=task_id, name="canary", func="f", group=GROUP, success=True, started=at, stopped=at
    )


def test_canary_is_sent_every_minute_when_it_is_answered(clock):
    canary = Canary(clock)
    assert not canary.is_silent(is_free=True)
    assert OrmQ.objects.count() == 1
    for second in range(1, 60):
        clock.now = 1_000.0 + second
        answer(canary.task_id) if second == 1 else None
        assert not canary.is_silent(is_free=True)
    assert OrmQ.objects.count() == 1
    clock.now = 1_060.0
    assert not canary.is_silent(is_free=True)
    assert OrmQ.objects.count() == 2


def test_silence_is_noticed_within_two_minutes_when_nobody_answers(clock):
    canary = Canary(clock)
    canary.is_silent(is_free=True)
    clock.now += 60.0
    assert not canary.is_silent(is_free=True)
    clock.now += 1.0
    assert canary.is_silent(is_free=True)


def test_busy_workers_are_not_called_silent(clock):
    canary = Canary(clock)
    canary.is_silent(is_free=True)
    for _ in range(100):
        clock.now += 100.0
        assert not canary.is_silent(is_free=False)
    assert OrmQ.objects.count() == 1


def test_patience_begins_anew_when_a_worker_becomes_free(clock):
    canary = Canary(clock)
    canary.is_silent(is_free=True)
    clock.now += 1_000.0
    assert not canary.is_silent(is_free=False)
    clock.now += 1.0
    assert not canary.is_silent(is_free=True)


def test_new_cluster_gets_a_new_canary_at_once(clock):
    canary = Canary(clock)
    canary.is_silent(is_free=True)
    clock.now += 100.0
    assert canary.is_silent(is_free=True)
    canary.forget()
    assert not canary.is_silent(is_free=True)
    assert OrmQ.objects.count() == 2


def test_old_answers_are_dropped_when_a_new_canary_is_sent(clock):
    answer("old", ago_s=7_200)
    answer("new", ago_s=60)
    Canary(clock).send()
    assert list(Task.objects.values_list("id", flat=True)) == ["new"]
    assert last_answer().id == "new"
