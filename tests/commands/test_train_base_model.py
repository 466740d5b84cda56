"""The command says what the base model learned from, and what it is worth."""

import pytest

from ml_training.management.commands.train_base_model import describe_base
from ml_training.models import Checkpoint
from ml_training.study import base
from tests.commands.builders import run_command, run_failing, run_json
from tests.data.builders import random_candles
from tests.services.builders import make_market

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


@pytest.fixture(autouse=True)
def market(monkeypatch):
    monkeypatch.setattr(base, "MAX_EPOCHS", 2)
    for seed, symbol in enumerate(("EURUSD", "GBPUSD")):
        make_market(symbol, candles=random_candles(9_000, seed=seed, volatility=0.003))


def test_every_preset_and_market_is_learned_from_when_nothing_else_is_asked():
    out = run_command("train_base_model")
    (checkpoint,) = Checkpoint.objects.all()
    assert "[1/2] EURUSD 1h: " in out
    assert "[2/2] GBPUSD 1h: " in out
    assert f"is stored as base model {checkpoint.pk}" in out
    assert "an even sample of 800 of" in out
    assert "2 symbol(s) x 1 timeframe(s), real candles" in out
    assert "AUC" in out
    assert "tce" in checkpoint.meta["presets"]


def test_only_what_is_asked_for_is_learned_from():
    told = run_json(
        "train_base_model",
        *("--preset", "rsi_return", "engulfing", "--until", "2024-12-01"),
        *("--symbols", "eurusd", "--timeframes", "H1"),
    )
    assert told["ok"] is True
    assert told["presets"] == ["rsi_return", "engulfing"]
    assert (told["symbols"], told["timeframes"]) == (["EURUSD"], ["1h"])
    assert told["trained_until"] <= 1_733_011_200  # 2024-12-01
    assert Checkpoint.objects.get().pk == told["id"]


@pytest.mark.parametrize(
    ("auc", "log_loss", "is_useful"),
    [(0.55, 0.68, True), (0.55, 0.70, False), (0.49, 0.68, False), (None, 0.68, False)],
)
def test_base_model_is_called_useless_when_it_is_no_better_than_guessing(auc, log_loss, is_useful):
    meta = {"name": "TCE base", "n_setups": 5, "n_found": 5, "n_effective": 5.0}
    meta |= {"symbols": ["A"], "timeframes": ["1h"], "is_synthetic": True}
    scores = {"auc": auc, "log_loss": log_loss, "base_rate_log_loss": 0.69}
    told = " ".join(describe_base(Checkpoint(kind="base", meta=meta | {"scores": scores})))
    assert ("expect nothing of it" not in told) is is_useful
    assert "synthetic candles" in told


@pytest.mark.parametrize(
    ("words", "told", "code"),
    [
        (["--symbols", "NOWHERE"], "no candles of NOWHERE", 1),
        (["--timeframes", "4h"], "there are no candles at 4h", 1),
        (["--until", "2024-01-10"], "at least 300 effective setups", 1),
        (["--timeframes", "7m"], "no timeframe is called", 1),
    ],
)
def test_error_says_what_is_wrong_when_there_is_nothing_to_learn_from(words, told, code):
    error, _ = run_failing("train_base_model", *words)
    assert told in str(error)
    assert error.returncode == code
    assert not Checkpoint.objects.exists()


def test_unknown_preset_is_refused():
    error, _ = run_failing("train_base_model", "--preset", "magic")
    assert "magic" in str(error)
