"""Brackets, rules and labelled sets for tests, made by code."""

from typing import Any

import numpy as np

from ml_training.data.candles import Candles
from ml_training.data.instruments import InstrumentSpec
from ml_training.data.labelled import LabelledSet
from ml_training.data.labels import Brackets
from ml_training.data.rules import Rules, parse_rules

HOUR = 3600
FREE = InstrumentSpec(
    symbol="TEST",
    asset_class="fx",
    pip=0.0001,
    digits=5,
    calendar="fx_24x5",
    spread_pips=0.0,
)


def make_brackets(
    entry_index: Any,
    side: Any,
    entry: Any,
    *,
    stop: Any,
    target: Any,
    exit_cost: Any = 0.0,
) -> Brackets:
    """Make brackets from scalars and lists of any mix."""
    index, sides, *prices = np.broadcast_arrays(
        np.atleast_1d(entry_index), side, entry, stop, target, exit_cost
    )
    return Brackets(
        index.astype(np.int64), sides.astype(np.int8), *(p.astype(np.float64) for p in prices)
    )


def brackets_everywhere(
    candles: Candles,
    *,
    risks: tuple[float, ...] = (2.0,),
    rewards: tuple[float, ...] = (3.0,),
    half_spread: float = 0.0,
) -> Brackets:
    """Enter at every bar, on both sides, with every pair of distances."""
    index, side, row = (
        column.ravel()
        for column in np.meshgrid(
            np.arange(len(candles)), (1, -1), np.arange(len(risks)), indexing="ij"
        )
    )
    entry = candles.open[index] + side * half_spread
    risk, reward = np.array(risks)[row], np.array(rewards)[row]
    return make_brackets(
        index,
        side,
        entry,
        stop=entry - side * risk,
        target=entry + side * reward,
        exit_cost=half_spread,
    )


def make_rules(**changes: Any) -> Rules:
    """Make rules that buy above and sell below the close of two bars ago."""
    document = {
        "version": 1,
        "long": {"left": {"price": "close"}, "op": ">", "right": {"price": "close", "shift": 2}},
        "short": "mirror",
        "exit": {"take_profit": {"pips": 20}, "stop_loss": {"pips": 10}, "max_bars": 5},
        "filters": {"cooldown_bars": 0, "one_open_per_symbol": False},
        "costs": "from_instrument",
    }
    return parse_rules(document | changes)


def make_set(
    n_setups: int = 100,
    *,
    n_features: int = 3,
    win_rate: float = 0.5,
    overlap: int = 1,
    symbol: str = "EURUSD",
    start: int = 1_704_067_200,
) -> LabelledSet:
    """Make one setup per hour; each lasts `overlap` hours."""
    rng = np.random.default_rng(n_setups)
    n_wins = round(win_rate * n_setups)
    y = rng.permutation(np.arange(n_setups) < n_wins).astype(np.int8)
    t0 = start + HOUR * np.arange(n_setups)
    return LabelledSet(
        X=rng.normal(size=(n_setups, n_features)),
        y=y,
        r=np.where(y == 1, 2.0, -1.0),
        t0=t0,
        t1=t0 + HOUR * overlap,
        weight=np.full(n_setups, 1.0 / overlap),
        side=np.ones(n_setups, dtype=np.int8),
        symbol=np.full(n_setups, symbol),
        timeframe=np.full(n_setups, "1h"),
        feature_names=tuple(f"feature_{i}" for i in range(n_features)),
        feature_digest="f" * 64,
    )
