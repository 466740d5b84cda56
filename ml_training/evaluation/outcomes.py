"""Evaluate one model's probabilities on one block of setups."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ml_training.evaluation.metrics import (
    FloatArray,
    IntArray,
    Metrics,
    measure,
    measure_brier,
    measure_log_loss,
)
from ml_training.evaluation.significance import (
    HOLD_QUANTILE,
    Interval,
    block_p_value,
    bootstrap_auc,
    bootstrap_mean,
    cut_blocks,
    measure_auc_within,
    rotation_p_value,
)
from ml_training.evaluation.trading import TradeSummary, summarise_trades


@dataclass(frozen=True, eq=False)
class Outcomes:
    """Hold what happened to a block of setups, in time order.

    Attributes
    ----------
    y : array of int, shape (n_setups,)
        1 for a win.
    r : array of float, shape (n_setups,)
        Result in R after costs.
    t0, t1 : array of int, shape (n_setups,)
        First and last second of each setup (UTC).
    weight : array of float, shape (n_setups,)
        Average uniqueness, 0-1; the sum is the effective number of setups.
    """

    y: IntArray
    r: FloatArray
    t0: IntArray
    t1: IntArray
    weight: FloatArray

    def __len__(self) -> int:
        """Return the number of setups."""
        return len(self.y)

    @property
    def n_effective(self) -> float:
        """Return the number of independent setups these are worth."""
        return float(np.sum(self.weight))

    @property
    def n_overlapping(self) -> int:
        """Return how many setups begin while one is open, in nine of ten cases."""
        if not len(self):
            return 0
        begun = np.searchsorted(self.t0, self.t1, side="left") - np.arange(len(self))
        return int(np.quantile(begun, HOLD_QUANTILE))


@dataclass(frozen=True)
class PeriodScore:
    """Score one stretch of the block, to see whether the edge holds throughout."""

    auc: float | None
    expectancy_r: float
    n_taken: int


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """Hold everything measured about one model on one block.

    Attributes
    ----------
    auc : Interval or None
        With its block-bootstrap interval; None when one class occurs.
    p_value : float or None
        The larger of two: the share of time-shifted outcomes ranked as well as the true
        ones, and that of luck in so many blocks of the calendar.
    log_loss_skill, brier_skill : float
        Share of the base rate's loss that is saved; below 0 is worse than it.
    taken, every : TradeSummary
        Results of the setups the threshold takes, and of all of them.
    expectancy : Interval or None
        Mean R of the taken setups with its block-bootstrap interval.
    halves : tuple of PeriodScore
        The first and the second half of the block in time.
    """

    name: str
    metrics: Metrics
    n_effective: float
    auc: Interval | None
    p_value: float | None
    log_loss_skill: float
    brier_skill: float
    taken: TradeSummary
    every: TradeSummary
    expectancy: Interval | None
    halves: tuple[PeriodScore, PeriodScore]

    def as_dict(self) -> dict[str, object]:
        """Return the evaluation as a dictionary that JSON can hold."""
        return {
            "name": self.name,
            **self.metrics.as_dict(),
            "n_effective": self.n_effective,
            "auc_interval": None if self.auc is None else self.auc.as_dict(),
            "p_value": self.p_value,
            "log_loss_skill": self.log_loss_skill,
            "brier_skill": self.brier_skill,
            "trades": self.taken.as_dict(),
            "take_every_setup": self.every.as_dict(),
            "expectancy_interval": None if self.expectancy is None else self.expectancy.as_dict(),
        }


@dataclass(frozen=True, eq=False, kw_only=True)
class Predictions:
    """Hold what was said of a block of setups before their outcome was known.

    Attributes
    ----------
    p : array of float, shape (n_setups,)
        Calibrated chances of a win.
    taken : array of bool, shape (n_setups,)
        Which were worth taking.
    base_rate : array of float, shape (n_setups,)
        Win rate of the setups each was learned from: what knowing nothing would say.
    fold : array of int, shape (n_setups,)
        Which model spoke; wins are compared with losses of the same one.
    threshold : float
        From which chance on setups are taken; of the newest fold where they differ.
    """

    p: FloatArray
    taken: NDArray[np.bool_]
    base_rate: FloatArray
    fold: IntArray
    threshold: float


def evaluate(
    name: str, outcomes: Outcomes, p: ArrayLike, *, threshold: float, base_rate: float, seed: int
) -> Evaluation:
    """Measure one model on one block of setups.

    Parameters
    ----------
    name : str
        The model, as the report calls it.
    outcomes : Outcomes
        The block, in time order.
    p : array of float, shape (n_setups,)
        Its calibrated chances of a win.
    threshold : float
        Setups are taken from this chance on.
    base_rate : float
        Win rate of the training block, what a model that knows nothing would say.
    seed : int
        Of the bootstrap draws.
    """
    chances = np.asarray(p, dtype=np.float64)
    said = Predictions(
        p=chances,
        taken=chances >= threshold,
        base_rate=np.full(len(outcomes), base_rate),
        fold=np.zeros(len(outcomes), dtype=np.int64),
        threshold=threshold,
    )
    return evaluate_predictions(name, outcomes, said, seed=seed)


def evaluate_predictions(
    name: str, outcomes: Outcomes, said: Predictions, *, seed: int
) -> Evaluation:
    """Measure what one model, or one after another, said of a block of setups.

    Parameters
    ----------
    name : str
        The model, as the report calls it.
    outcomes : Outcomes
        The block, in time order.
    said : Predictions
        Of the same setups.
    seed : int
        Of the bootstrap draws.
    """
    y, p, fold = outcomes.y, said.p, said.fold
    metrics = measure(y, p, threshold=said.threshold, taken=said.taken)
    blocks, n_overlapping = cut_blocks(outcomes.t0, outcomes.t1), outcomes.n_overlapping
    taken = said.taken
    return Evaluation(
        name=name,
        metrics=replace(metrics, auc=measure_auc_within(y, p, fold)),
        n_effective=outcomes.n_effective,
        auc=bootstrap_auc(y, p, blocks, seed=seed, fold=fold),
        p_value=_find_p_value(y, p, blocks, fold, min_shift=n_overlapping),
        log_loss_skill=1 - metrics.log_loss / measure_log_loss(y, said.base_rate),
        brier_skill=1 - metrics.brier / measure_brier(y, said.base_rate),
        taken=_trade(outcomes, taken),
        every=_trade(outcomes, np.ones(len(outcomes), dtype=bool)),
        expectancy=bootstrap_mean(outcomes.r[taken], blocks[taken], seed=seed),
        halves=_score_halves(outcomes, said),
    )


def _find_p_value(
    y: IntArray, p: FloatArray, blocks: IntArray, fold: IntArray, *, min_shift: int
) -> float | None:
    """Return the p-value of the ranking by the test that doubts it most."""
    found = (
        rotation_p_value(y, p, min_shift=min_shift, fold=fold),
        block_p_value(y, p, blocks, fold=fold),
    )
    known = [one for one in found if one is not None]
    return max(known) if len(known) == len(found) else None


def _trade(outcomes: Outcomes, taken: NDArray[np.bool_]) -> TradeSummary:
    closed = np.argsort(outcomes.t1[taken], kind="stable")
    return summarise_trades(outcomes.r[taken][closed])


def _score_halves(outcomes: Outcomes, said: Predictions) -> tuple[PeriodScore, PeriodScore]:
    first, second = np.array_split(np.arange(len(outcomes)), 2)
    return score_period(outcomes, said, first), score_period(outcomes, said, second)


def score_period(outcomes: Outcomes, said: Predictions, rows: IntArray) -> PeriodScore:
    """Score some setups, such as one half or one fold.

    Parameters
    ----------
    outcomes : Outcomes
        The block, in time order.
    said : Predictions
        Of the same setups.
    rows : array of int
        Which setups to score.
    """
    taken = rows[said.taken[rows]]
    return PeriodScore(
        auc=measure_auc_within(outcomes.y[rows], said.p[rows], said.fold[rows]),
        expectancy_r=float(outcomes.r[taken].mean()) if len(taken) else 0.0,
        n_taken=len(taken),
    )
