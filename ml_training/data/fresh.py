"""The newest setups of a series: those without an outcome, and those about to enter."""

from dataclasses import dataclass

import numpy as np

from ml_training.data.candles import Candles, concat
from ml_training.data.frame import Frame
from ml_training.data.instruments import InstrumentSpec
from ml_training.data.rules import Rules
from ml_training.data.setups import Setups, scan_setups


@dataclass(frozen=True, eq=False)
class FreshScan:
    """Hold what a scan of the newest bars found.

    Attributes
    ----------
    setups : Setups
        All of the series, as a scan for training finds them; the newest are OPEN.
    awaiting : Setups
        At most one: the signal of the very last bar. Its entry bar does not exist yet,
        so its entry price is the last close, and its distances may still change with
        the open; what the features read from candles is final.
    """

    setups: Setups
    awaiting: Setups


def drop_unclosed(candles: Candles, timeframe_s: int, now_s: int) -> Candles:
    """Return the bars that have closed by a moment.

    Parameters
    ----------
    candles : Candles
        The series; a live feed may end with the bar that is being drawn.
    timeframe_s : int
        Length of its bars in seconds.
    now_s : int
        The moment, UTC epoch seconds.
    """
    n_closed = int(np.searchsorted(candles.time + timeframe_s, now_s, side="right"))
    return candles.slice(0, n_closed)


def scan_fresh(
    rules: Rules, frame: Frame, instrument: InstrumentSpec, *, finer: Candles | None = None
) -> FreshScan:
    """Find the setups of a series up to its last closed bar.

    Parameters
    ----------
    rules : Rules
        The strategy.
    frame : Frame
        Closed bars of one symbol with their timeframe.
    instrument : InstrumentSpec
        Pip and default costs.
    finer : Candles, optional
        The same symbol on a finer timeframe.

    Returns
    -------
    FreshScan

    Notes
    -----
    Uses bars up to and including the last one. A setup found here is found again, with
    the same features to the bit, when later bars have arrived.
    """
    setups = scan_setups(rules, frame, instrument, finer=finer)
    if not setups.counts.n_awaiting_entry:
        return FreshScan(setups, setups.take(np.arange(0)))
    ahead = Frame(_add_standing_bar(frame), frame.timeframe)
    found = scan_setups(rules, ahead, instrument, finer=finer)
    return FreshScan(setups, found.take(found.signal_index == len(frame) - 1))


def _add_standing_bar(frame: Frame) -> Candles:
    """Add a bar in which the price stays where it is, for the entry to have a place."""
    last = frame.candles.slice(len(frame) - 1, len(frame))
    price = last.close
    standing = Candles(last.time + frame.timeframe_s, price, price, price, price, 0 * price)
    return concat([frame.candles, standing])
