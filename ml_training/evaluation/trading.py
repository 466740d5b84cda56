"""What the taken setups earned, in R after costs."""

from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import ArrayLike

from ml_training.errors import DataError
from ml_training.evaluation.metrics import FloatArray, IntArray


@dataclass(frozen=True)
class TradeSummary:
    """Sum up a row of trades.

    Attributes
    ----------
    n : int
        Trades.
    expectancy_r : float
        Mean result per trade in R; 0 without trades.
    profit_factor : float or None
        Gains over losses; None when nothing was lost (or nothing traded).
    max_drawdown_r : float
        Deepest fall of the running sum below its earlier peak, >= 0.
    """

    n: int
    win_rate: float
    expectancy_r: float
    total_r: float
    profit_factor: float | None
    max_drawdown_r: float

    def as_dict(self) -> dict[str, object]:
        """Return the summary as a dictionary that JSON can hold."""
        return asdict(self)


def summarise_trades(r: ArrayLike) -> TradeSummary:
    """Sum up trades given in the order in which they were closed.

    Parameters
    ----------
    r : array of float, shape (n_trades,)
        Result of each trade in R after costs; may be empty.

    Returns
    -------
    TradeSummary
        Each trade risks 1 R, whatever else is open: a sum, not a compounded account.

    Raises
    ------
    DataError
        When a result is not finite.
    """
    results = check_results(r)
    gained, lost = float(results[results > 0].sum()), float(-results[results < 0].sum())
    return TradeSummary(
        n=len(results),
        win_rate=float(np.mean(results > 0)) if len(results) else 0.0,
        expectancy_r=float(results.mean()) if len(results) else 0.0,
        total_r=float(results.sum()),
        profit_factor=gained / lost if lost else None,
        max_drawdown_r=measure_drawdown(results),
    )


MOST_POINTS = 500
"""Of an equity curve. Chosen: more than a chart is wide in steps that can be seen."""


@dataclass(frozen=True, eq=False)
class Equity:
    """Hold running sums of R over time, thinned where there are many trades.

    Attributes
    ----------
    time : array of int, shape (n_points,)
        When trades were closed, UTC epoch seconds, in order.
    taken_r, every_r : array of float, shape (n_points,)
        Sum until then of the taken setups, and of all of them.
    """

    time: IntArray
    taken_r: FloatArray
    every_r: FloatArray

    def as_dict(self) -> dict[str, list[float]]:
        """Return the curve as a dictionary that JSON can hold."""
        return {name: getattr(self, name).tolist() for name in ("time", "taken_r", "every_r")}


def draw_equity(t1: ArrayLike, r: ArrayLike, taken: ArrayLike) -> Equity:
    """Sum up trades in the order in which they are closed.

    Parameters
    ----------
    t1 : array of int, shape (n_setups,)
        End of each setup.
    r : array of float, shape (n_setups,)
        Result of each in R after costs.
    taken : array of bool, shape (n_setups,)
        Which were taken.

    Returns
    -------
    Equity
        At most `MOST_POINTS` points, the last trade among them.
    """
    results, end = check_results(r), np.asarray(t1, dtype=np.int64)
    order = np.argsort(end, kind="stable")
    kept = np.where(np.asarray(taken, dtype=bool), results, 0.0)
    points = np.unique(np.linspace(0, len(order) - 1, min(len(order), MOST_POINTS)).astype(int))
    return Equity(
        time=end[order][points],
        taken_r=np.cumsum(kept[order])[points],
        every_r=np.cumsum(results[order])[points],
    )


def measure_drawdown(r: ArrayLike) -> float:
    """Return the deepest fall of the running sum of R below its peak (start included).

    Examples
    --------
    >>> measure_drawdown([2.0, -1.0, -1.0, 2.0])
    2.0
    """
    equity = np.concatenate(([0.0], np.cumsum(check_results(r))))
    return float(np.max(np.maximum.accumulate(equity) - equity))


def check_results(r: ArrayLike) -> FloatArray:
    """Return results as a float array; refuse what is not finite with a DataError."""
    results = np.asarray(r, dtype=np.float64)
    if not np.isfinite(results).all():
        raise DataError("Results in R must be finite; unlabelled setups have no result")
    return results
