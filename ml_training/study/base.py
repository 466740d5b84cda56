"""Train base models: what strategies have in common, learned where setups are many."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import numpy as np

from ml_training.core.result import FitResult
from ml_training.core.settings import TrainSettings
from ml_training.core.transfer import Rows, fit_base
from ml_training.data.labelled import LabelledSet
from ml_training.data.splits import EMBARGO_FRACTION
from ml_training.errors import DataError
from ml_training.evaluation.metrics import measure_auc, measure_log_loss
from ml_training.study.base_files import read_base, write_base
from ml_training.study.base_model import MARKET_STATE, BaseModel, keep_market_state
from ml_training.study.models import predict_wins

__all__ = ["BaseModel", "BaseSettings", "read_base", "train_base", "write_base"]

MIN_BASE = 300
"""Effective setups of a base model: what a strategy needs without one (design)."""

HELD_SHARE = 0.2
"""Share of the setups, the newest, that judge a base model; chosen: as in studies."""

MAX_EPOCHS, PATIENCE = 60, 8
"""Chosen: early stopping ends most trainings before, the plan only bounds the time.
Measured with 20,000 setups on two made-up markets: a patience of 15 finds the same
networks and takes half as long again; batches of 256 are quicker, and worse by 0.001 to
0.002 of log-loss."""


@dataclass(frozen=True, kw_only=True)
class BaseSettings:
    """Hold the choices of whoever trains a base model.

    Attributes
    ----------
    name : str
        For the reader; empty makes one of the presets and the date.
    train : TrainSettings
        Of the network.
    """

    name: str = ""
    train: TrainSettings = field(
        default_factory=lambda: TrainSettings(max_epochs=MAX_EPOCHS, patience=PATIENCE)
    )


def train_base(
    dataset: LabelledSet,
    *,
    presets: Sequence[str],
    until: int | None = None,
    settings: BaseSettings | None = None,
) -> BaseModel:
    """Train a base model on the market state of setups that ended by a moment.

    Parameters
    ----------
    dataset : LabelledSet
        Setups of one preset or several, in time order.
    presets : sequence of str
        Which, for the reader.
    until : int or None
        UTC epoch seconds; setups that end later are left out. None takes all.
    settings : BaseSettings or None
        Choices of the caller.

    Returns
    -------
    BaseModel
        Trained on all that is left; judged by a second network, which never saw the
        newest fifth.

    Raises
    ------
    DataError
        When there are too few setups, one class only, or other columns.
    """
    settings = settings or BaseSettings()
    rows = _choose_rows(dataset, until)
    older, newest = cut_newest(rows)
    judged = _fit(older, settings.train)
    trained_until = int(rows.t1.max())
    return BaseModel(
        name=settings.name or name_base(presets, trained_until),
        presets=tuple(presets),
        trained_until=trained_until,
        feature_names=MARKET_STATE.names,
        feature_digest=MARKET_STATE.digest,
        n_setups=len(rows),
        n_effective=rows.n_effective,
        scores=_score(judged, newest, older),
        symbols=tuple(np.unique(rows.symbol).tolist()),
        timeframes=tuple(np.unique(rows.timeframe).tolist()),
        fitted=_fit(rows, settings.train),
    )


def name_base(presets: Sequence[str], trained_until: int) -> str:
    """Return what a base model is called.

    Examples
    --------
    >>> name_base(["tce"], 1_614_816_000)
    'TCE base up to 2021-03-04'
    """
    day = f"{datetime.fromtimestamp(trained_until, tz=UTC):%Y-%m-%d}"
    return f"{' + '.join(one.upper() for one in presets)} base up to {day}"


def cut_newest(rows: LabelledSet) -> tuple[LabelledSet, LabelledSet]:
    """Return the older setups that end before the newest begin, and the newest fifth.

    Parameters
    ----------
    rows : LabelledSet
        In time order.
    """
    start = int(rows.t0[min(round((1 - HELD_SHARE) * len(rows)), len(rows) - 1)])
    embargo_s = round(EMBARGO_FRACTION * int(rows.t1.max() - rows.t0.min()))
    is_older = (rows.t0 < start) & (rows.t1 + embargo_s < start)
    return rows.take(np.flatnonzero(is_older)), rows.take(np.flatnonzero(rows.t0 >= start))


def _choose_rows(dataset: LabelledSet, until: int | None) -> LabelledSet:
    rows = keep_market_state(dataset)
    if until is not None:
        rows = rows.take(np.flatnonzero(rows.t1 <= until))
    when = "" if until is None else f" that ended by {datetime.fromtimestamp(until, tz=UTC):%F}"
    if rows.n_effective < MIN_BASE:
        raise DataError(
            f"A base model needs at least {MIN_BASE} effective setups, got "
            f"{rows.n_effective:.0f} ({len(rows)} setups{when})",
            hint="Import more history, symbols or timeframes, or pool several presets",
        )
    n_wins = int(rows.y.sum())
    if n_wins in {0, len(rows)}:
        raise DataError(
            f"All {len(rows)} setups{when} are {'wins' if n_wins else 'losses'}: there is "
            "nothing for a base model to tell apart",
            hint="Choose other presets",
        )
    return rows


def _fit(rows: LabelledSet, settings: TrainSettings) -> FitResult:
    """Train on older setups, and stop early by the newest."""
    older, newest = cut_newest(rows)
    if not len(older) or not len(newest):
        raise DataError(
            f"{len(rows)} setups cannot be cut into older and newer ones that share no candles",
            hint="Import a longer history",
        )
    return fit_base(
        Rows(X=older.X, y=older.y, X_val=newest.X, y_val=newest.y, weight=older.weight),
        settings=settings,
    )


def _score(fitted: FitResult, newest: LabelledSet, older: LabelledSet) -> dict[str, float | None]:
    p = predict_wins(fitted, newest.X)
    rate = float(np.average(older.y, weights=older.weight))
    return {
        "n": len(newest),
        "auc": measure_auc(newest.y, p),
        "log_loss": measure_log_loss(newest.y, p),
        "base_rate_log_loss": measure_log_loss(newest.y, np.full(len(newest), rate)),
    }
