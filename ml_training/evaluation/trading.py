"""What the taken setups earned, in R after costs."""

from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import ArrayLike

from ml_training.errors import DataError
from ml_training.evaluation.metrics import FloatArray


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
