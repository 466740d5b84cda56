"""The labelling rules once more, bar by bar, written to be read and not to be fast."""

from dataclasses import dataclass

from ml_training.data.candles import Candles
from ml_training.data.labels import Brackets, FinerPath, Outcome


@dataclass
class Ended:
    """How one order left one stretch of bars."""

    outcome: Outcome
    index: int
    price: float
    mae: float
    mfe: float
    ambiguous: bool = False
    gapped: bool = False
    resolved: bool = False


@dataclass
class Order:
    """One order, and the extremes it has seen so far, as price differences."""

    side: int
    entry: float
    stop: float
    target: float
    mae: float = 0.0
    mfe: float = 0.0

    def gain(self, price: float) -> float:
        return price - self.entry if self.side == 1 else self.entry - price

    def see(self, price: float) -> None:
        self.mfe = max(self.mfe, self.gain(price))
        self.mae = max(self.mae, -self.gain(price))

    def beyond_stop(self, price: float) -> bool:
        return price <= self.stop if self.side == 1 else price >= self.stop

    def beyond_target(self, price: float) -> bool:
        return price >= self.target if self.side == 1 else price <= self.target

    def leave(self, outcome: Outcome, index: int, price: float, **flags: bool) -> Ended:
        self.see(price)
        return Ended(outcome, index, price, self.mae, self.mfe, **flags)


def follow(candles: Candles, order: Order, bars: range, finer: FinerPath | None) -> Ended | None:
    """Follow an order through some bars; None when it touches nothing."""
    for i in bars:
        high, low = candles.high[i], candles.low[i]
        opened = min(max(candles.open[i], low), high)
        adverse, favourable = (low, high) if order.side == 1 else (high, low)
        if order.beyond_stop(opened):
            return order.leave(Outcome.STOP_LOSS, i, opened, gapped=True)
        if order.beyond_target(opened):
            return order.leave(Outcome.TAKE_PROFIT, i, order.target, gapped=True)
        if order.beyond_stop(adverse) and order.beyond_target(favourable):
            return settle_tie(candles, order, i, opened, finer)
        if order.beyond_stop(adverse):
            order.see(opened)
            return order.leave(Outcome.STOP_LOSS, i, order.stop)
        if order.beyond_target(favourable):
            order.see(adverse)
            return order.leave(Outcome.TAKE_PROFIT, i, order.target)
        order.see(adverse)
        order.see(favourable)
    return None


def settle_tie(
    candles: Candles, order: Order, i: int, opened: float, finer: FinerPath | None
) -> Ended:
    """Ask the finer bars which barrier came first; without an answer, the stop."""
    if finer is not None:
        time, start = finer.candles.time, candles.time[i]
        inside = [j for j in range(len(time)) if start <= time[j] < start + finer.bar_s]
        seen = Order(**vars(order))
        told = follow(finer.candles, seen, inside, None)
        if told is not None:
            told.index, told.resolved = i, not told.ambiguous
            return told
    order.see(opened)
    return order.leave(Outcome.STOP_LOSS, i, order.stop, ambiguous=True)


def label_one(
    candles: Candles, brackets: Brackets, row: int, max_bars: int, finer: FinerPath | None = None
) -> dict[str, float]:
    """Label one bracket; the keys are the columns of `Labels`."""
    first, side = int(brackets.entry_index[row]), int(brackets.side[row])
    prices = (float(getattr(brackets, name)[row]) for name in ("entry", "stop", "target"))
    order = Order(side, *prices)
    last = first + max_bars - 1
    ended = follow(candles, order, range(first, min(last + 1, len(candles))), finer)
    if last >= len(candles):
        return {
            "outcome": Outcome.OPEN,
            "exit_index": -1 if ended is None else ended.index,
            **dict.fromkeys(("exit_price", "r", "mae", "mfe"), float("nan")),
            **dict.fromkeys(("bars_held", "ambiguous", "gapped", "resolved"), 0),
        }
    if ended is None:
        price = float(candles.close[last])
        ended = Ended(Outcome.TIME, last, price, order.mae, order.mfe)
    risk = abs(order.entry - order.stop)
    return {
        "outcome": ended.outcome,
        "exit_index": ended.index,
        "exit_price": ended.price,
        "r": (order.gain(ended.price) - float(brackets.exit_cost[row])) / risk,
        "mae": ended.mae / risk,
        "mfe": ended.mfe / risk,
        "bars_held": ended.index - first + 1,
        "ambiguous": ended.ambiguous,
        "gapped": ended.gapped,
        "resolved": ended.resolved,
    }
