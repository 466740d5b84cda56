"""Data quality and base models over HTTP."""

import pytest
from django_q.models import OrmQ

from ml_training.models import Checkpoint
from ml_training.services.reviews import review_data
from tests.api.builders import ROOT, check_problem
from tests.data.builders import random_candles
from tests.services.builders import make_market, make_run

pytestmark = pytest.mark.django_db
META = {
    "name": "TCE base up to 2021-03-01",
    "presets": ["tce"],
    "trained_until": 1_614_556_800,
    "n_setups": 800,
    "n_effective": 512.5,
    "scores": {"auc": 0.53, "log_loss": 0.68},
    "symbols": ["EURUSD"],
    "timeframes": ["1h"],
    "is_synthetic": False,
    "series": [["EURUSD", "1h"]],
}


@pytest.fixture
def url(strategy):
    make_market("EURUSD")
    make_market("GBPUSD", candles=random_candles(3_000, seed=1, volatility=0.003))
    return f"{ROOT}strategies/{strategy.pk}/quality/"


def test_nothing_is_told_when_nobody_has_looked(api, url):
    told = api.get(url).json()
    assert (told["reviewed_at"], told["quality"], told["candidates"]) == (None, None, [])
    assert told["is_current"] is False


def test_worker_is_asked_when_a_look_is_posted(
    api, url, strategy, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        answer = api.post(url)
    assert answer.status_code == 202
    assert answer.headers["Retry-After"] == "2"
    assert answer.json()["asked_at"] is not None
    assert answer.json()["quality"] is None
    assert OrmQ.objects.count() == 1


def test_level_and_candidates_are_sent_when_a_worker_has_looked(api, url, strategy):
    review_data(strategy)
    told = api.get(url).json()
    assert told["is_current"] is True
    assert told["asked_at"] is None
    assert told["quality"]["level"] in {"poor", "good"}
    assert {note["code"] for note in told["quality"]["notes"]} >= {"few_setups"}
    assert "GBPUSD" in {one["name"] for one in told["candidates"]}


def test_error_and_way_out_are_sent_when_the_data_cannot_be_judged(api, strategy):
    review_data(strategy)
    told = api.get(f"{ROOT}strategies/{strategy.pk}/quality/").json()
    assert "candles are missing" in told["error"]
    assert "import_candles" in told["hint"]
    assert told["quality"] is None


def test_base_models_are_listed_without_their_files(api, stranger):
    fields = {"kind": "base", "sha256": "5" * 64, "size": 7}
    Checkpoint.objects.create(file="base/secret", meta=META, **fields)
    Checkpoint.objects.create(file="base/older", meta={}, **fields)
    Checkpoint.objects.create(file="x", run=make_run(), **fields | {"kind": "best"})
    for client in (api, stranger):
        older, newer = client.get(f"{ROOT}bases/").json()["results"]
        assert newer["name"] == META["name"]
        assert newer["trained_until"] == "2021-03-01T00:00:00Z"
        assert newer["scores"]["auc"] == 0.53
        assert not {"file", "series", "meta"} & set(newer)
        assert (older["name"], older["trained_until"]) == ("", None)


def test_list_of_base_models_refuses_names_that_mean_nothing(api):
    check_problem(api.get(f"{ROOT}bases/?sumbol=EURUSD"), 422)
