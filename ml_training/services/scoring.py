"""Score the newest setups of a strategy with the model that fits it."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np
from django.utils import timezone

from ml_training.data.weights import average_uniqueness
from ml_training.evaluation.drift import MIN_RECENT, ColumnDrift, mark_outside, measure_drift
from ml_training.models import Checkpoint, Strategy, TrainingRun
from ml_training.services.fresh import MOST_RECENT, Market, scan_markets
from ml_training.services.market import to_datetime
from ml_training.services.scans import hash_parts
from ml_training.services.served import TRAIN_AGAIN, Opened, find_newest, open_served

if TYPE_CHECKING:
    from ml_training.study.profile import TrainingProfile

PAYING = ("edge_stable", "edge_uncertain")
"""Verdicts that claim an edge."""


@dataclass(frozen=True, kw_only=True)
class Score:
    """One setup that can still be traded, and what the model says about it.

    `is_awaiting` tells that its entry is the open of the next bar, so that its prices
    are those of the last close. `novel` names the features outside what was trained on.
    """

    symbol: str
    timeframe: str
    side: int
    signal_at: datetime
    entry_at: datetime
    is_awaiting: bool
    entry: float
    stop: float
    target: float
    probability: float
    is_taken: bool
    novel: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return the score in plain values."""
        return {**asdict(self), "novel": list(self.novel), "is_novel": bool(self.novel)}


@dataclass(frozen=True, eq=False, kw_only=True)
class Drift:
    """How far the setups since the training have moved; the farthest columns first."""

    n_recent: int
    n_needed: int
    n_effective: float
    columns: tuple[ColumnDrift, ...]

    @property
    def level(self) -> str:
        """Return one word: unknown, stable, moderate or large."""
        levels = {column.level for column in self.columns}
        if not levels:
            return "unknown"
        return next(word for word in ("large", "moderate", "stable") if word in levels)

    def as_dict(self) -> dict[str, Any]:
        """Return the drift in plain values."""
        return {
            "level": self.level,
            "n_recent": self.n_recent,
            "n_needed": self.n_needed,
            "n_effective": self.n_effective,
            "columns": [column.as_dict() for column in self.columns],
        }


@dataclass(frozen=True, eq=False, kw_only=True)
class Scores:
    """The newest setups of a strategy, newest first, and what to know beside them."""

    run: TrainingRun
    checkpoint: Checkpoint
    threshold: float
    candles_digest: str
    until: datetime | None
    scores: tuple[Score, ...]
    drift: Drift
    notes: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return everything in plain values."""
        return {
            "strategy_id": self.run.strategy_id,
            "run_id": str(self.run.pk),
            "model_sha256": self.checkpoint.sha256,
            "verdict": self.run.verdict,
            "threshold": self.threshold,
            "until": self.until,
            "signals": [score.as_dict() for score in self.scores],
            "drift": self.drift.as_dict(),
            "notes": list(self.notes),
        }


def score_strategy(
    strategy: Strategy, *, run: TrainingRun | None = None, now: datetime | None = None
) -> Scores:
    """Scan the newest closed bars and score every setup without an outcome.

    Raises `DataError` when there is no model, or rules, features or model do not fit
    the strategy as it stands. Imports torch, so no web process may call it.
    """
    opened = open_served(run or find_newest(strategy))
    markets = list(scan_markets(strategy, now or timezone.now()))
    found = [score for market in markets for score in _score_market(opened, market)]
    found.sort(key=lambda one: (one.signal_at, one.symbol, one.timeframe), reverse=True)
    drift = _measure(opened.profile, markets)
    return Scores(
        run=opened.run,
        checkpoint=opened.checkpoint,
        threshold=opened.model.threshold,
        candles_digest=hash_candles([market.candles_digest for market in markets]),
        until=max((to_datetime(one.until) for one in markets), default=None),
        scores=tuple(found),
        drift=drift,
        notes=tuple(_write_notes(opened, markets, drift)),
    )


def hash_candles(digests: list[str]) -> str:
    """Return one hash of the candles of all markets, in their order."""
    return hash_parts(digests)


def _score_market(opened: Opened, market: Market) -> list[Score]:
    rows = np.flatnonzero(market.is_fresh)
    if not len(rows):
        return []
    setups, X = market.setups, market.X[rows]
    chances = opened.model.predict_proba(X)
    novel = _name_novel(opened.profile, X)
    first_awaiting = len(setups) - market.n_awaiting
    return [
        Score(
            symbol=market.instrument.symbol,
            timeframe=market.timeframe,
            side=int(setups.side[row]),
            signal_at=to_datetime(market.signal_close[row]),
            entry_at=to_datetime(setups.t0[row]),
            is_awaiting=bool(row >= first_awaiting),
            entry=float(setups.entry[row]),
            stop=float(setups.stop[row]),
            target=float(setups.target[row]),
            probability=float(chance),
            is_taken=bool(chance >= opened.model.threshold),
            novel=names,
        )
        for row, chance, names in zip(rows.tolist(), chances, novel, strict=True)
    ]


def _name_novel(profile: "TrainingProfile | None", X: np.ndarray) -> list[tuple[str, ...]]:
    """Return for each row the features that lie outside the training range."""
    if profile is None:
        return [()] * len(X)
    names = list(profile.columns)
    outside = np.column_stack(
        [mark_outside(one, X[:, column]) for column, one in enumerate(profile.columns.values())]
    )
    return [tuple(names[column] for column in np.flatnonzero(row).tolist()) for row in outside]


def _measure(profile: "TrainingProfile | None", markets: list[Market]) -> Drift:
    """Compare the newest setups that entered after the training with those of it."""
    nothing = Drift(n_recent=0, n_needed=MIN_RECENT, n_effective=0.0, columns=())
    if profile is None or not markets:
        return nothing
    t0 = np.concatenate([market.setups.t0 for market in markets])
    t1 = np.concatenate([market.end for market in markets])
    symbol = np.concatenate([np.full(len(m.setups), m.instrument.symbol) for m in markets])
    X = np.concatenate([market.X for market in markets])
    order = np.argsort(t0, kind="stable")
    rows = order[t0[order] > profile.last][-MOST_RECENT:]
    if not len(rows):
        return nothing
    n_effective = float(average_uniqueness(t0[rows], t1[rows], symbol[rows]).sum())
    columns = measure_drift(
        profile.columns,
        X[rows],
        n_effective=n_effective,
        n_effective_trained=profile.n_effective,
    )
    return Drift(n_recent=len(rows), n_needed=MIN_RECENT, n_effective=n_effective, columns=columns)


def _write_notes(opened: Opened, markets: list[Market], drift: Drift) -> list[str]:
    """Say what a trader must know beside the figures."""
    profile, notes = opened.profile, []
    if opened.run.verdict not in PAYING:
        notes.append(
            f"The verdict of this model is {opened.run.verdict.replace('_', ' ')}: nothing "
            "says that taking these setups pays."
        )
    if profile is None:
        notes.append(f"This model was stored without what it was trained on. {TRAIN_AGAIN}")
        return notes
    strange = {market.instrument.symbol for market in markets} - set(profile.symbols)
    if strange:
        notes.append(f"It was not trained on {', '.join(sorted(strange))}.")
    if drift.level == "unknown":
        notes.append(
            f"{drift.n_recent} setups since the training; drift is told from {drift.n_needed} on."
        )
    if drift.level == "large":
        names = ", ".join(one.name for one in drift.columns if one.level == "large")
        notes.append(f"The market has moved away from the training in {names}. {TRAIN_AGAIN}")
    return notes
