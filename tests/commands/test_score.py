"""The command scores what is new, for people and for machines."""

import json

import pytest

from ml_training.models import Setup, Signal, Strategy
from ml_training.services.market import store_candles
from ml_training.services.signals import request_scoring
from tests.commands.builders import run_command, run_failing, run_json
from tests.services.builders import make_strategy
from tests.services.trained import N_BARS, trained_once, walk

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


@pytest.fixture(scope="module")
def run(django_db_setup, django_db_blocker):
    with trained_once(django_db_blocker) as kept:
        store_candles(Setup.objects.first().scan.instrument, "1h", walk(N_BARS + 27))
        yield kept


def test_setups_are_listed_with_their_advice(run):
    printed = run_command("score", str(run.strategy_id))
    assert printed.startswith(f"model of run {run.pk} (")
    told = run_json("score", str(run.strategy_id))
    rows = [line for line in printed.splitlines() if " EURUSD " in line]
    assert len(rows) == len(told["signals"]) > 0
    for row, signal in zip(rows, told["signals"], strict=True):
        assert ("take" in row) == signal["is_taken"]
        assert f"p {signal['probability']:.3f}" in row
    assert "drift since the training: " in printed


def test_machines_read_plain_values(run):
    told = run_json("score", Strategy.objects.get(pk=run.strategy_id).name)
    assert told["ok"] is True
    assert told["run_id"] == str(run.pk)
    assert told["model_sha256"] == run.model_digest
    assert set(told["drift"]) == {"level", "n_recent", "n_needed", "n_effective", "columns"}


def test_way_out_is_named_when_there_is_no_model():
    error, printed = run_failing("score", str(make_strategy().pk), json=True)
    assert "Train it first" in json.loads(printed)["error"]
    assert error.returncode == 1


def test_strategy_must_be_named():
    error, _ = run_failing("score")
    assert error.returncode == 2


def test_scoring_that_waits_is_done_once_when_a_worker_calls(run):
    scoring = request_scoring(Strategy.objects.get(pk=run.strategy_id))
    assert run_json("score", scoring=scoring.pk) == {"ok": True, "state": "done"}
    assert run_json("score", scoring=scoring.pk)["state"] == "left alone"
    assert Signal.objects.filter(scoring=scoring).count() > 0
