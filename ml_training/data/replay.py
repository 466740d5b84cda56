"""Features of past setups, computed again as if the signal bar were the newest one."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ml_training.data.candles import Candles
from ml_training.data.features import FeaturePlan, compute_features
from ml_training.data.frame import Frame

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

WINDOW = 4
"""Bars before the signal, in look-backs of the plan. Chosen: values then agree with
those of all candles to 1e-10 of their spread (measured on real candles)."""


@dataclass(frozen=True, eq=False)
class Stakes:
    """Hold what a setup's features need beside candles, one per row.

    Attributes
    ----------
    signal_index : array of int, shape (n_setups,)
        Bars at whose close the setups appear.
    side : array, shape (n_setups,)
        1 for long, -1 for short.
    risk, cost, reward : array of float, shape (n_setups,)
        Distance to the stop, cost of a round trip, distance to the target, in price.
    """

    signal_index: Ints
    side: Floats
    risk: Floats
    cost: Floats
    reward: Floats

    def __len__(self) -> int:
        """Return the number of setups."""
        return len(self.signal_index)


def replay_features(
    plan: FeaturePlan, candles: Candles, timeframe: str, stakes: Stakes, *, from_start: bool
) -> Floats:
    """Compute features of setups from candles that end with their signal bars.

    Parameters
    ----------
    plan : FeaturePlan
        The columns.
    candles : Candles
        Of one symbol; those after a signal bar are not shown to its setup.
    timeframe : str
        Of the candles.
    stakes : Stakes
        The setups.
    from_start : bool
        True shows all candles before, which gives bit-identical values; False a window
        of them, which costs the same however long the history is.

    Returns
    -------
    array of float, shape (n_setups, n_features)

    Notes
    -----
    Look-ahead: none is possible, whatever the plan does; that is the purpose.
    """
    n_window = WINDOW * plan.lookback_bars(timeframe)
    X = np.empty((len(stakes), len(plan.names)))
    for row, at in enumerate(stakes.signal_index.tolist()):
        first = 0 if from_start else max(0, at - n_window)
        one = slice(row, row + 1)
        X[row] = compute_features(
            plan,
            Frame(candles.slice(first, at + 1), timeframe),
            signal_index=[at - first],
            side=stakes.side[one],
            risk=stakes.risk[one],
            cost=stakes.cost[one],
            reward=stakes.reward[one],
        )[0]
    return X
