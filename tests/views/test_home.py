"""The first page says what goes on, and what to do while nothing does."""

from datetime import timedelta

import pytest
from django.utils import timezone

from ml_training.models import TrainingRun
from ml_training.services.queue import request_run
from tests.services.builders import make_market, make_strategy, make_user
from tests.views.builders import make_finished_run

pytestmark = pytest.mark.django_db


def text_of(answer):
    return " ".join(answer.content.decode().split())


def test_upload_is_offered_when_there_is_nothing_yet(client):
    client.force_login(make_user())
    assert "Start with market data" in text_of(client.get("/"))


def test_strategy_is_offered_when_there_are_candles(client):
    make_market()
    client.force_login(make_user())
    assert "Write your first strategy" in text_of(client.get("/"))


def test_verdict_and_repair_are_shown_when_a_run_has_ended(page, filled):
    text = text_of(page.get("/"))
    assert "edge, stable" in text
    assert "1 finding, 1 repair kept" in text
    assert "lowered the learning rate from 0.1 to 0.01" in text
    assert "Nothing is training." in text


def test_waiting_run_says_what_to_start_when_no_worker_takes_it(page, filled):
    request_run(filled.strategy, {})
    text = text_of(page.get("/"))
    assert "Waiting for a worker" in text
    assert "manage.py trainer" in text


def test_running_one_shows_bar_and_rest_when_it_is_under_way(page, filled):
    told = {"epoch": 1, "max_epochs": 4, "step": 20, "planned_steps": 80, "rate": 6.0}
    run = make_finished_run(make_strategy(owner=filled.owner), state="running", verdict="")
    TrainingRun.objects.filter(pk=run.pk).update(progress=told | {"trying": "lower the rate"})
    text = text_of(page.get("/"))
    assert 'value="0.2500"' in text
    assert "at most 10 s to go" in text
    assert "trying a repair: lower the rate" in text


def test_worker_and_queue_are_told_when_nobody_is_heard(page, filled):
    request_run(filled.strategy, {})
    text = text_of(page.get("/"))
    assert "no trainer heard" in text
    assert "0 run(s) at work, 1 waiting" in text
    assert "Start one: manage.py trainer" in text


def test_worker_is_well_when_it_is_at_work(page, filled):
    run = make_finished_run(make_strategy(owner=filled.owner), state="running", verdict="")
    until = timezone.now() + timedelta(seconds=30)
    TrainingRun.objects.filter(pk=run.pk).update(lease_until=until)
    text = text_of(page.get("/"))
    assert "trainer heard" in text
    assert "1 run(s) at work, 0 waiting" in text
    assert "Start one" not in text
