"""The moments at which setups are decided: signal bars, sides and what is at stake."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from ml_training.data.frame import Frame
from ml_training.data.indicators import FloatArray, IndicatorUse, look_back, make_use
from ml_training.data.indicators.ranges import IntArray, divide

ATR = make_use("atr", length=14)  # the unit of everything that is a price
ATR_MEMORY = look_back(ATR)


@dataclass(frozen=True, eq=False)
class Moments:
    """Signal bars of setups and what is known there.

    Parameters
    ----------
    frame : Frame
        Candles and indicators of one series.
    index : ndarray of int, shape (n_setups,)
        Signal bars.
    side : ndarray of float, shape (n_setups,)
        +1 long, -1 short.
    risk, reward, cost : ndarray of float, shape (n_setups,)
        Distance to the stop, to the target, and the cost of a round trip, in price.
    """

    frame: Frame
    index: IntArray
    side: FloatArray
    risk: FloatArray
    reward: FloatArray
    cost: FloatArray

    def __post_init__(self) -> None:
        n_setups = len(self.index)
        for name in ("side", "risk", "reward", "cost"):
            shape = getattr(self, name).shape
            if shape != (n_setups,):
                raise ValueError(f"`{name}` must have shape ({n_setups},), got {shape}")
        if n_setups and not 0 <= self.index.min() <= self.index.max() < len(self.frame):
            raise ValueError(
                f"`signal_index` must lie in 0..{len(self.frame) - 1}, "
                f"got {self.index.min()}..{self.index.max()}"
            )
        if not np.isin(self.side, (-1.0, 1.0)).all():
            raise ValueError(f"`side` must be -1 or +1, got {np.unique(self.side)}")

    @cached_property
    def atr(self) -> FloatArray:
        """Average true range at the signal bars."""
        return self.frame.sample(ATR, self.index)

    def price(self, name: str) -> FloatArray:
        """Return a price of the signal bars."""
        return self.frame.price(name)[self.index]

    def sample(self, long_use: IndicatorUse, short_use: IndicatorUse) -> FloatArray:
        """Return one use at the bars of longs and another at those of shorts."""
        values = self.frame.sample(long_use, self.index)
        if short_use != long_use:
            is_short = self.side < 0
            values[is_short] = self.frame.sample(short_use, self.index[is_short])
        return values

    def in_atr(self, distance: FloatArray, timeframe: str | None = None) -> FloatArray:
        """Return a price distance in average true ranges; 0 where nothing moves."""
        if timeframe is None:
            return divide(distance, self.atr, otherwise=0.0)
        use = IndicatorUse(ATR.key, ATR.params, ATR.output, timeframe)
        return divide(distance, self.frame.sample(use, self.index), otherwise=0.0)


def gather_moments(
    frame: Frame,
    *,
    signal_index: npt.ArrayLike,
    side: npt.ArrayLike,
    risk: npt.ArrayLike,
    cost: npt.ArrayLike,
    reward: npt.ArrayLike | None = None,
) -> Moments:
    """Convert columns of setups into moments; a missing target counts as distance 0."""
    index = np.asarray(signal_index, dtype=np.int64)
    at_stake = [np.asarray(column, dtype=np.float64) for column in (side, risk, cost)]
    target = np.zeros(len(index)) if reward is None else np.asarray(reward, dtype=np.float64)
    return Moments(frame, index, at_stake[0], at_stake[1], target, at_stake[2])
