"""From which probability on a setup is worth taking."""

from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import ArrayLike

from ml_training.evaluation.metrics import FloatArray
from ml_training.evaluation.trading import check_results

N_LEVELS = 20
"""Cuts tried, 5 % of the setups apart. Chosen: trying every setup's own probability
picks the luckiest of hundreds of cuts, and that luck does not come back on test."""

MIN_TAKEN = 20
"""A cut that keeps fewer validation setups is not tried: the mean of 20 results with
a standard deviation of 1.4 R (TP 2, SL 1) is known to about 0.3 R at best; chosen."""


@dataclass(frozen=True)
class Threshold:
    """Say from which probability on setups are taken, and what that earned.

    Attributes
    ----------
    value : float
        Take a setup when its probability reaches this; 0 takes every setup.
    n_taken, n : int
        Validation setups kept by it, and all of them.
    expectancy_r : float
        Mean result of the kept setups in R after costs, on validation.
    take_all_r : float
        Mean result of all setups in R after costs, on validation.
    """

    value: float
    n_taken: int
    n: int
    expectancy_r: float
    take_all_r: float

    @property
    def pays(self) -> bool:
        """Tell whether the kept setups earned anything on validation."""
        return self.expectancy_r > 0

    def as_dict(self) -> dict[str, object]:
        """Return the threshold as a dictionary that JSON can hold."""
        return asdict(self)


def choose_threshold(p: ArrayLike, r: ArrayLike) -> Threshold:
    """Choose the cut that would have earned most on these setups.

    Parameters
    ----------
    p : array of float, shape (n_setups,)
        Calibrated chances of a win, of the validation block.
    r : array of float, shape (n_setups,)
        Results in R after costs of the same setups.

    Returns
    -------
    Threshold
        The cut with the highest profit in R per setup seen; among equals the lowest.

    Raises
    ------
    DataError
        When a result is not finite.

    Notes
    -----
    Where every cut loses, the least bad one is returned and `pays` is False.
    """
    probabilities, results = np.asarray(p, dtype=np.float64), check_results(r)
    cuts = _candidate_cuts(probabilities)
    profits = [float(results[probabilities >= cut].sum()) for cut in cuts]
    value = float(cuts[int(np.argmax(profits))])
    taken = probabilities >= value
    return Threshold(
        value=value,
        n_taken=int(taken.sum()),
        n=len(results),
        expectancy_r=float(results[taken].mean()) if taken.any() else 0.0,
        take_all_r=float(results.mean()) if len(results) else 0.0,
    )


def _candidate_cuts(p: FloatArray) -> FloatArray:
    """Return cuts in rising order, 0 first; each keeps at least MIN_TAKEN setups."""
    if len(p) <= MIN_TAKEN:
        return np.zeros(1)
    levels = np.unique(np.quantile(p, np.arange(1, N_LEVELS) / N_LEVELS, method="higher"))
    enough = np.array([np.sum(p >= level) >= MIN_TAKEN for level in levels])
    return np.concatenate(([0.0], levels[enough]))
