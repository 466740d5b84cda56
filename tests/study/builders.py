"""Labelled sets with a known edge, made without candles."""

import numpy as np

from ml_training.core.settings import TrainSettings
from ml_training.data.labelled import LabelledSet
from ml_training.data.weights import average_uniqueness
from ml_training.study.settings import StudySettings

HOUR_S = 3600
START_S = 1_577_836_800  # 2020-01-01
SYMBOLS = ("AUDUSD", "GBPUSD", "XAUUSD")
TIMEFRAMES = ("1h", "4h")


def make_set(
    n=400, *, edge=1.0, seed=0, n_features=6, win_log_odds=-0.4, hours_apart=12, y=None
) -> LabelledSet:
    """Return setups whose first two columns tell winners as strongly as `edge` says."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, n_features))
    odds = 1 / (1 + np.exp(-(win_log_odds + edge * (X[:, 0] - X[:, 1]))))
    y = (rng.random(n) < odds).astype(np.int8) if y is None else np.asarray(y, dtype=np.int8)
    t0 = START_S + np.arange(n) * hours_apart * HOUR_S
    t1 = t0 + rng.integers(1, 24, n) * HOUR_S
    symbol = np.array(SYMBOLS)[rng.integers(0, len(SYMBOLS), n)]
    return LabelledSet(
        X=X,
        y=y,
        r=np.where(y == 1, 1.9, -1.1),
        t0=t0,
        t1=t1,
        weight=average_uniqueness(t0, t1, symbol),
        side=np.ones(n, dtype=np.int8),
        symbol=symbol,
        timeframe=np.array(TIMEFRAMES)[rng.integers(0, len(TIMEFRAMES), n)],
        feature_names=tuple(f"feature_{i}" for i in range(n_features)),
        feature_digest="f" * 64,
    )


def change(dataset: LabelledSet, **columns) -> LabelledSet:
    """Return the set with some columns replaced."""
    return LabelledSet(**{**vars(dataset), **columns})


def quick_settings(*, epochs=8, seed=0, **changes) -> StudySettings:
    train = TrainSettings(max_epochs=epochs, seed=seed, device="cpu")
    return StudySettings(title="STRATEGY 1: made up", train=train, **changes)
