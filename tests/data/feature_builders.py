"""Setups for tests of features, made by code."""

import numpy as np

from ml_training.data.features import compute_features, plan_features
from ml_training.data.frame import Frame
from ml_training.data.indicators import make_use

USES = (
    make_use("rsi", length=7),
    make_use("bbands", output="upper", length=10),
    make_use("ema", length=10, timeframe="4h"),
    make_use("macd", fast=3, slow=8, signal=3, timeframe="4h", shift=1),
    make_use("pattern", name="hammer"),
    make_use("swing", output="up_high", min_atr=1.0),
    make_use("obv"),
    make_use("natr"),
    make_use("opening_range", bars_in_range=3, output="high"),
)
PLAN = plan_features(USES)


def features_of(market, index, *, side=None, plan=PLAN, timeframe="1h", **columns):
    """Compute features with plain stakes: risk 0.002, reward 0.004, cost 0.0002."""
    n = len(index)
    stakes = {"risk": 0.002, "reward": 0.004, "cost": 0.0002}
    filled = {name: np.full(n, value) for name, value in stakes.items()} | columns
    return compute_features(
        plan,
        Frame(market, timeframe),
        signal_index=index,
        side=np.where(np.arange(n) % 2, -1, 1) if side is None else side,
        **filled,
    )


def column(X, name, plan=PLAN):
    """Pick a column by name."""
    return X[:, plan.names.index(name)]
