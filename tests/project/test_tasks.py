"""What a worker does with a hint when the training needs no process of its own."""

import uuid

import pytest

from ml_training.models import TrainingRun
from ml_training.services.queue import request_run
from ml_training.tasks import answer_canary, train_inline, train_run
from tests.services.builders import make_market, make_strategy

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def inline(settings):
    settings.ML_TRAINING = {"isolation": "inline"}


def test_run_is_trained_once_when_its_hint_comes_twice():
    make_market()
    run = request_run(make_strategy(), {"epochs": 2, "device": "cpu"})
    assert train_run(str(run.pk)) == "succeeded"
    assert train_run(str(run.pk)) == "left alone"
    run.refresh_from_db()
    assert (run.state, run.attempt, run.results["success"]) == ("succeeded", 1, True)
    assert not run.checkpoints.filter(kind="resume").exists()


def test_run_fails_in_words_when_it_cannot_be_trained():
    run = request_run(make_strategy(), {"epochs": 2})
    assert train_run(str(run.pk)) == "failed"
    run.refresh_from_db()
    assert (run.state, run.end_cause) == ("failed", "refused")


def test_hint_of_an_unknown_run_is_left_alone():
    assert train_run(str(uuid.uuid4())) == "left alone"


def test_run_is_canceled_when_asked_while_it_trains(monkeypatch):
    make_market()
    run = request_run(make_strategy(), {"epochs": 50, "device": "cpu"})
    monkeypatch.setattr("ml_training.services.leases.ASK_INTERVAL_S", 0.0)
    collect = "ml_training.pipeline.collect_setups"
    from ml_training.services.setups import collect_setups  # noqa: PLC0415

    def collect_and_cancel(*args, **options):
        dataset = collect_setups(*args, **options)
        TrainingRun.objects.filter(pk=run.pk).update(cancel_requested_at=run.queued_at)
        return dataset

    monkeypatch.setattr(collect, collect_and_cancel)
    assert train_inline(str(run.pk)) == "canceled"
    run.refresh_from_db()
    assert (run.state, run.end_cause) == ("canceled", "canceled")


def test_canary_is_answered_with_the_name_of_the_worker():
    assert ":" in answer_canary()
