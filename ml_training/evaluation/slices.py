"""Scores part by part: per symbol, timeframe, year, or any other key."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml_training.evaluation.metrics import IntArray
from ml_training.evaluation.outcomes import Outcomes, Predictions, score_period


@dataclass(frozen=True)
class SliceScore:
    """Score the setups of one key.

    Attributes
    ----------
    key : str
        Symbol, timeframe or year.
    n : int
        Its setups.
    auc : float or None
        None when they all end alike.
    n_taken : int
        How many of them were worth taking.
    expectancy_r, every_r : float
        Mean result in R of the taken ones, and of all of them.
    """

    key: str
    n: int
    auc: float | None
    n_taken: int
    expectancy_r: float
    every_r: float

    def as_dict(self) -> dict[str, object]:
        """Return the score as a dictionary that JSON can hold."""
        return {
            "key": self.key,
            "n": self.n,
            "auc": self.auc,
            "taken": self.n_taken,
            "expectancy_r": self.expectancy_r,
            "every_r": self.every_r,
        }


def score_slices(
    keys: NDArray[Any], outcomes: Outcomes, said: Predictions
) -> tuple[SliceScore, ...]:
    """Score each part of a block of setups.

    Parameters
    ----------
    keys : array of str, shape (n_setups,)
        The part each setup belongs to.
    outcomes : Outcomes
        The block, in time order.
    said : Predictions
        Of the same setups.

    Returns
    -------
    tuple of SliceScore
        In the order of the keys.

    Notes
    -----
    Each part is small and there are many: the best of them is best by luck, too. No
    interval is given, and nothing is chosen by these figures.
    """
    scores = []
    for key in np.unique(keys):
        rows = np.flatnonzero(keys == key)
        found = score_period(outcomes, said, rows)
        scores.append(
            SliceScore(
                key=str(key),
                n=len(rows),
                auc=found.auc,
                n_taken=found.n_taken,
                expectancy_r=found.expectancy_r,
                every_r=float(outcomes.r[rows].mean()),
            )
        )
    return tuple(scores)


def name_years(t0: IntArray) -> NDArray[np.str_]:
    """Return the year in which each setup enters (UTC), as text.

    Examples
    --------
    >>> import numpy as np
    >>> name_years(np.array([0, 1_577_836_799, 1_577_836_800])).tolist()
    ['1970', '2019', '2020']
    """
    years: NDArray[np.str_] = t0.astype("datetime64[s]").astype("datetime64[Y]").astype(np.str_)
    return years
