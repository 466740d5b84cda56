"""Runs are asked for, canceled, and taken up again; messages are only hints."""

import pytest
from django_q.models import OrmQ

from ml_training.errors import DataError
from ml_training.models import TrainingRun
from ml_training.services.leases import claim_run
from ml_training.services.queue import count_slots, request_cancel, request_run, requeue
from ml_training.services.runs import RunConflictError, RunStateError, close_run, fail_run
from tests.services.builders import make_run, make_strategy, make_user

pytestmark = pytest.mark.django_db


def hinted_ids():
    """Return the runs that workers were told of."""
    return [message.task["args"][0] for message in OrmQ.objects.order_by("pk")]


def test_run_is_queued_and_a_worker_told_when_asked_for(django_capture_on_commit_callbacks):
    strategy, user = make_strategy(), make_user()
    with django_capture_on_commit_callbacks(execute=True):
        run = request_run(strategy, {"epochs": 5}, requested_by=user)
        assert hinted_ids() == []  # not before the row can be seen
    run.refresh_from_db()
    assert (run.state, run.requested_by, run.attempt) == ("queued", user, 0)
    assert run.settings == {"start_date": None, "end_date": None, "seed": 0, "epochs": 5}
    assert run.hinted_at is not None
    assert hinted_ids() == [str(run.pk)]


def test_dates_are_stored_in_one_form_when_given_as_text():
    run = request_run(make_strategy(), {"start_date": "2024-01-31", "end_date": None})
    assert run.settings["start_date"] == "2024-01-31T00:00:00+00:00"


@pytest.mark.parametrize(
    ("settings", "words"),
    [({"epoch": 5}, "no setting 'epoch'"), ({"start_date": "soon"}, "'soon' is not a time")],
)
def test_request_is_refused_in_words_when_it_means_nothing(settings, words):
    strategy = make_strategy()
    with pytest.raises(DataError, match=words):
        request_run(strategy, settings)
    assert not strategy.runs.exists()


def test_second_request_is_refused_and_names_the_first():
    strategy = make_strategy()
    run = request_run(strategy, {})
    with pytest.raises(RunConflictError) as caught:
        request_run(strategy, {})
    assert caught.value.run == run


def test_same_key_returns_the_same_run_when_sent_again(django_capture_on_commit_callbacks):
    strategy, user = make_strategy(), make_user()
    with django_capture_on_commit_callbacks(execute=True):
        first = request_run(strategy, {}, requested_by=user, idempotency_key="k")
        again = request_run(strategy, {}, requested_by=user, idempotency_key="k")
    assert (first, strategy.runs.count(), len(hinted_ids())) == (again, 1, 1)
    request_cancel(first)
    assert request_run(strategy, {}, requested_by=user, idempotency_key="k") == first


def test_same_key_is_another_request_when_another_user_sends_it():
    strategy = make_strategy()
    request_run(strategy, {}, requested_by=make_user(), idempotency_key="k")
    with pytest.raises(RunConflictError):
        request_run(strategy, {}, requested_by=make_user(), idempotency_key="k")


def test_key_is_refused_when_it_belongs_to_another_strategy():
    user = make_user()
    request_run(make_strategy(), {}, requested_by=user, idempotency_key="k")
    with pytest.raises(DataError, match="belongs to run"):
        request_run(make_strategy(), {}, requested_by=user, idempotency_key="k")


def test_key_is_refused_when_it_is_too_long():
    with pytest.raises(DataError, match="at most 64"):
        request_run(make_strategy(), {}, idempotency_key="k" * 65)


def test_queued_run_ends_at_once_when_canceled():
    run = request_cancel(request_run(make_strategy(), {}))
    assert (run.state, run.end_cause) == ("canceled", "canceled")
    assert run.ended_at is not None


def test_running_run_is_asked_to_stop_when_canceled():
    run = request_cancel(make_run())
    assert run.state == "running"
    first = run.cancel_requested_at
    assert first is not None
    assert request_cancel(run).cancel_requested_at == first


def test_ended_run_stays_as_it_is_when_canceled():
    run = make_run()
    close_run(run, {})
    assert (request_cancel(run).state, run.cancel_requested_at) == ("succeeded", None)


@pytest.mark.parametrize("end", [lambda run: fail_run(run, ValueError("no")), request_cancel])
def test_ended_run_waits_again_when_requeued(end):
    run = request_run(make_strategy(), {})
    claim = claim_run(run.pk, "a:1")
    run.refresh_from_db()
    end(run)
    TrainingRun.objects.filter(pk=run.pk, state="running").update(state="canceled")
    run = requeue(run)
    assert (run.state, run.error, run.hint, run.end_cause) == ("queued", "", "", "")
    assert (run.ended_at, run.cancel_requested_at, run.failures) == (None, None, 0)
    assert run.attempt == 1
    second = claim_run(run.pk, "b:1")
    assert second.token != claim.token


@pytest.mark.parametrize("state", ["queued", "running", "succeeded"])
def test_run_is_not_requeued_when_it_did_not_end_badly(state):
    run = make_run()
    TrainingRun.objects.filter(pk=run.pk).update(state=state)
    with pytest.raises(RunStateError, match=f"is {state}"):
        requeue(run)


def test_run_is_not_requeued_when_another_took_its_place():
    strategy = make_strategy()
    run = make_run(strategy)
    fail_run(run, ValueError())
    other = request_run(strategy, {})
    with pytest.raises(RunConflictError) as caught:
        requeue(run)
    assert caught.value.run == other


def test_run_is_not_requeued_when_the_rules_have_changed():
    run = make_run()
    fail_run(run, ValueError())
    run.strategy.rules_digest = "0" * 64
    with pytest.raises(RunStateError, match="followed other rules"):
        requeue(run)


@pytest.mark.parametrize(("workers", "n_slots"), [(3, 3), (None, 1), (0, 1)])
def test_slots_are_the_workers_of_the_cluster(settings, workers, n_slots):
    settings.Q_CLUSTER = {"workers": workers}
    assert count_slots() == n_slots


def test_slots_are_those_of_the_queue_when_a_trainer_serves_another(settings, monkeypatch):
    settings.Q_CLUSTER = {"workers": 1, "ALT_CLUSTERS": {"train-gpu": {"workers": 3}, "x": {}}}
    for name, n_slots in (("", 1), ("train-gpu", 3), ("x", 1), ("unknown", 1)):
        monkeypatch.setenv("Q_CLUSTER_NAME", name)
        assert count_slots() == n_slots


@pytest.mark.parametrize(
    ("device", "queue"),
    [
        ("cuda", "train-gpu"),
        ("cpu", "train-cpu"),
        (None, "train-gpu"),
        ("mps", "strategy_builder"),
    ],
)
def test_run_waits_in_the_queue_of_its_device_when_there_are_several(
    settings, device, queue, django_capture_on_commit_callbacks
):
    queues = {"auto": "train-gpu", "cuda": "train-gpu", "cpu": "train-cpu"}
    settings.ML_TRAINING = {"queues": queues}
    with django_capture_on_commit_callbacks(execute=True):
        request_run(make_strategy(), {"device": device})
    assert OrmQ.objects.get().key == queue
