"""Setups with what a model sees of them."""

import numpy as np
from numpy.typing import NDArray

from ml_training.data.candles import Candles
from ml_training.data.features import FeaturePlan, compute_features, plan_features
from ml_training.data.frame import Frame
from ml_training.data.instruments import InstrumentSpec
from ml_training.data.labelled import LabelledSet, set_from_setups
from ml_training.data.rules import Rules, indicator_uses
from ml_training.data.setups import Setups, scan_setups


def describe_setups(plan: FeaturePlan, frame: Frame, setups: Setups) -> NDArray[np.float64]:
    """Compute the features of setups, each at its signal bar.

    Parameters
    ----------
    plan : FeaturePlan
        Which columns.
    frame : Frame
        The bars that the setups were found on.
    setups : Setups
        Any of them, OPEN ones included.

    Returns
    -------
    array of float, shape (n_setups, n_features)
        Uses bars up to and including the signal bar.
    """
    return compute_features(
        plan,
        frame,
        signal_index=setups.signal_index,
        side=setups.side,
        risk=setups.risk,
        cost=setups.cost,
        reward=np.abs(setups.target - setups.entry),
    )


def scan_labelled(
    rules: Rules, frame: Frame, instrument: InstrumentSpec, *, finer: Candles | None = None
) -> LabelledSet:
    """Find, label and describe the setups of one series, without a database.

    Parameters
    ----------
    rules : Rules
        The strategy.
    frame : Frame
        Closed bars of one symbol with their timeframe.
    instrument : InstrumentSpec
        Pip and default costs; names the symbol.
    finer : Candles, optional
        The same symbol on a finer timeframe; settles bars that hold both barriers.
    """
    plan = plan_features(indicator_uses(rules))
    setups = scan_setups(rules, frame, instrument, finer=finer)
    return set_from_setups(
        setups,
        describe_setups(plan, frame, setups),
        symbol=instrument.symbol,
        timeframe=frame.timeframe,
        feature_names=plan.names,
        feature_digest=plan.digest,
    )
