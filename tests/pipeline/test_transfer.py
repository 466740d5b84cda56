"""A run starts from a base model that knows nothing of what judges it, and says so."""

from typing import Any

import pytest
from django.urls import reverse

from ml_training.errors import DataError
from ml_training.models import Checkpoint, TrainingRun
from ml_training.pipeline import MLTrainingPipeline
from ml_training.selectors.reviews import find_review
from ml_training.services.checkpoints import models_storage
from ml_training.services.setups import collect_setups
from ml_training.study import base
from tests.data.builders import random_candles
from tests.services.builders import RSI_RULES, make_market, make_strategy

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
SYMBOLS = ("EURUSD", "GBPUSD", "USDJPY")


@pytest.fixture(autouse=True)
def market(monkeypatch):
    monkeypatch.setattr(base, "MAX_EPOCHS", 2)
    for seed, symbol in enumerate(SYMBOLS):
        make_market(symbol, candles=random_candles(6_000, seed=seed, volatility=0.003))


def make_rare(cooldown_bars: int, **changes: Any):
    """Make a strategy that enters seldom."""
    filters = {"cooldown_bars": cooldown_bars}
    return make_strategy(rules={**RSI_RULES, "filters": filters}, **changes)


def train(strategy, **options):
    return MLTrainingPipeline().train_strategy_model(
        strategy.pk, **{"epochs": 2, "device": "cpu", **options}
    )


def flat(text: str) -> str:
    return " ".join(text.split())


def test_base_is_refitted_up_to_the_cut_and_told_when_none_is_stored(client):
    strategy = make_rare(60)
    dataset = collect_setups(strategy)
    results = train(strategy)
    transfer = results["transfer"]
    assert transfer["strategy"] == "use_transfer_learning"
    assert transfer["refitted"] is True
    stored = Checkpoint.objects.get(kind="base")
    assert transfer["base_model"]["id"] == stored.pk
    first_judged = dataset.t0[results["training_samples"] + results["purged_samples"]]
    assert transfer["base_model"]["trained_until"] < first_judged
    report = flat(results["diagnostics_report"])
    assert f"Refitted up to {stored.meta['name'][-10:]}, because none was stored" in report
    client.force_login(strategy.owner)
    page = client.get(reverse("ml_training:run", args=[results["run_id"]])).content.decode()
    assert stored.meta["name"] in page
    assert "refitted for this run" in page


def test_stored_base_is_used_when_a_second_run_asks():
    first = train(make_rare(60))
    second = train(make_rare(70, name="another"))
    assert second["transfer"]["base_model"]["id"] == first["transfer"]["base_model"]["id"]
    assert Checkpoint.objects.filter(kind="base").count() == 1


def test_no_base_is_made_when_transfer_learning_is_switched_off():
    results = train(make_rare(60), use_transfer_learning=False)
    assert results["transfer"]["strategy"] == "from_scratch"
    assert not Checkpoint.objects.filter(kind="base").exists()


def test_damaged_base_is_named_in_the_report_and_the_run_goes_on():
    train(make_rare(60))
    stored = Checkpoint.objects.get(kind="base")
    with models_storage().open(stored.file.name, "r+b") as file:
        file.truncate(1_000)
    results = train(make_rare(60, name="another"))
    assert results["success"] is True
    assert results["transfer"]["base_model"]["id"] != stored.pk
    report = flat(results["diagnostics_report"])
    assert f"base model {stored.pk} was refused" in report


def test_fewer_than_fifty_train_with_a_base_and_are_refused_with_advice_without():
    strategy = make_rare(110)
    dataset = collect_setups(strategy)
    assert 25 < dataset.n_effective < 50
    with pytest.raises(DataError, match="without a base model") as caught:
        train(strategy, use_transfer_learning=False)
    (best, *_) = find_review(strategy).candidates
    assert f"Add {best.name}: about +{best.n_setups} setups" in caught.value.hint
    failed = TrainingRun.objects.get()
    assert (failed.state, failed.end_cause) == ("failed", "refused")
    assert "Add " in failed.hint
    results = train(strategy)
    assert results["transfer"]["level"] == "aggressive"
    assert results["verdict"] in {"not_enough_data", "no_edge"}


def test_run_with_enough_setups_does_not_wait_for_a_first_base():
    results = train(make_strategy(symbols=list(SYMBOLS)))
    transfer = results["transfer"]
    assert transfer["level"] == "optional"
    assert transfer["strategy"] == "from_scratch"
    assert "none is stored" in transfer["reason"]
    assert not Checkpoint.objects.filter(kind="base").exists()
