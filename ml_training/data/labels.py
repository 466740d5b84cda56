"""Find where each setup leaves the market: take profit, stop loss or time."""

from dataclasses import dataclass, fields
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from ml_training.data.barriers import Exits, Orders, walk_orders
from ml_training.data.candles import Candles

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

NEVER = -1
"""Exit bar of a setup that has not touched a barrier."""

BLOCK = 16_384
"""Setups labelled together. Chosen: their working columns take some 2 MB."""


class Outcome(IntEnum):
    """Name the end of a setup; OPEN has no label."""

    OPEN = 0
    TAKE_PROFIT = 1
    STOP_LOSS = 2
    TIME = 3


@dataclass(frozen=True, eq=False)
class Brackets:
    """Hold orders to label, one per row: an entry with its stop and its target.

    Parameters
    ----------
    entry_index : array of int, shape (n_setups,)
        Bar at whose open the setup enters.
    side : array of int, shape (n_setups,)
        1 for long, -1 for short.
    entry : array of float, shape (n_setups,)
        Price paid: mid price at the open plus (short: minus) half the spread.
    stop, target : array of float, shape (n_setups,)
        Barriers as mid prices on the two sides of `entry`.
    exit_cost : array of float, shape (n_setups,)
        What leaving costs, as a price difference: half the spread plus commission.

    Raises
    ------
    ValueError
        When a row is no order: not finite, or a barrier on the wrong side.
    """

    entry_index: Ints
    side: NDArray[np.int8]
    entry: Floats
    stop: Floats
    target: Floats
    exit_cost: Floats

    def __post_init__(self) -> None:
        """Check that every row is an order that can be placed."""
        rows = {field.name: getattr(self, field.name) for field in fields(self)}
        if len({len(column) for column in rows.values()}) > 1:
            raise ValueError("all columns of `Brackets` must have the same length")
        if not np.isin(self.side, (1, -1)).all():
            raise ValueError("`side` must be 1 (long) or -1 (short) in every row")
        wrong = np.flatnonzero(~placeable(self.side, self.entry, self.stop, self.target))
        if len(wrong):
            msg = (
                f"stop, entry and target must be finite and in that order (reversed for "
                f"shorts), but {len(wrong)} rows are not, the first is row {wrong[0]}"
            )
            raise ValueError(msg)

    def __len__(self) -> int:
        return len(self.entry_index)

    @property
    def risk(self) -> Floats:
        """Distance from entry to stop, a price difference above zero."""
        return np.abs(self.entry - self.stop)


@dataclass(frozen=True, eq=False)
class Labels:
    """Hold how each setup ended, one per row.

    Parameters
    ----------
    outcome : array of int8, shape (n_setups,)
        An `Outcome`.
    exit_index : array of int, shape (n_setups,)
        Bar of the exit. For an OPEN setup the bar that already touched a barrier,
        or -1 when none did.
    exit_price : array of float, shape (n_setups,)
        Mid price of the exit; NaN when OPEN, like the next three.
    r : array of float, shape (n_setups,)
        Result after costs over the risk.
    mae, mfe : array of float, shape (n_setups,), 0 or more
        Largest move against and for the setup in R before costs; see Notes of
        `label_barriers`.
    bars_held : array of int, shape (n_setups,)
        Bars from entry to exit, both included; 0 when OPEN.
    ambiguous : array of bool, shape (n_setups,)
        Both barriers lie in the exit bar and nothing tells which came first.
    gapped : array of bool, shape (n_setups,)
        The exit bar opened beyond a barrier.
    resolved : array of bool, shape (n_setups,)
        Both barriers lie in the exit bar and the finer timeframe told the order.
    """

    outcome: NDArray[np.int8]
    exit_index: Ints
    exit_price: Floats
    r: Floats
    mae: Floats
    mfe: Floats
    bars_held: Ints
    ambiguous: Bools
    gapped: Bools
    resolved: Bools

    def __len__(self) -> int:
        return len(self.outcome)

    @property
    def labelled(self) -> Bools:
        """Mark the setups whose whole horizon lies in the data."""
        return np.asarray(self.outcome != Outcome.OPEN)


@dataclass(frozen=True, eq=False)
class FinerPath:
    """Hold candles of a finer timeframe that tell the order of things inside a bar.

    Parameters
    ----------
    candles : Candles
        The finer candles; they may cover a part of the time only.
    bar_s : int
        Seconds of one bar of the coarser timeframe.
    """

    candles: Candles
    bar_s: int


