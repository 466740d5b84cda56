"""A strategy that was really trained, once for all tests of a module."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.contrib.auth import models
from django.core import serializers
from django.db import transaction

from ml_training.data.candles import Candles
from ml_training.models import (
    CandleChunk,
    Checkpoint,
    Instrument,
    Setup,
    SetupScan,
    Strategy,
    TrainingRun,
)
from ml_training.pipeline import MLTrainingPipeline
from tests.data.builders import random_candles
from tests.services.builders import make_market, make_strategy

N_BARS = 6_000


def walk(n: int = N_BARS) -> Candles:
    """Return the bars it is trained on, or a beginning of them or more."""
    return random_candles(7_000, volatility=0.003).slice(0, n)


def train(strategy: Strategy, **options: Any) -> TrainingRun:
    """Train for an epoch and return the run."""
    options = {"epochs": 1, "device": "cpu", **options}
    results = MLTrainingPipeline().train_strategy_model(strategy.pk, **options)
    return TrainingRun.objects.select_related("strategy").get(pk=results["run_id"])


ROWS = (
    *(models.User, Instrument, CandleChunk, Strategy, SetupScan, Setup),
    *(TrainingRun, Checkpoint),
)
"""Tables that a training fills and tests look at, in the order of their keys."""

_kept: list[str] = []
"""What the first module of a session trained; training takes half a minute."""


@contextmanager
def trained_once(blocker: Any) -> Iterator[TrainingRun]:
    """Hold a trained run until the module ends; each test undoes only what it did."""
    with blocker.unblock(), transaction.atomic():
        if not _kept:
            make_market(candles=walk())
            train(make_strategy(timeframes=["1h", "4h"]))
            rows = [row for table in ROWS for row in table.objects.order_by("pk")]
            _kept.append(serializers.serialize("json", rows))
        else:
            for row in serializers.deserialize("json", _kept[0]):
                row.save()
        yield TrainingRun.objects.select_related("strategy").get()
        transaction.set_rollback(True)
