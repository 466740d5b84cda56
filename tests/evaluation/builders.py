"""Outcomes of made-up markets: independent setups, and setups on random walks."""

from dataclasses import replace

import numpy as np

from ml_training.evaluation.circumstances import Coverage
from ml_training.evaluation.metrics import FloatArray, IntArray, measure
from ml_training.evaluation.outcomes import Evaluation, Outcomes, PeriodScore
from ml_training.evaluation.significance import Interval
from ml_training.evaluation.trading import summarise_trades

HOUR_S = 3600
COVERAGE = Coverage(n_setups=5000, n_symbols=5, years=4.0)


def make_outcomes(y, r=None, *, every_s=24 * HOUR_S, held_s=6 * HOUR_S, weight=None) -> Outcomes:
    y = np.asarray(y, dtype=np.int64)
    t0 = np.arange(len(y), dtype=np.int64) * every_s
    r = np.where(y == 1, 2.0, -1.0) if r is None else np.asarray(r, dtype=np.float64)
    weight = np.ones(len(y)) if weight is None else np.asarray(weight, dtype=np.float64)
    return Outcomes(y=y, r=r, t0=t0, t1=t0 + held_s, weight=weight)


def draw_signal(n, *, strength, seed, base_log_odds=-0.6) -> tuple[FloatArray, IntArray]:
    """Return honest probabilities and the outcomes drawn from them."""
    rng = np.random.default_rng(seed)
    p = 1 / (1 + np.exp(-(base_log_odds + strength * rng.standard_normal(n))))
    return p, (rng.random(n) < p).astype(np.int64)


def make_evaluation(**changes) -> Evaluation:
    """Return the evaluation of a stable edge; tests spoil one thing at a time."""
    y = np.array([1, 0, 1, 0])
    r = np.tile([2.0, -1.0, 1.0], 200)
    healthy = Evaluation(
        name="network",
        metrics=measure(y, np.array([0.6, 0.2, 0.7, 0.3])),
        n_effective=1500.0,
        auc=Interval(0.56, 0.53, 0.59),
        p_value=0.001,
        log_loss_skill=0.01,
        brier_skill=0.01,
        taken=summarise_trades(r),
        every=summarise_trades(r[:3]),
        expectancy=Interval(0.3, 0.1, 0.5),
        halves=(PeriodScore(0.55, 0.2, 300), PeriodScore(0.57, 0.3, 300)),
    )
    return replace(healthy, **changes)


def walk_markets(rng, *, n_bars, n_symbols, every, shared=0.7, horizon=48, stop=3.0):
    """Return features, R, times and symbol of setups at random bars of random walks.

    Nothing can be predicted: features are past moves, outcomes a 2:1 barrier race.
    """
    common = rng.standard_normal(n_bars)
    parts = []
    for symbol in range(n_symbols):
        own = rng.standard_normal(n_bars)
        price = np.cumsum(np.sqrt(shared) * common + np.sqrt(1 - shared) * own)
        bars = np.arange(200, n_bars - horizon - 1)
        at = np.sort(rng.choice(bars, n_bars // every, replace=False))
        path = price[at[:, None] + 1 + np.arange(horizon)] - price[at, None]
        won, won_at = race_to(path >= 2 * stop, horizon)
        lost, lost_at = race_to(path <= -stop, horizon)
        end = np.minimum(np.minimum(won_at, lost_at), horizon - 1)
        late = path[:, -1] / stop
        r = np.where(won & (won_at < lost_at), 2.0, np.where(lost, -1.0, late))
        X = np.stack([price[at] - price[at - back] for back in (1, 3, 8, 21, 55, 144)], axis=1)
        parts.append((X, r, at * HOUR_S, (at + end + 2) * HOUR_S, np.full(len(at), symbol)))
    columns = [np.concatenate(column) for column in zip(*parts, strict=True)]
    order = np.argsort(columns[2], kind="stable")
    return [column[order] for column in columns]


def race_to(reached, horizon):
    return reached.any(axis=1), np.where(reached.any(axis=1), reached.argmax(axis=1), horizon)
