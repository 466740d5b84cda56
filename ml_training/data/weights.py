"""How much a setup counts when it shares its time with others."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml_training.errors import DataError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def average_uniqueness(t0: Ints, t1: Ints, group: NDArray[Any]) -> Floats:
    """Weigh every setup by the share of its time that is its own.

    At a moment when c setups of one group are open, each owns 1/c of it; the weight
    is the mean of that over the setup's life on the wall clock.

    Parameters
    ----------
    t0, t1 : array of int, shape (n_setups,)
        Start and end of each setup, seconds; half-open, so a setup that starts when
        another ends shares nothing with it.
    group : array, shape (n_setups,)
        Setups overlap within a group only. Use the symbol: all timeframes and both
        sides of one symbol live on the same prices.

    Returns
    -------
    array of float, shape (n_setups,), above 0 and at most 1
        The sum is the effective number of setups.

    Raises
    ------
    DataError
        When a setup ends before it starts, or at once.

    Notes
    -----
    Counting bars instead of time would call a daily and an hourly setup of the same
    day distinct. Sorting makes this O(n log n).

    References
    ----------
    Lopez de Prado (2018), Advances in Financial Machine Learning, section 4.4.

    Examples
    --------
    >>> import numpy as np
    >>> t0, t1 = np.array([0, 50, 0]), np.array([100, 150, 100])
    >>> average_uniqueness(t0, t1, np.array(["EURUSD", "EURUSD", "XAUUSD"])).tolist()
    [0.75, 0.75, 1.0]
    """
    t0, t1 = np.asarray(t0, dtype=np.int64), np.asarray(t1, dtype=np.int64)
    _check_intervals(t0, t1)
    weight = np.empty(len(t0))
    if not len(t0):
        return weight
    _, codes = np.unique(group, return_inverse=True)
    order = np.argsort(codes, kind="stable")
    starts = np.flatnonzero(np.diff(codes[order])) + 1
    for rows in np.split(order, starts):
        weight[rows] = _uniqueness_of_one_group(t0[rows], t1[rows])
    return weight


def effective_number(weight: Floats) -> float:
    """Count the setups as if none overlapped.

    Parameters
    ----------
    weight : array of float, shape (n_setups,)
        Average uniqueness of every setup.

    Returns
    -------
    float
        At most the number of setups.
    """
    return float(np.sum(weight))


def _uniqueness_of_one_group(t0: Ints, t1: Ints) -> Floats:
    moments, position = np.unique(np.concatenate((t0, t1)), return_inverse=True)
    first, last = position[: len(t0)], position[len(t0) :]
    change = np.bincount(first, minlength=len(moments)) - np.bincount(last, minlength=len(moments))
    n_open = np.cumsum(change)[:-1]
    # Nobody is open in a pause; its share is never asked for, 1 only avoids 1/0.
    owned = np.where(n_open > 0, np.diff(moments) / np.maximum(n_open, 1), 0.0)
    until = np.concatenate(([0.0], np.cumsum(owned)))
    return np.asarray((until[last] - until[first]) / (t1 - t0), dtype=np.float64)


def _check_intervals(t0: Ints, t1: Ints) -> None:
    wrong = np.flatnonzero(t1 <= t0)
    if len(wrong):
        row = int(wrong[0])
        msg = (
            f"every setup must end after it starts, but {len(wrong)} do not, the first in "
            f"row {row}: from {int(t0[row])} to {int(t1[row])}"
        )
        raise DataError(msg, hint="Leave unlabelled setups out: they have no end yet")
