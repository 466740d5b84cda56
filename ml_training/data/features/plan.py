"""Which features a model sees: their names, how far they look back, and a hash."""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import numpy.typing as npt

from ml_training.data.features.market_state import MEASURED, READ, READ_HIGHER, next_higher
from ml_training.data.features.moments import Moments, gather_moments
from ml_training.data.features.normalise import feature_look_back, normalise
from ml_training.data.frame import Frame
from ml_training.data.indicators import FloatArray, IndicatorUse
from ml_training.data.timeframes import timeframe_seconds

VERSION = 1  # raise it when a formula changes: models of another version are refused


@dataclass(frozen=True)
class Feature:
    """One column.

    Parameters
    ----------
    name : str
        Unique among the columns.
    lookback : int
        Bars before the signal bar that it needs, counted on its own timeframe.
    timeframe : str or None
        None for the strategy's own, "higher" for one step up, or a timeframe.
    compute : callable
        Values at the signal bars, shape (n_setups,).
    """

    name: str
    lookback: int
    timeframe: str | None
    compute: Callable[[Moments], FloatArray]


@dataclass(frozen=True)
class FeaturePlan:
    """The columns of a strategy in order: the market state, then its own indicators.

    Parameters
    ----------
    features : tuple of Feature
        The columns.
    """

    features: tuple[Feature, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns."""
        return tuple(feature.name for feature in self.features)

    @property
    def lookbacks(self) -> tuple[int, ...]:
        """Bars each column looks back, counted on the column's own timeframe."""
        return tuple(feature.lookback for feature in self.features)

    @property
    def digest(self) -> str:
        """SHA-256 over names, look-backs and the version of the formulas."""
        told = [VERSION, list(self.names), list(self.lookbacks)]
        return hashlib.sha256(json.dumps(told).encode()).hexdigest()

    def lookback_bars(self, timeframe: str) -> int:
        """Return the bars of a base timeframe to load before the first signal bar.

        Parameters
        ----------
        timeframe : str
            Timeframe of the candles.

        Returns
        -------
        int
            With so many bars before it, a setup has the features it would have with all
            of history, to about 1e-6 of their spread.
        """
        base_s = timeframe_seconds(timeframe)
        needed = 0
        for feature in self.features:
            own = resolve_timeframe(feature.timeframe, timeframe)
            ratio = timeframe_seconds(own) // base_s
            n_bars = feature.lookback if ratio == 1 else (feature.lookback + 2) * ratio
            needed = max(needed, n_bars)
        return needed


def resolve_timeframe(timeframe: str | None, base: str) -> str:
    """Return the timeframe that None or "higher" stand for."""
    if timeframe == HIGHER:
        return next_higher(base)
    return timeframe or base


HIGHER = "higher"


def read_higher(use: IndicatorUse, moments: Moments) -> FloatArray:
    """Normalise an indicator of the next higher timeframe."""
    return normalise(replace(use, timeframe=next_higher(moments.frame.timeframe)), moments)


def market_state() -> tuple[Feature, ...]:
    """Return the columns that every strategy has."""
    own = [
        Feature(name, feature_look_back(use), None, partial(normalise, use))
        for name, use in READ.items()
    ]
    measured = [
        Feature(name, n_bars, None, compute) for name, (compute, n_bars) in MEASURED.items()
    ]
    higher = [
        Feature(name, feature_look_back(use), HIGHER, partial(read_higher, use))
        for name, use in READ_HIGHER.items()
    ]
    return (*own, *higher, *measured)


MARKET_STATE = market_state()


def plan_features(uses: Sequence[IndicatorUse]) -> FeaturePlan:
    """Plan the columns of a strategy.

    Parameters
    ----------
    uses : sequence of IndicatorUse
        The indicators of its rules; repeated ones count once, and those the market
        state reads anyway are not read twice.

    Returns
    -------
    FeaturePlan
    """
    known = set(READ.values())
    unique = [use for use in dict.fromkeys(uses) if use not in known]
    own = (
        Feature(use.label, feature_look_back(use), use.timeframe, partial(normalise, use))
        for use in unique
    )
    return FeaturePlan((*MARKET_STATE, *own))


def compute_features(
    plan: FeaturePlan,
    frame: Frame,
    *,
    signal_index: npt.ArrayLike,
    side: npt.ArrayLike,
    risk: npt.ArrayLike,
    cost: npt.ArrayLike,
    reward: npt.ArrayLike | None = None,
) -> FloatArray:
    """Compute the features of setups at their signal bars.

    Parameters
    ----------
    plan : FeaturePlan
        The columns.
    frame : Frame
        Candles of one symbol and timeframe.
    signal_index : array_like of int, shape (n_setups,)
        Bars at whose close the setups appear; entry is at the next open.
    side : array_like, shape (n_setups,)
        +1 long, -1 short.
    risk, cost : array_like, shape (n_setups,)
        Distance to the stop and cost of a round trip, in price.
    reward : array_like, shape (n_setups,), optional
        Distance to the target in price; 0 when there is none.

    Returns
    -------
    ndarray of float64, shape (n_setups, n_features)
        NaN where an indicator has not warmed up.

    Raises
    ------
    ValueError
        For columns of unequal length, bars out of range or sides other than -1 and +1.

    Notes
    -----
    Look-ahead: uses bars up to and including the signal bar. Every indicator is
    computed on the whole series, sampled at the signal bars and left to the frame,
    which drops the least recently used arrays.
    """
    moments = gather_moments(
        frame, signal_index=signal_index, side=side, risk=risk, cost=cost, reward=reward
    )
    X = np.empty((len(moments.index), len(plan.features)))
    for column, feature in enumerate(plan.features):
        X[:, column] = feature.compute(moments)
    return X
