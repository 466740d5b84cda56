"""The trades of a block of setups, one by one, with and without the model's filter."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ml_training.evaluation.metrics import FloatArray, IntArray
from ml_training.evaluation.trading import TradeSummary, check_results, summarise_trades

Bools = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Equity:
    """Hold the running sum of R at every exit, in the order of the exits.

    Attributes
    ----------
    time : array of int, shape (n_trades,)
        Ends of the trades, UTC epoch seconds.
    r : array of float, shape (n_trades,)
        Sum of all results so far.
    """

    time: IntArray
    r: FloatArray

    def as_dict(self) -> dict[str, list[float]]:
        """Return the curve as lists that JSON can hold."""
        return {"time": self.time.tolist(), "r": self.r.tolist()}


@dataclass(frozen=True, eq=False)
class Side:
    """Hold one way of trading a block: every setup, or those that the model takes.

    Attributes
    ----------
    traded : array of bool, shape (n_setups,)
        Which setups became trades.
    summary : TradeSummary
        Of those trades, in the order of their exits.
    equity : Equity
        Their running sum.
    """

    traded: Bools
    summary: TradeSummary
    equity: Equity

    def as_dict(self) -> dict[str, object]:
        """Return the figures and the curve as a dictionary that JSON can hold."""
        return {**self.summary.as_dict(), "equity": self.equity.as_dict()}


@dataclass(frozen=True, eq=False)
class Backtest:
    """Hold both ways of trading the same setups.

    Attributes
    ----------
    filtered, every : Side
        With the model's filter, and without.
    """

    filtered: Side
    every: Side

    def as_dict(self) -> dict[str, object]:
        """Return both as a dictionary that JSON can hold."""
        return {"filtered": self.filtered.as_dict(), "every": self.every.as_dict()}


def backtest(
    r: ArrayLike,
    t0: ArrayLike,
    t1: ArrayLike,
    symbol: ArrayLike,
    taken: ArrayLike,
    *,
    one_per_symbol: bool = False,
) -> Backtest:
    """Trade a block of setups twice: as they come, and as the model filters them.

    Parameters
    ----------
    r : array of float, shape (n_setups,)
        Results in R after costs.
    t0, t1 : array of int, shape (n_setups,)
        Entry and end of each, UTC epoch seconds; `t0` ascends.
    symbol : array of str, shape (n_setups,)
        What is traded.
    taken : array of bool, shape (n_setups,)
        What the model would take.
    one_per_symbol : bool
        Skip a setup while an earlier trade of its symbol is open, whatever its
        timeframe or side.

    Returns
    -------
    Backtest
        Each trade risks 1 R; without `one_per_symbol` the sums are those of
        `ml_training.evaluation.outcomes.evaluate` on the same rows.

    Raises
    ------
    DataError
        When a result is not finite.
    ValueError
        When the columns differ in length, or `t0` does not ascend.

    Notes
    -----
    Only what is traded blocks a symbol: a setup that the filter leaves out keeps no
    later one from being taken.
    """
    results, start, end = check_results(r), np.asarray(t0), np.asarray(t1)
    names, wanted = np.asarray(symbol), np.asarray(taken, dtype=bool)
    _check_columns(results, start, end, names, wanted)
    sides = []
    for asked in (wanted, np.ones(len(results), dtype=bool)):
        traded = keep_one_open(start, end, names, asked) if one_per_symbol else asked
        sides.append(_trade(results, end, traded))
    return Backtest(*sides)


def keep_one_open(t0: IntArray, t1: IntArray, symbol: NDArray[np.str_], wanted: Bools) -> Bools:
    """Drop the wanted setups that come while a trade of their symbol is open.

    Parameters
    ----------
    t0, t1 : array of int, shape (n_setups,)
        Entry and end of each; `t0` ascends.
    symbol : array of str, shape (n_setups,)
        What is traded.
    wanted : array of bool, shape (n_setups,)
        What would be traded if nothing were open.

    Returns
    -------
    array of bool, shape (n_setups,)
        A trade that ends at the open of an entry makes room for it.
    """
    kept = np.zeros(len(t0), dtype=bool)
    free_from: dict[str, int] = {}
    for row in np.flatnonzero(wanted).tolist():
        name = str(symbol[row])
        if t0[row] >= free_from.get(name, t0[row]):
            kept[row] = True
            free_from[name] = int(t1[row])
    return kept


def _trade(r: FloatArray, t1: IntArray, traded: Bools) -> Side:
    rows = np.flatnonzero(traded)
    closed = rows[np.argsort(t1[rows], kind="stable")]
    equity = Equity(t1[closed].astype(np.int64), np.cumsum(r[closed]))
    return Side(traded, summarise_trades(r[closed]), equity)


def _check_columns(
    r: FloatArray, t0: IntArray, t1: IntArray, symbol: NDArray[np.str_], taken: Bools
) -> None:
    lengths = {len(column) for column in (r, t0, t1, symbol, taken)}
    if len(lengths) > 1:
        raise ValueError(f"all columns describe the same setups, got lengths {sorted(lengths)}")
    if np.any(np.diff(t0) < 0):
        raise ValueError("`t0` must ascend: the trades are walked in the order of entry")
