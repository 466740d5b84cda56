"""From which probability on a setup is worth taking."""

from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import ArrayLike

from ml_training.evaluation.metrics import FloatArray
from ml_training.evaluation.trading import check_results


@dataclass(frozen=True)
class Threshold:
    """Say from which probability on setups are taken, and what that earned.

    Attributes
    ----------
    value : float
        Take a setup when its probability reaches this; 0 takes every setup, 1 none but
        those that cannot lose.
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


def choose_threshold(p: ArrayLike, r: ArrayLike, *, known_r: ArrayLike | None = None) -> Threshold:
    """Take what is expected to earn: the chance at which wins just pay for losses.

    Parameters
    ----------
    p : array of float, shape (n_setups,)
        Calibrated chances of a win, of the validation block.
    r : array of float, shape (n_setups,)
        Results in R after costs of the same setups.
    known_r : array of float, shape (n_known,), optional
        Results of all setups known by then, which tell the mean win and the mean loss;
        None takes `r`.

    Returns
    -------
    Threshold
        The chance from which on the expected profit is above zero.

    Raises
    ------
    DataError
        When a result is not finite.

    Notes
    -----
    A setup with the chance p is expected to earn p W - (1 - p) L, where W and L are the
    mean win and the mean loss, so that taking from L / (W + L) on has the highest
    expected profit. Searching the cut with the highest profit among some hundred
    setups finds their luck instead (`python -m benchmarks.evaluation --part choices`).
    Where no setup reaches that chance, none is worth taking.
    """
    probabilities, results = np.asarray(p, dtype=np.float64), check_results(r)
    value = find_break_even(results if known_r is None else check_results(known_r))
    taken = probabilities >= value
    return Threshold(
        value=value,
        n_taken=int(taken.sum()),
        n=len(results),
        expectancy_r=float(results[taken].mean()) if taken.any() else 0.0,
        take_all_r=float(results.mean()) if len(results) else 0.0,
    )


def find_break_even(r: FloatArray) -> float:
    """Return the chance of a win at which these results neither gain nor lose.

    Parameters
    ----------
    r : array of float, shape (n_setups,)
        Results in R after costs; a result of 0 counts as a loss, as it does in labels.

    Returns
    -------
    float
        From 0, where nothing was lost, to 1, where nothing was won.

    Examples
    --------
    >>> import numpy as np
    >>> round(find_break_even(np.array([1.9, 1.9, -1.1, -1.1, -1.1])), 4)
    0.3667
    """
    wins, losses = r[r > 0], r[r <= 0]
    if not len(losses) or not losses.any():
        return 0.0
    if not len(wins):
        return 1.0
    lost = -float(losses.mean())
    return lost / (float(wins.mean()) + lost)
