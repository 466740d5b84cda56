"""A feature that reads the next bar is found on the way, and the verdict names it."""

import numpy as np
import pytest

from ml_training.data.features import plan as plans
from ml_training.pipeline import MLTrainingPipeline
from tests.data.builders import random_candles
from tests.services.builders import make_market, make_strategy

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
N_BARS = 3_000


def read_next_bar(moments):
    """Return how far the bar after the signal goes, on the side of the setup."""
    later = np.minimum(moments.index + 1, len(moments.frame) - 1)
    close = moments.frame.price("close")
    return moments.in_atr((close[later] - close[moments.index]) * moments.side)


def train():
    make_market(candles=random_candles(N_BARS, volatility=0.003))
    return MLTrainingPipeline().train_strategy_model(make_strategy().pk, epochs=1, device="cpu")


def test_verdict_names_the_feature_when_it_reads_the_next_bar(monkeypatch):
    ahead = plans.Feature("tomorrow", 1, None, read_next_bar)
    monkeypatch.setattr(plans, "MARKET_STATE", (*plans.MARKET_STATE, ahead))
    results = train()
    assert results["verdict"] == "suspected_leak"
    assert "tomorrow cannot be computed from the candles" in results["verdict_details"]["sentence"]
    assert "tomorrow" in " ".join(results["diagnostics_report"].split())