def label_barriers(
    candles: Candles, brackets: Brackets, *, max_bars: int, finer: FinerPath | None = None
) -> Labels:
    """Label setups by the barrier that the price touches first.

    Parameters
    ----------
    candles : Candles
        Mid prices.
    brackets : Brackets
        The setups.
    max_bars : int
        Bars a setup may live, the entry bar included.
    finer : FinerPath, optional
        Tells which barrier came first when one bar holds both.

    Returns
    -------
    Labels
        One row per bracket, in the same order.

    Raises
    ------
    ValueError
        When `max_bars` is below 1 or an entry lies outside the candles.

    Notes
    -----
    From the entry bar on, for a long (a short is its mirror image): an open at or below
    the stop fills at the open; an open at or above the target fills at the target,
    which is less than the market gives; a low at the stop fills there; a high at the
    target fills there; both in one bar count as the stop, flagged, unless the finer
    candles tell otherwise. After `max_bars` bars the setup leaves at the close.

    A setup whose horizon is not wholly in the data is OPEN even when a barrier was
    already touched: else the newest setups would be those that end fast, and the
    nearer barrier, mostly the stop, would be over-represented among them.

    MAE and MFE cover the bars held. In the exit bar the adverse extreme is taken to
    come first: a stop counts the open and the fill, a target counts the adverse extreme
    and is never exceeded, a setup that leaves by time counts the whole bar.

    Looks ahead by design, at most to bar `entry_index + max_bars - 1`.
    """
    _check_horizon(candles, brackets, max_bars)
    labels = _blank_labels(len(brackets))
    for start in range(0, len(brackets), BLOCK):
        block = slice(start, start + BLOCK)
        for sign in (1, -1):
            rows = start + np.flatnonzero(brackets.side[block] == sign)
            orders = _orders(brackets, rows, sign=sign, horizon=(max_bars, len(candles)))
            exits, before = walk_orders(candles, orders)
            resolved = _resolve(exits, before, candles, finer)
            known = orders.first + max_bars <= len(candles)
            touched = known | exits.by_stop | exits.by_target
            labels.exit_index[rows[touched]] = exits.at[touched]
            labels.resolved[rows] = resolved & known
            _write(labels, exits, brackets, rows=rows, known=known)
    return labels


def placeable(side: NDArray[np.int8], entry: Floats, stop: Floats, target: Floats) -> Bools:
    """Mark the rows that are orders: finite, stop and target on their own sides.

    Parameters
    ----------
    side : array of int, shape (n_setups,)
        1 for long, -1 for short.
    entry, stop, target : array of float, shape (n_setups,)
        Prices; NaN where an indicator warms up.

    Returns
    -------
    array of bool, shape (n_setups,)
        False also for a risk or a reward of zero.
    """
    finite = np.isfinite(entry) & np.isfinite(stop) & np.isfinite(target)
    return np.asarray(finite & (side * (entry - stop) > 0) & (side * (target - entry) > 0))


def _orders(brackets: Brackets, rows: Ints, *, sign: int, horizon: tuple[int, int]) -> Orders:
    max_bars, n_bars = horizon
    first, entry = brackets.entry_index[rows], sign * brackets.entry[rows]
    return Orders(
        sign=sign,
        first=first,
        end=np.minimum(first + max_bars, n_bars),
        stop=sign * brackets.stop[rows],
        target=sign * brackets.target[rows],
        worst=entry,
        best=entry,
    )


def _resolve(exits: Exits, before: Orders, candles: Candles, finer: FinerPath | None) -> Bools:
    """Walk bars that hold both barriers on the finer candles; mark what that tells."""
    resolved = np.zeros(len(exits.at), dtype=bool)
    if finer is None:
        return resolved
    rows = np.flatnonzero(exits.ambiguous)
    opened = candles.time[exits.at[rows]]
    first = np.searchsorted(finer.candles.time, opened)
    end = np.searchsorted(finer.candles.time, opened + finer.bar_s)
    rows, first, end = (column[first < end] for column in (rows, first, end))
    inside, _ = walk_orders(finer.candles, before.take(rows, first=first, end=end))
    told = inside.by_stop | inside.by_target
    exits.take_over(rows[told], inside.take(told))
    resolved[rows[told]] = ~inside.ambiguous[told]
    return resolved


def _write(labels: Labels, exits: Exits, brackets: Brackets, *, rows: Ints, known: Bools) -> None:
    rows, done = rows[known], exits.take(known)
    sign = brackets.side[rows]
    entry, risk = sign * brackets.entry[rows], brackets.risk[rows]
    by_barrier = np.where(done.by_stop, Outcome.STOP_LOSS, Outcome.TAKE_PROFIT)
    labels.outcome[rows] = np.where(done.by_stop | done.by_target, by_barrier, Outcome.TIME)
    labels.exit_price[rows] = sign * done.price
    labels.r[rows] = (done.price - entry - brackets.exit_cost[rows]) / risk
    labels.mae[rows] = (entry - done.worst) / risk
    labels.mfe[rows] = (done.best - entry) / risk
    labels.bars_held[rows] = done.at - brackets.entry_index[rows] + 1
    labels.ambiguous[rows], labels.gapped[rows] = done.ambiguous, done.gapped


def _blank_labels(n_setups: int) -> Labels:
    return Labels(
        outcome=np.full(n_setups, Outcome.OPEN, dtype=np.int8),
        exit_index=np.full(n_setups, NEVER, dtype=np.int64),
        exit_price=np.full(n_setups, np.nan),
        r=np.full(n_setups, np.nan),
        mae=np.full(n_setups, np.nan),
        mfe=np.full(n_setups, np.nan),
        bars_held=np.zeros(n_setups, dtype=np.int64),
        ambiguous=np.zeros(n_setups, dtype=bool),
        gapped=np.zeros(n_setups, dtype=bool),
        resolved=np.zeros(n_setups, dtype=bool),
    )


def _check_horizon(candles: Candles, brackets: Brackets, max_bars: int) -> None:
    if max_bars < 1:
        msg = f"`max_bars` must be at least 1, got {max_bars}; 1 leaves at the entry bar's close"
        raise ValueError(msg)
    inside = (brackets.entry_index >= 0) & (brackets.entry_index < len(candles))
    if not inside.all():
        msg = f"`entry_index` must lie in 0..{len(candles) - 1}; the entry bar must exist"
        raise ValueError(msg)
