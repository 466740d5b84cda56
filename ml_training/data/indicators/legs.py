"""The zigzag: pivots confirmed late, and the swings between them."""

from dataclasses import dataclass

import numpy as np

from ml_training.data.indicators.base import Bars, FloatArray
from ml_training.data.indicators.ranges import (
    BoolArray,
    IntArray,
    last_index,
    rolling_max,
    rolling_min,
    true_range_average,
)

UP, DOWN, UNKNOWN = 1, -1, 0


def find_pivots(bars: Bars, strength: int) -> tuple[BoolArray, BoolArray]:
    """Find the bars at which a pivot high or low becomes known.

    Parameters
    ----------
    bars : Bars
        The series.
    strength : int
        Bars on either side that must stay below a high (above a low); 2 gives the usual
        5-bar pivot. Among equal highs the first counts.

    Returns
    -------
    tuple of two ndarrays of bool, shape (n_bars,)
        Highs and lows. True at bar t means that the pivot stands at bar `t - strength`.

    Notes
    -----
    Look-ahead: a pivot is confirmed by the `strength` bars after it, so it exists only
    from its confirmation on. Marking it where it stands is the usual mistake.
    """
    n_bars = len(bars)
    highs, lows = np.zeros(n_bars, bool), np.zeros(n_bars, bool)
    stands = slice(strength, n_bars - strength)
    before = slice(strength - 1, n_bars - strength - 1)
    after = slice(2 * strength, n_bars)
    if n_bars > 2 * strength:
        top, bottom = rolling_max(bars.high, strength), rolling_min(bars.low, strength)
        highs[after] = (bars.high[stands] > top[before]) & (bars.high[stands] >= top[after])
        lows[after] = (bars.low[stands] < bottom[before]) & (bars.low[stands] <= bottom[after])
    return highs, lows


@dataclass(frozen=True, eq=False)
class Legs:
    """The last swing up and the last swing down, noted whenever one of them changes.

    Parameters
    ----------
    known_at : ndarray of int, shape (n_changes,)
        Bar from which the row holds.
    direction : ndarray of float, shape (n_changes,)
        +1 while the newest swing goes up, -1 while it goes down.
    up_low, up_high, down_high, down_low : ndarray of float, shape (n_changes,)
        Prices where the swings begin and end; NaN while there was none.
    up_end, down_end : ndarray of float, shape (n_changes,)
        Bars at which they end; NaN while there was none.
    n_bars : int
        Number of bars in all.
    """

    known_at: IntArray
    direction: FloatArray
    up_low: FloatArray
    up_high: FloatArray
    down_high: FloatArray
    down_low: FloatArray
    up_end: FloatArray
    down_end: FloatArray
    n_bars: int

    def spread(self, values: FloatArray) -> FloatArray:
        """Give every bar the value known there, NaN before the first."""
        spread = np.full(self.n_bars, np.nan)
        if len(self.known_at):
            lengths = np.diff(self.known_at, append=self.n_bars)
            spread[self.known_at[0] :] = np.repeat(values, lengths)
        return spread


@dataclass(slots=True)
class Zigzag:
    """The newest swing: it runs from low to high (up) or from high to low (down)."""

    direction: int = UNKNOWN
    high: float = -np.inf
    high_at: int = -1
    low: float = np.inf
    low_at: int = -1

    def see_high(self, price: float, at: int, threshold: float) -> bool:
        """Take in a pivot high; return whether the swing changed."""
        goes_on = self.direction == UP and price > self.high
        turns = self.direction != UP and price - self.low >= threshold
        if goes_on or turns:
            self.direction, self.high, self.high_at = UP, price, at
        elif self.direction == UNKNOWN:
            self.widen(price, self.low, at)
        return goes_on or turns

    def see_low(self, price: float, at: int, threshold: float) -> bool:
        """Take in a pivot low; return whether the swing changed."""
        goes_on = self.direction == DOWN and price < self.low
        turns = self.direction != DOWN and self.high - price >= threshold
        if goes_on or turns:
            self.direction, self.low, self.low_at = DOWN, price, at
        elif self.direction == UNKNOWN:
            self.widen(self.high, price, at)
        return goes_on or turns

    def see_both(self, high: float, low: float, at: int, threshold: float) -> bool:
        """Take in a bar that is both: the swing first goes on, then perhaps turns."""
        if self.direction == UP:
            went_on = self.see_high(high, at, threshold)
            return self.see_low(low, at, threshold) or went_on
        if self.direction == DOWN:
            went_on = self.see_low(low, at, threshold)
            return self.see_high(high, at, threshold) or went_on
        self.widen(high, low, at)
        return False

    def widen(self, high: float, low: float, at: int) -> None:
        """Remember the extremes seen before the first swing."""
        if high > self.high:
            self.high, self.high_at = high, at
        if low < self.low:
            self.low, self.low_at = low, at


def find_legs(bars: Bars, strength: int, min_atr: float, atr_length: int) -> Legs:
    """Find the swings of a zigzag over confirmed pivots.

    Parameters
    ----------
    bars : Bars
        The series.
    strength : int
        Bars on either side of a pivot.
    min_atr : float
        Smallest swing, in average true ranges at the bar that confirms its end.
    atr_length : int
        Length of that average.

    Returns
    -------
    Legs
        Shared between the indicators that read them.
    """

    def make() -> Legs:
        threshold = min_atr * true_range_average(bars, atr_length)
        return collect_legs(follow_pivots(bars, strength, threshold), len(bars))

    legs: Legs = bars.share(("legs", strength, min_atr, atr_length), make)
    return legs


def follow_pivots(bars: Bars, strength: int, threshold: FloatArray) -> FloatArray:
    """Walk over the pivots and note every change of the zigzag.

    Returns
    -------
    ndarray of shape (n_changes, 6)
        known_at, direction, high, high_at, low, low_at.

    Notes
    -----
    A plain loop over the pivots, about two bars in five: what a pivot means depends on
    the swing so far.
    """
    highs, lows = find_pivots(bars, strength)
    known = np.flatnonzero(highs | lows)
    stands = known - strength
    zigzag, changes = Zigzag(), []
    for at, is_high, is_low, high, low, limit in zip(
        stands.tolist(),
        highs[known].tolist(),
        lows[known].tolist(),
        bars.high[stands].tolist(),
        bars.low[stands].tolist(),
        threshold[known].tolist(),
        strict=True,
    ):
        if is_high and is_low:
            changed = zigzag.see_both(high, low, at, limit)
        elif is_high:
            changed = zigzag.see_high(high, at, limit)
        else:
            changed = zigzag.see_low(low, at, limit)
        if changed:
            z = zigzag
            changes.append((at + strength, z.direction, z.high, z.high_at, z.low, z.low_at))
    return np.array(changes, dtype=np.float64).reshape(-1, 6)


def collect_legs(changes: FloatArray, n_bars: int) -> Legs:
    """Turn the changes of a zigzag into its last swing up and last swing down."""
    known_at, direction, high, high_at, low, low_at = changes.T
    up, down = last_index(direction == UP), last_index(direction == DOWN)

    def pick(values: FloatArray, rows: IntArray) -> FloatArray:
        return np.where(rows >= 0, values[rows], np.nan)

    return Legs(
        known_at=known_at.astype(np.int64),
        direction=direction,
        up_low=pick(low, up),
        up_high=pick(high, up),
        up_end=pick(high_at, up),
        down_high=pick(high, down),
        down_low=pick(low, down),
        down_end=pick(low_at, down),
        n_bars=n_bars,
    )
