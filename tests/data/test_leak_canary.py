"""On a random walk nothing can be learned; a split that finds something leaks."""

from dataclasses import dataclass

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from ml_training.data.frame import Frame
from ml_training.data.labelled import LabelledSet, concat_sets, set_from_setups
from ml_training.data.setups import scan_setups
from ml_training.data.splits import calendar_split
from tests.data.builders import random_candles
from tests.data.setup_builders import FREE, make_rules

WARM_UP = 400
N_WALKS = 10
NULL_SPREAD = 0.65
"""Standard deviation of a null AUC times the root of n, as measured on real candles."""
EVERY_BAR = {"left": {"price": "close"}, "op": ">", "right": 0}
WIDE = {"take_profit": {"atr": 4.0}, "stop_loss": {"atr": 4.0}, "max_bars": 24}


def slow_features(close: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Bend slow quantities so that a linear model can remember where it was."""
    price = np.log(close)
    total = np.concatenate(([0.0], np.cumsum(price)))
    columns = [0.1 * price]
    for length in (5, 20, 50, 100, 200, WARM_UP):
        mean = np.full(len(price), np.nan)
        mean[length - 1 :] = (total[length:] - total[:-length]) / length
        columns.append((price - mean) / np.sqrt(length))
    base = np.stack(columns, axis=1)
    base = (base - np.nanmean(base, axis=0)) / np.nanstd(base, axis=0)
    waves = rng.normal(0.0, 3.0, (base.shape[1], 200))
    return np.cos(base @ waves + rng.uniform(0.0, 2 * np.pi, 200))


def dense_random_walk(seed: int) -> LabelledSet:
    """Enter at every bar of a random walk; labels overlap by up to a day."""
    candles = random_candles(3000, seed=seed)
    setups = scan_setups(make_rules(long=EVERY_BAR, exit=WIDE, short=None), frame(candles), FREE)
    setups = setups.take(setups.signal_index >= WARM_UP)
    X = slow_features(candles.close, np.random.default_rng(seed))[setups.signal_index]
    names = tuple(str(i) for i in range(X.shape[1]))
    one = set_from_setups(
        setups, X, symbol="WALK", timeframe="1h", feature_names=names, feature_digest="walk"
    )
    return concat_sets([one])


def frame(candles):
    return Frame(candles, "1h")


def score(rows: LabelledSet, train: np.ndarray, test: np.ndarray) -> float:
    model = LogisticRegression(C=10.0, max_iter=1000).fit(rows.X[train], rows.y[train])
    return float(roc_auc_score(rows.y[test], model.decision_function(rows.X[test])))


@dataclass
class Means:
    purged: float
    shuffled: float
    spread: float


@pytest.fixture(scope="module")
def means() -> Means:
    purged, shuffled, n_effective = [], [], 0.0
    for seed in range(N_WALKS):
        rows = dense_random_walk(seed)
        split = calendar_split(rows.t0, rows.t1)
        purged.append(score(rows, split.train, split.test))
        n_effective += float(rows.weight[split.test].sum())
        mixed = np.random.default_rng(seed).permutation(len(rows))
        shuffled.append(score(rows, *np.split(mixed, [len(rows) * 6 // 10])))
    return Means(np.mean(purged), np.mean(shuffled), NULL_SPREAD / np.sqrt(n_effective))


@pytest.mark.slow
def test_auc_stays_at_chance_when_overlapping_labels_are_purged(means):
    assert abs(means.purged - 0.5) < 3 * means.spread


@pytest.mark.slow
def test_auc_is_invented_when_overlapping_labels_are_shuffled(means):
    assert means.shuffled - 0.5 > 3 * means.spread
    assert means.shuffled - means.purged > 0.1
