"""Turn the signals of a strategy into setups: entered, bracketed, labelled, spaced."""

from dataclasses import dataclass, field, fields
from typing import Self

import numpy as np
from numpy.typing import NDArray

from ml_training.data.candles import Candles
from ml_training.data.frame import Frame
from ml_training.data.instruments import InstrumentSpec
from ml_training.data.labels import (
    NEVER,
    Brackets,
    FinerPath,
    Labels,
    Outcome,
    label_barriers,
    placeable,
)
from ml_training.data.rules import Rules, Signals, evaluate_rules, exit_prices

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

AMBIGUOUS, GAPPED, RESOLVED = 1, 2, 4
"""Bits of `Setups.flags`; see `ml_training.data.labels.Labels`."""

NO_END = -1
"""`t1` of a setup that is not labelled."""

BLOCK = 131_072
"""Signals looked at together. Chosen: some 30 MB, however many signals there are."""

BASIS_POINTS = 1e-4


@dataclass(frozen=True)
class ScanCounts:
    """Count what became of the signals.

    Parameters
    ----------
    n_bars : int
        Bars looked at.
    n_signals : int
        Bars on which the rules say enter, on either side.
    n_both_sides : int
        Bars on which they say long and short at once: no setup.
    n_awaiting_entry : int
        Signals on the newest bar, whose entry bar does not exist yet.
    n_unplaceable : int
        Signals without a stop or target on its side of the entry: indicators that
        warm up, a level already passed.
    n_skipped : int
        Signals inside the cool-down or while the previous setup was open.
    """

    n_bars: int
    n_signals: int
    n_both_sides: int
    n_awaiting_entry: int
    n_unplaceable: int
    n_skipped: int


@dataclass(frozen=True, eq=False)
class Setups:
    """Hold the setups of one symbol and timeframe, one per row, in order of time.

    Parameters
    ----------
    signal_index : array of int, shape (n_setups,)
        Bar t whose close gives the signal; the setup enters at the open of t + 1.
    t0, t1 : array of int, shape (n_setups,)
        Open of the entry bar and end of the exit bar, UTC epoch seconds; `t1` is -1
        without a label.
    horizon : array of int, shape (n_setups,)
        End of the last bar that may decide it, UTC epoch seconds; -1 while that bar
        is not in the data. To keep setups up to a date, ask this and not `t1`: asking
        `t1` would keep the quick outcomes only.
    side : array of int8, shape (n_setups,)
        1 for long, -1 for short.
    entry, stop, target : array of float, shape (n_setups,)
        Price paid (open plus or minus half the spread) and the barriers (mid prices).
    outcome : array of int8, shape (n_setups,)
        An `Outcome`; OPEN while the horizon is not wholly in the data.
    r, mae, mfe : array of float, shape (n_setups,)
        Result after costs and largest moves against and for, in R; NaN when OPEN.
    bars_held : array of int, shape (n_setups,)
        Bars from entry to exit, both included; 0 when OPEN.
    flags : array of uint8, shape (n_setups,)
        Sum of `AMBIGUOUS`, `GAPPED`, `RESOLVED`.
    risk : array of float, shape (n_setups,)
        Distance from entry to stop in price: one R.
    cost : array of float, shape (n_setups,)
        Spread and commissions of both ways, in price.
    counts : ScanCounts
        What became of the other signals.
    """

    signal_index: Ints
    t0: Ints
    t1: Ints
    horizon: Ints
    side: NDArray[np.int8]
    entry: Floats
    stop: Floats
    target: Floats
    outcome: NDArray[np.int8]
    r: Floats
    mae: Floats
    mfe: Floats
    bars_held: Ints
    flags: NDArray[np.uint8]
    risk: Floats
    cost: Floats
    counts: ScanCounts = field(kw_only=True)

    def __len__(self) -> int:
        return len(self.signal_index)

    @property
    def labelled(self) -> Bools:
        """Mark the setups that have a label."""
        return np.asarray(self.outcome != Outcome.OPEN)

    @property
    def win(self) -> Bools:
        """Mark the setups that earn something after costs; False when OPEN."""
        return np.asarray(self.r > 0)

    @property
    def cost_r(self) -> Floats:
        """Costs of both ways in R."""
        return self.cost / self.risk

    def take(self, rows: Ints | Bools) -> Self:
        """Keep some rows; the counts stay those of the scan."""
        columns = (getattr(self, name)[rows] for name in COLUMNS)
        return type(self)(*columns, counts=self.counts)


COLUMNS = tuple(one.name for one in fields(Setups) if one.name != "counts")


@dataclass
class _Pause:
    """Remember from which signal bar on the next setup is allowed."""

    cooldown_bars: int
    one_open: bool
    free_from: int = 0

    def choose(self, signal_index: Ints, exit_index: Ints, n_bars: int) -> Ints:
        """Pick the signals that come when nothing is open and the pause is over.

        A setup that leaves in bar e frees a signal at the close of e: both are known
        then, and the next entry is the open of e + 1.
        """
        free = signal_index + self.cooldown_bars + 1
        if self.one_open:
            free = np.maximum(free, np.where(exit_index == NEVER, n_bars, exit_index))
        following = np.searchsorted(signal_index, free).tolist()
        row, rows = int(np.searchsorted(signal_index, self.free_from)), []
        while row < len(following):
            rows.append(row)
            row = following[row]
        chosen = np.array(rows, dtype=np.int64)
        if len(chosen):
            self.free_from = int(free[chosen[-1]])
        return chosen


