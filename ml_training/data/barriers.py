"""Walk orders of one side bar by bar until the price touches a barrier.

Shorts are walked as longs on prices of the opposite sign: "stop below, target above"
then holds for both, and every rule is written once.
"""

from dataclasses import dataclass, fields
from typing import Self

import numpy as np
from numpy.typing import NDArray

from ml_training.data.candles import Candles

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Orders:
    """Hold orders of one side, one per row; prices are multiplied by `sign`.

    Parameters
    ----------
    sign : int
        1 for longs, -1 for shorts.
    first, end : array of int, shape (n_orders,)
        Bars that an order sees: `first` up to, not including, `end`; at least one.
    stop, target : array of float, shape (n_orders,)
        Barriers; after the sign the stop is the lower one.
    worst, best : array of float, shape (n_orders,)
        Extremes before `first`; the entry price where there is no before.
    """

    sign: int
    first: Ints
    end: Ints
    stop: Floats
    target: Floats
    worst: Floats
    best: Floats

    def take(self, rows: Ints, *, first: Ints, end: Ints) -> Self:
        """Keep some orders and let them see other bars."""
        columns = (self.stop, self.target, self.worst, self.best)
        return type(self)(self.sign, first, end, *(column[rows] for column in columns))


@dataclass(frozen=True, eq=False)
class Exits:
    """Hold the exits of orders, one per row; prices are multiplied by the sign.

    Parameters
    ----------
    at : array of int, shape (n_orders,)
        Bar of the exit; the last bar seen when no barrier was touched.
    price : array of float, shape (n_orders,)
        Fill; the close when no barrier was touched.
    worst, best : array of float, shape (n_orders,)
        Extremes up to the exit.
    by_stop, by_target : array of bool, shape (n_orders,)
        Which barrier it was, if any.
    ambiguous : array of bool, shape (n_orders,)
        The exit bar holds both barriers and opens between them.
    gapped : array of bool, shape (n_orders,)
        The exit bar opens at or beyond a barrier.
    """

    at: Ints
    price: Floats
    worst: Floats
    best: Floats
    by_stop: Bools
    by_target: Bools
    ambiguous: Bools
    gapped: Bools

    def take(self, rows: Bools) -> Self:
        """Keep some exits."""
        return type(self)(*(getattr(self, field.name)[rows] for field in fields(self)))

    def take_over(self, rows: Ints, other: Self) -> None:
        """Replace some rows by the exits found on finer candles; their bar stays."""
        for name in (field.name for field in fields(self) if field.name != "at"):
            getattr(self, name)[rows] = getattr(other, name)


@dataclass(frozen=True, eq=False)
class _Path:
    """Hold where each order's walk ended and the extremes of the bars before."""

    at: Ints
    worst: Floats
    best: Floats


def walk_orders(candles: Candles, orders: Orders) -> tuple[Exits, Orders]:
    """Follow orders to their exits.

    Parameters
    ----------
    candles : Candles
        Prices.
    orders : Orders
        Where to start and what to look for.

    Returns
    -------
    tuple of Exits and Orders
        The exits, and the same orders narrowed to their exit bars with the extremes
        before: what another walk on finer candles starts from.

    Notes
    -----
    An open outside of its bar's high and low, as some feeds have it, counts as the
    nearer of the two.
    """
    path = _walk(candles, orders)
    before = Orders(
        orders.sign, path.at, path.at + 1, orders.stop, orders.target, path.worst, path.best
    )
    return _settle(candles, before), before


def _walk(candles: Candles, orders: Orders) -> _Path:
    """Advance all orders by one bar per turn; those that touch a barrier drop out."""
    sign, low, high = _signed_columns(candles, orders.sign)
    path = _Path(orders.end - 1, orders.worst.copy(), orders.best.copy())
    bars = np.stack((np.arange(len(orders.first)), orders.first, orders.end - 1))
    prices = np.stack((orders.stop, orders.target, orders.worst, orders.best))
    while bars.size:
        row, at, last = bars
        stop, target, worst, best = prices
        lowest, highest = sign * low[at], sign * high[at]
        goes_on = (lowest > stop) & (highest < target) & (at < last)
        gone = np.flatnonzero(~goes_on)
        path.at[row[gone]] = at[gone]
        path.worst[row[gone]], path.best[row[gone]] = worst[gone], best[gone]
        np.minimum(worst, lowest, out=worst)
        np.maximum(best, highest, out=best)
        at += 1
        if len(gone):
            bars, prices = bars[:, goes_on], prices[:, goes_on]
    return path


def _settle(candles: Candles, orders: Orders) -> Exits:
    """Work out the fills in the exit bars by the order open, stop, target, close."""
    at, stop, target = orders.first, orders.stop, orders.target
    sign, low, high = _signed_columns(candles, orders.sign)
    lowest, highest = sign * low[at], sign * high[at]
    opened = np.clip(sign * candles.open[at], lowest, highest)
    below, above = lowest <= stop, highest >= target
    gap_down, gap_up = opened <= stop, opened >= target
    by_stop = below & ~gap_up
    by_target = above & ~by_stop
    worst = np.where(by_stop, np.minimum(opened, stop), np.where(gap_up, opened, lowest))
    best = np.where(by_stop, opened, np.where(by_target, target, highest))
    price = np.where(by_stop, np.minimum(opened, stop), sign * candles.close[at])
    return Exits(
        at=at.copy(),
        price=np.where(by_target, target, price),
        worst=np.minimum(orders.worst, worst),
        best=np.maximum(orders.best, best),
        by_stop=by_stop,
        by_target=by_target,
        ambiguous=below & above & ~gap_down & ~gap_up,
        gapped=gap_down | gap_up,
    )


def _signed_columns(candles: Candles, sign: int) -> tuple[int, Floats, Floats]:
    """Return the sign and the columns that are low and high once multiplied by it."""
    if sign > 0:
        return sign, candles.low, candles.high
    return sign, candles.high, candles.low
