"""Small candles for tests, made by code."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ml_training.data.candles import Candles

MONDAY = 1_704_067_200  # 2024-01-01T00:00:00Z, a Monday
REAL_DATA = Path(__file__).resolve().parents[2].parent / "shared" / "data"


def random_candles(
    n: int,
    seed: int = 0,
    *,
    step_s: int = 3600,
    start: int = MONDAY,
    price: float = 1.1,
    digits: int = 5,
    volatility: float = 0.001,
    gap_rate: float = 0.0,
) -> Candles:
    """Make a random walk quoted in fixed digits; `gap_rate` of its bars are missing."""
    rng = np.random.default_rng(seed)
    n_all = n if gap_rate == 0.0 else int(n / (1.0 - gap_rate) * 1.5) + 10
    kept = np.arange(n_all) if gap_rate == 0.0 else np.flatnonzero(rng.random(n_all) > gap_rate)
    kept = np.concatenate([kept, n_all + np.arange(n)])  # should chance have kept too few
    time = start + step_s * kept[:n]
    close = price * np.exp(np.cumsum(rng.normal(0.0, volatility, n)))
    open_ = np.r_[price, close[:-1]] * np.exp(rng.normal(0.0, volatility / 10, n))
    high = np.maximum(open_, close) * np.exp(np.abs(rng.normal(0.0, volatility / 2, n)))
    low = np.minimum(open_, close) * np.exp(-np.abs(rng.normal(0.0, volatility / 2, n)))
    prices = [np.round(column, digits) for column in (open_, high, low, close)]
    return Candles.from_columns(time, *prices, rng.integers(1, 5000, n).astype(float))


def candles_from_closes(
    closes: Sequence[float], *, step_s: int = 3600, start: int = MONDAY, wick: float = 0.0
) -> Candles:
    """Make bars that open at the close before; `wick` is added to both ends."""
    close = np.asarray(closes, dtype=float)
    open_ = np.r_[close[:1], close[:-1]]
    return Candles.from_columns(
        start + step_s * np.arange(len(close)),
        open_,
        np.maximum(open_, close) + wick,
        np.minimum(open_, close) - wick,
        close,
        np.full(len(close), 100.0),
    )


def candles_from_rows(
    rows: Sequence[tuple[float, float, float, float]], *, step_s: int = 3600, start: int = MONDAY
) -> Candles:
    """Make bars from (open, high, low, close)."""
    table = np.asarray(rows, dtype=float).reshape(-1, 4)
    time = start + step_s * np.arange(len(table))
    return Candles.from_columns(time, *table.T, np.full(len(table), 100.0))