def scan_setups(
    rules: Rules, frame: Frame, instrument: InstrumentSpec, *, finer: Candles | None = None
) -> Setups:
    """Find and label every setup of a strategy on one candle series.

    Parameters
    ----------
    rules : Rules
        The strategy.
    frame : Frame
        Candles of one symbol with their timeframe.
    instrument : InstrumentSpec
        Pip and default costs.
    finer : Candles, optional
        The same symbol on a finer timeframe; settles bars that hold both barriers.

    Returns
    -------
    Setups
        Labelled ones and, near the end of the data, OPEN ones.

    Notes
    -----
    The decision at bar t uses bars up to and including t; the entry is the open of
    t + 1, plus half the spread for a long, minus it for a short. Bars with a long and a
    short signal are counted and skipped: the rules contradict themselves there. Signals
    are taken in order of time; signals that cannot be placed start no pause.

    A labelled setup stays as it is when bars after its horizon change or go missing.
    Working memory is bounded: signals are looked at in blocks.
    """
    signals = evaluate_rules(rules, frame)
    index = np.flatnonzero(signals.long ^ signals.short)
    has_entry_bar = index + 1 < len(frame.candles)
    side = np.where(signals.long[index], 1, -1).astype(np.int8)
    pause = _Pause(rules.filters.cooldown_bars, rules.filters.one_open_per_symbol)
    scan = _Scan(rules, frame, instrument, pause, _finer_path(finer, frame))
    index, side = index[has_entry_bar], side[has_entry_bar]
    blocks = range(0, max(len(index), 1), BLOCK)
    parts = [scan.run(index[at : at + BLOCK], side[at : at + BLOCK]) for at in blocks]
    counts = _count(signals, ~has_entry_bar, scan, sum(len(part[0]) for part in parts))
    columns = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Setups(*columns, counts=counts)


@dataclass
class _Scan:
    """Make setups from blocks of signals, in order."""

    rules: Rules
    frame: Frame
    instrument: InstrumentSpec
    pause: _Pause
    finer: FinerPath | None
    n_placeable: int = 0

    def run(self, index: Ints, side: NDArray[np.int8]) -> tuple[NDArray[np.generic], ...]:
        """Return the columns of the setups in one block."""
        candles, spread = self.frame.candles, self._spread()
        entry = candles.open[index + 1] + side * (spread / 2)
        stop, target = exit_prices(self.rules, self.frame, self.instrument, index, side, entry)
        good = placeable(side, entry, stop, target)
        self.n_placeable += int(np.count_nonzero(good))
        commission = 2 * self._commission_bps() * BASIS_POINTS * entry[good]
        brackets = Brackets(
            entry_index=index[good] + 1,
            side=side[good],
            entry=entry[good],
            stop=stop[good],
            target=target[good],
            exit_cost=spread / 2 + commission,
        )
        max_bars = self.rules.exit.max_bars
        labels = label_barriers(candles, brackets, max_bars=max_bars, finer=self.finer)
        chosen = self.pause.choose(index[good], labels.exit_index, len(candles))
        cost = brackets.exit_cost + spread / 2
        return self._columns(brackets, labels, cost, chosen)

    def _columns(
        self, brackets: Brackets, labels: Labels, cost: Floats, chosen: Ints
    ) -> tuple[NDArray[np.generic], ...]:
        time = self.frame.candles.time
        known = labels.labelled
        t1 = np.where(known, time[labels.exit_index] + self.frame.timeframe_s, NO_END)
        last = np.minimum(brackets.entry_index + self.rules.exit.max_bars, len(time)) - 1
        horizon = np.where(known, time[last] + self.frame.timeframe_s, NO_END)
        flags = labels.ambiguous * AMBIGUOUS + labels.gapped * GAPPED + labels.resolved * RESOLVED
        columns = (
            brackets.entry_index - 1,
            time[brackets.entry_index],
            t1,
            horizon,
            brackets.side,
            brackets.entry,
            brackets.stop,
            brackets.target,
            labels.outcome,
            labels.r,
            labels.mae,
            labels.mfe,
            labels.bars_held,
            flags.astype(np.uint8),
            brackets.risk,
            cost,
        )
        return tuple(column[chosen] for column in columns)

    def _spread(self) -> float:
        pips = self.rules.costs.spread_pips
        return self.instrument.spread if pips is None else pips * self.instrument.pip

    def _commission_bps(self) -> float:
        bps = self.rules.costs.commission_bps
        return self.instrument.commission_bps if bps is None else bps


def _finer_path(finer: Candles | None, frame: Frame) -> FinerPath | None:
    return None if finer is None else FinerPath(finer, frame.timeframe_s)


def _count(signals: Signals, awaiting: Bools, scan: _Scan, n_setups: int) -> ScanCounts:
    n_single = len(awaiting)
    n_both = int(np.count_nonzero(signals.long & signals.short))
    n_awaiting = int(np.count_nonzero(awaiting))
    return ScanCounts(
        n_bars=len(signals.long),
        n_signals=n_single + n_both,
        n_both_sides=n_both,
        n_awaiting_entry=n_awaiting,
        n_unplaceable=n_single - n_awaiting - scan.n_placeable,
        n_skipped=scan.n_placeable - n_setups,
    )
