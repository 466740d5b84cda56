"""On a random walk the whole pipeline finds nothing, however dense its setups lie.

Entries on every bar, each held for up to a day, on both sides: neighbours share nearly
all their candles. Shuffling them, or forgetting to purge, would show up here at once.
"""

import numpy as np
import pytest

from ml_training.pipeline import MLTrainingPipeline
from ml_training.services.setups import collect_setups
from tests.data.builders import random_candles
from tests.services.builders import make_market, make_strategy

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
N_WALKS, N_BARS = 4, 2_500
NULL_SPREAD = 0.65
"""Standard deviation of a null AUC times the root of the effective setups (design)."""
EVERY_BAR = {
    "version": 1,
    "long": {"left": {"price": "close"}, "op": ">", "right": 0},
    "short": None,
    "exit": {"take_profit": {"atr": 3.0}, "stop_loss": {"atr": 3.0}, "max_bars": 24},
    "filters": {"cooldown_bars": 0, "one_open_per_symbol": False},
}


def train_on_walk(seed):
    """Return the results, and how many setups share each moment."""
    symbol = f"WALK{seed}"
    make_market(symbol, candles=random_candles(N_BARS, seed=seed, volatility=0.003))
    strategy = make_strategy(rules=EVERY_BAR, symbols=[symbol])
    results = MLTrainingPipeline().train_strategy_model(
        strategy.pk, epochs=15, device="cpu", seed=seed
    )
    dataset = collect_setups(strategy)
    return results, len(dataset) / dataset.n_effective


def measure_deviation(results, name):
    test = results["baselines"][name]["test"]
    return (test["auc"] - 0.5) * np.sqrt(test["n_effective"]) / NULL_SPREAD


def test_test_auc_stays_within_three_deviations_of_chance_on_random_walks():
    runs = [train_on_walk(seed) for seed in range(N_WALKS)]
    assert min(crowding for _, crowding in runs) > 5, "setups must overlap to be a canary"
    for name in ("network", "logistic_regression"):
        deviations = np.array([measure_deviation(results, name) for results, _ in runs])
        assert np.abs(deviations).max() < 3, f"{name}: {deviations}"
        assert abs(deviations.sum()) < 3 * np.sqrt(N_WALKS), f"{name}: {deviations}"
    verdicts = {results["verdict"] for results, _ in runs}
    assert verdicts <= {"no_edge", "not_enough_data"}
