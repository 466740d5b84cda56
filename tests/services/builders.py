"""Rows for tests of the Django parts, made by code."""

import uuid
from datetime import UTC, datetime
from typing import Any

from django.contrib.auth.models import User

from ml_training.data.candles import Candles
from ml_training.data.instruments import guess_instrument
from ml_training.models import (
    Checkpoint,
    Instrument,
    Scoring,
    Signal,
    Strategy,
    TrainingRun,
)
from ml_training.services.market import ensure_instrument, store_candles
from ml_training.services.runs import open_run
from tests.data.builders import random_candles

RSI_RULES: dict[str, Any] = {
    "version": 1,
    "long": {"left": {"ind": "rsi", "length": 14}, "op": "crosses_above", "right": 35},
    "short": "mirror",
    "exit": {"take_profit": {"atr": 2.0}, "stop_loss": {"atr": 1.0}, "max_bars": 24},
}


def make_user(name: str = "") -> User:
    return User.objects.create(username=name or uuid.uuid4().hex)


def make_market(
    symbol: str = "EURUSD", timeframe: str = "1h", candles: Candles | None = None
) -> Instrument:
    """Make an instrument with candles, by default 3,000 hours of a random walk."""
    candles = random_candles(3_000, volatility=0.003) if candles is None else candles
    instrument = ensure_instrument(guess_instrument(symbol, candles))
    store_candles(instrument, timeframe, candles)
    return instrument


def make_strategy(**changes: Any) -> Strategy:
    """Make a strategy of a new user; it needs no candles to exist."""
    fields = {
        "owner": changes.pop("owner", None) or make_user(),
        "name": "RSI returns",
        "rules": RSI_RULES,
        "symbols": ["EURUSD"],
        "timeframes": ["1h"],
    }
    return Strategy.objects.create(**fields | changes)


def make_signal(checkpoint: Checkpoint, instrument: Instrument, **changes: Any) -> Signal:
    """Store what a model said about a setup, and the scoring that it belongs to."""
    strategy = checkpoint.run.strategy
    looks = {"strategy": strategy, "state": "done", "checkpoint": checkpoint}
    moment = changes.pop("signal_at", datetime(2024, 1, 1, 12, tzinfo=UTC))
    fields = {
        "scoring": Scoring.objects.filter(**looks).first() or Scoring.objects.create(**looks),
        "strategy": strategy,
        "checkpoint": checkpoint,
        "instrument": instrument,
        "timeframe": "1h",
        "side": 1,
        "signal_at": moment,
        "entry_at": moment,
        "entry": 1.1,
        "stop": 1.0,
        "target": 1.3,
        "is_awaiting": False,
        "is_taken": True,
        "probability": 0.4,
        "threshold": 0.35,
        "novel": ["rsi_14"],
    }
    return Signal.objects.create(**fields | changes)


def make_run(strategy: Strategy | None = None, **settings: Any) -> TrainingRun:
    """Open a run in this process."""
    return open_run(strategy or make_strategy(), settings)
