"""Judge what models said of one stretch of the calendar after another."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np

from ml_training.evaluation.metrics import FloatArray, IntArray, measure_log_loss
from ml_training.evaluation.outcomes import (
    Evaluation,
    Outcomes,
    PeriodScore,
    Predictions,
    evaluate_predictions,
    score_period,
)
from ml_training.evaluation.overfitting import overfitting_probability
from ml_training.evaluation.sharpe import deflated_sharpe, measure_sharpe
from ml_training.evaluation.significance import rank_within

LEVELS = (0.8, 0.6, 0.4, 0.2)
"""Shares of the setups a way to trade takes, beside all of them; chosen: fifths."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Said:
    """Hold what one model said of the setups of one fold.

    Attributes
    ----------
    p : array of float, shape (n_setups,)
        Calibrated chances of a win.
    threshold, base_rate : float
        Chosen and learned before the fold.
    """

    p: FloatArray
    threshold: float
    base_rate: float


@dataclass(frozen=True, eq=False, kw_only=True)
class FoldSaid:
    """Hold what all models said of one fold, and which of them was served.

    Attributes
    ----------
    start, end : int
        UTC epoch seconds between which its setups enter.
    rows : array of int
        Its setups among those of the walk-forward, in time order.
    """

    start: int
    end: int
    rows: IntArray
    models: Mapping[str, Said]
    served: str


@dataclass(frozen=True, kw_only=True)
class StepScore:
    """Score the served model of one fold."""

    start: int
    end: int
    n: int
    served: str
    log_loss: float
    score: PeriodScore

    def as_dict(self) -> dict[str, object]:
        """Return the score as a dictionary that JSON can hold."""
        return {
            "from": self.start,
            "to": self.end,
            "n": self.n,
            "auc": self.score.auc,
            "log_loss": self.log_loss,
            "served": self.served,
            "taken": {"n": self.score.n_taken, "expectancy_r": self.score.expectancy_r},
        }


@dataclass(frozen=True, eq=False, kw_only=True)
class WalkForward:
    """Hold what the whole procedure was worth on setups it had not seen.

    Attributes
    ----------
    outcomes, said : Outcomes, Predictions
        All folds in time order, and what the model served in each said of them.
    pooled : Evaluation
        Of these.
    models : tuple of Evaluation
        Of each model, had it been served in every fold.
    steps : tuple of StepScore
        Fold by fold.
    deflated_sharpe : float or None
        Chance that the taken setups are better than the best of so many tries at luck.
    overfitting : float or None
        How often the best model and threshold of one half of the time end below the
        median on the other.
    """

    outcomes: Outcomes
    said: Predictions
    pooled: Evaluation
    models: tuple[Evaluation, ...]
    steps: tuple[StepScore, ...]
    deflated_sharpe: float | None
    overfitting: float | None

    @property
    def n_ranking(self) -> int:
        """Count the folds in which winners were ranked above losers."""
        return sum(one.score.auc is not None and one.score.auc > 0.5 for one in self.steps)

    @property
    def n_paying(self) -> int:
        """Count the folds in which the taken setups earned."""
        return sum(one.score.expectancy_r > 0 for one in self.steps)

    def as_dict(self) -> dict[str, object]:
        """Return the walk-forward as a dictionary that JSON can hold."""
        return {
            "n_folds": len(self.steps),
            "folds": [one.as_dict() for one in self.steps],
            "pooled": self.pooled.as_dict(),
            "models": {one.name: _describe_model(one) for one in self.models},
            "p_value": self.pooled.p_value,
            "deflated_sharpe": self.deflated_sharpe,
            "probability_of_overfitting": self.overfitting,
        }


