"""Scores over HTTP: asked for, waited for, read."""

from datetime import UTC, datetime

import pytest
from django.utils import timezone

from ml_training.models import Checkpoint, Scoring, Signal, TrainingRun
from ml_training.services.scoring import hash_candles
from ml_training.services.served import plan_of
from ml_training.services.setups import plan_jobs
from tests.api.builders import check_problem, make_queued_run
from tests.services.builders import make_market, make_signal, make_strategy

pytestmark = pytest.mark.django_db


def make_model(strategy) -> Checkpoint:
    """Make a run that ended with a model; nobody opens it here."""
    run = make_queued_run(
        strategy,
        state="succeeded",
        model_digest="5" * 64,
        feature_digest=plan_of(strategy).digest,
        ended_at=timezone.now(),
    )
    return Checkpoint.objects.create(
        run=run, kind="best", file="model.zip", sha256="5" * 64, size=1
    )


def say(strategy, checkpoint, hour=0, **changes) -> Signal:
    """Store a signal of a scoring that looked at all candles there are."""
    [job] = plan_jobs(strategy)
    at = datetime(2024, 1, 1, hour, tzinfo=UTC)
    signal = make_signal(checkpoint, job.instrument, signal_at=at, **changes)
    Scoring.objects.update(candles_digest=hash_candles([job.candles_digest]))
    return signal


@pytest.fixture
def market():
    return make_market()


@pytest.fixture
def checkpoint(strategy, market):
    return make_model(strategy)


def test_worker_is_asked_when_nothing_was_scored_yet(api, strategy, checkpoint):
    answer = api.post(f"/api/v1/strategies/{strategy.pk}/score/")
    assert answer.status_code == 202
    assert answer.headers["Location"].endswith(f"/api/v1/strategies/{strategy.pk}/signals/")
    assert int(answer.headers["Retry-After"]) > 0
    body = answer.json()
    assert (body["state"], body["signals"], body["run"]) == ("queued", [], None)
    assert api.post(f"/api/v1/strategies/{strategy.pk}/score/").json()["id"] == body["id"]


def test_signals_come_at_once_when_nothing_is_newer(api, strategy, checkpoint):
    signal = say(strategy, checkpoint)
    answer = api.post(f"/api/v1/strategies/{strategy.pk}/score/")
    assert answer.status_code == 200
    body = answer.json()
    assert body["run"] == str(checkpoint.run_id)
    (told,) = body["signals"]
    assert told["id"] == signal.pk
    assert (told["symbol"], told["side"], told["novel"]) == ("EURUSD", "long", ["rsi_14"])


def test_last_signals_come_while_new_ones_are_made(api, strategy, checkpoint, market):
    say(strategy, checkpoint)
    newer = make_model(strategy)
    answer = api.post(f"/api/v1/strategies/{strategy.pk}/score/")
    assert newer.run_id != checkpoint.run_id
    assert answer.status_code == 202
    assert len(answer.json()["signals"]) == 1


def test_refusal_says_the_way_out_when_there_is_no_fitting_model(api, strategy, checkpoint):
    TrainingRun.objects.update(feature_digest="0" * 64)
    problem = check_problem(api.post(f"/api/v1/strategies/{strategy.pk}/score/"), 422)
    assert "expects the features" in problem["detail"]
    assert problem["hint"] == "Train the strategy again."
    TrainingRun.objects.update(rules_digest="0" * 64)
    problem = check_problem(api.post(f"/api/v1/strategies/{strategy.pk}/score/"), 422)
    assert "was trained on the rules" in problem["detail"]
    Checkpoint.objects.all().delete()
    problem = check_problem(api.post(f"/api/v1/strategies/{strategy.pk}/score/"), 422)
    assert "no model yet" in problem["detail"]


def test_signals_are_listed_newest_first_and_narrowed(api, strategy, checkpoint):
    for hour in range(3):
        say(strategy, checkpoint, hour=hour, is_taken=hour == 1)
    for url in (f"/api/v1/strategies/{strategy.pk}/signals/", "/api/v1/signals/"):
        told = api.get(url).json()["results"]
        assert [one["signal_at"][11:13] for one in told] == ["02", "01", "00"]
        assert len(api.get(url, {"taken": "true"}).json()["results"]) == 1
        assert len(api.get(url, {"taken": "false"}).json()["results"]) == 2
        assert len(api.get(url, {"symbol": "eurusd"}).json()["results"]) == 3
        assert api.get(url, {"symbol": "GBPUSD"}).json()["results"] == []
        page = api.get(url, {"page_size": 2}).json()
        assert len(page["results"]) == 2
        assert len(api.get(page["next"]).json()["results"]) == 1
        check_problem(api.get(url, {"takn": "true"}), 422)


def test_signals_of_others_are_not_listed(api, stranger, strategy, checkpoint):
    say(strategy, checkpoint)
    assert stranger.get("/api/v1/signals/").json()["results"] == []
    other = make_strategy(owner=strategy.owner, name="Another")
    assert api.get(f"/api/v1/strategies/{other.pk}/signals/").json()["results"] == []
    check_problem(stranger.get(f"/api/v1/strategies/{strategy.pk}/signals/"), 404)
    check_problem(stranger.post(f"/api/v1/strategies/{strategy.pk}/score/"), 404)
