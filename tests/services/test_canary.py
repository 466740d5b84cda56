"""A wedged cluster is noticed, and a busy one is not mistaken for it."""

from datetime import timedelta

import pytest
from django.utils import timezone
from django_q.conf import Conf
from django_q.models import OrmQ, Task
from django_q.signing import SignedPackage
from django_q.tasks import async_task

from ml_training.services.canary import GROUP, Canary, last_answer, name_address, open_queue

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


def keys():
    return list(OrmQ.objects.order_by("pk").values_list("key", flat=True))


def test_canary_is_addressed_to_its_own_cluster_when_messages_have_addresses(clock):
    for trainer in (1, 2):
        Canary(clock, address=name_address(trainer)).is_silent(is_free=True)
    assert keys() == [name_address(1), name_address(2)]


def test_cluster_takes_its_canary_first_and_never_that_of_another(clock):
    hint = async_task("print", "a hint")
    first, second = open_queue(1), open_queue(2)
    canaries = [Canary(clock, address=name_address(trainer)) for trainer in (1, 2)]
    for canary in canaries:
        canary.send()
    taken = [message_ids(first) for _ in range(3)]
    assert taken == [[canaries[0].task_id], [hint], []]
    assert [message_ids(second) for _ in range(2)] == [[canaries[1].task_id], []]


def message_ids(queue):
    """Take the next messages from a queue and return which they were."""
    return [SignedPackage.loads(payload)["id"] for _, payload in queue.dequeue() or []]


def test_canaries_of_dead_trainers_are_dropped_when_a_new_one_is_sent(clock):
    Canary(clock, address=name_address(1)).send()
    async_task("print", "a hint")
    OrmQ.objects.update(lock=timezone.now() - timedelta(hours=2))
    Canary(clock, address=name_address(2)).send()
    assert keys() == ["strategy_builder", name_address(2)]


def test_canary_goes_to_the_common_queue_when_messages_have_no_address(clock, monkeypatch):
    monkeypatch.setattr(Conf, "BROKER_CLASS", "some.Broker")
    assert (open_queue(1), name_address(1)) == (None, "")


def test_address_fits_the_column_when_the_name_of_the_host_is_long(monkeypatch):
    monkeypatch.setattr("platform.node", lambda: "h" * 200)
    assert len(name_address(123)) == 100
    assert "123" in name_address(123)