def pool_folds(
    folds: Sequence[FoldSaid], outcomes: Outcomes, *, n_openings: int, seed: int
) -> WalkForward:
    """Judge all folds together.

    Parameters
    ----------
    folds : sequence of FoldSaid
        In order of time; the models of the first are in all of them.
    outcomes : Outcomes
        Of the setups of all folds, in time order.
    n_openings : int
        How often these setups were looked at, this time included.
    seed : int
        Of the bootstrap draws.

    Notes
    -----
    The verdict may rest on `pooled` alone: one row of predictions, made by a procedure
    fixed beforehand, each from data older than what it predicts. The other models are
    shown beside it and never chosen from.
    """
    served = _pool_one(folds, [one.served for one in folds], len(outcomes))
    names = [name for name in folds[0].models if all(name in one.models for one in folds)]
    said = {name: _pool_one(folds, [name] * len(folds), len(outcomes)) for name in names}
    return WalkForward(
        outcomes=outcomes,
        said=served,
        pooled=evaluate_predictions("walk-forward", outcomes, served, seed=seed),
        models=tuple(
            evaluate_predictions(name, outcomes, one, seed=seed) for name, one in said.items()
        ),
        steps=tuple(_score_step(one, outcomes, served) for one in folds),
        deflated_sharpe=_deflate(outcomes, served, tuple(said.values()), n_openings),
        overfitting=overfitting_probability(list_ways(outcomes.r, tuple(said.values()))),
    )


def list_ways(r: FloatArray, models: Sequence[Predictions]) -> FloatArray:
    """Return what each way to trade made of each setup: all models times all levels.

    Parameters
    ----------
    r : array of float, shape (n_setups,)
        Results in R after costs.
    models : sequence of Predictions
        What each model said of them; one that says the same of all has no levels.

    Returns
    -------
    array of float, shape (n_ways, n_setups)
        The first way takes every setup.
    """
    ways = [r]
    for said in models:
        if not np.any(ranks := rank_within(said.p, said.fold)):
            continue
        sizes = np.bincount(said.fold)[said.fold]
        ways += [np.where(ranks >= sizes * (0.5 - level), r, 0.0) for level in LEVELS]
    return np.stack(ways)


def _pool_one(folds: Sequence[FoldSaid], names: Sequence[str], n: int) -> Predictions:
    p, base_rate = np.zeros(n), np.zeros(n)
    taken, number = np.zeros(n, dtype=bool), np.zeros(n, dtype=np.int64)
    for place, (fold, name) in enumerate(zip(folds, names, strict=True)):
        said, rows = fold.models[name], fold.rows
        p[rows], base_rate[rows], number[rows] = said.p, said.base_rate, place
        taken[rows] = said.p >= said.threshold
    newest = folds[-1].models[names[-1]].threshold
    return Predictions(p=p, taken=taken, base_rate=base_rate, fold=number, threshold=newest)


def _score_step(fold: FoldSaid, outcomes: Outcomes, served: Predictions) -> StepScore:
    return StepScore(
        start=fold.start,
        end=fold.end,
        n=len(fold.rows),
        served=fold.served,
        log_loss=measure_log_loss(outcomes.y[fold.rows], served.p[fold.rows]),
        score=score_period(outcomes, served, fold.rows),
    )


def _deflate(
    outcomes: Outcomes, served: Predictions, models: Sequence[Predictions], n_openings: int
) -> float | None:
    """Take every model, at every opening, for one try at the same setups."""
    tried = [one for one in models if np.any(rank_within(one.p, one.fold))]
    ratios = [measure_sharpe(outcomes.r[one.taken]) for one in tried]
    known = [one for one in ratios if one is not None]
    n_effective = float(outcomes.weight[served.taken].sum())
    alone = 1.0 / max(n_effective, 1.0)
    return deflated_sharpe(
        outcomes.r[served.taken],
        n_trials=max(len(tried), 1) * max(n_openings, 1),
        variance=float(np.var(known)) if len(known) > 1 else alone,
        n_effective=n_effective,
    )


def _describe_model(found: Evaluation) -> dict[str, object]:
    auc = found.auc
    return {
        "auc": found.metrics.auc,
        "auc_low": None if auc is None else auc.low,
        "auc_high": None if auc is None else auc.high,
        "log_loss": found.metrics.log_loss,
        "brier": found.metrics.brier,
        "skill": found.log_loss_skill,
        "taken": asdict(found.taken),
    }
