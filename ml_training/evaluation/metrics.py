"""Metrics of predicted win probabilities, defined also where only one class occurs."""

from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ml_training.errors import DataError

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

PROBABILITY_FLOOR = float(np.finfo(np.float64).eps)
"""Probabilities are kept this far from 0 and 1 in a logarithm (scikit-learn's rule)."""

CALIBRATION_BINS = 10
"""Bins of equal count; chosen: the usual ten, filled evenly since market
probabilities crowd around the base rate and leave bins of equal width empty."""

ONE_CLASS_NOTE = (
    "only {outcome} occur in these {n} setups, so the order of the probabilities "
    "cannot be judged (no AUC, no balanced accuracy)"
)


@dataclass(frozen=True, kw_only=True)
class Metrics:
    """Hold what was measured on one block of setups at one threshold.

    Attributes
    ----------
    n : int
        Setups measured.
    threshold : float
        A setup counts as predicted win when its probability reaches this.
    auc, balanced_accuracy : float or None
        None when only one class occurs; `notes` says so in words.
    """

    n: int
    threshold: float
    base_rate: float
    accuracy: float
    balanced_accuracy: float | None
    precision: float
    recall: float
    f1_score: float
    auc: float | None
    log_loss: float
    brier: float
    ece: float
    true_positives: int
    false_positives: int
    true_negatives: int
    false_negatives: int
    notes: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, object]:
        """Return the metrics as a dictionary that JSON can hold."""
        return {**asdict(self), "notes": list(self.notes)}


@dataclass(frozen=True, eq=False)
class CalibrationCurve:
    """Compare promised and observed win rates, bin by bin."""

    promised: FloatArray
    observed: FloatArray
    count: IntArray

    @property
    def error(self) -> float:
        """Return the expected calibration error: the mean gap, weighted by count."""
        gap = np.abs(self.promised - self.observed)
        return float(np.sum(gap * self.count) / np.sum(self.count))


def check_outcomes(y: ArrayLike, p: ArrayLike) -> tuple[IntArray, FloatArray]:
    """Return outcomes and probabilities as arrays, or refuse them in words.

    Raises
    ------
    DataError
        When they are empty, differ in length, hold anything but 0 and 1, or
        probabilities outside 0-1 (NaN included).
    """
    outcomes, probabilities = np.asarray(y), np.asarray(p, dtype=np.float64)
    if outcomes.ndim != 1 or outcomes.shape != probabilities.shape:
        msg = (
            "Outcomes and probabilities must be two rows of the same length, "
            f"got shapes {outcomes.shape} and {probabilities.shape}"
        )
        raise DataError(msg)
    if not len(outcomes):
        raise DataError("Metrics need at least one setup, got none")
    if not np.isin(outcomes, (0, 1)).all():
        raise DataError("Outcomes must be 0 (loss) or 1 (win)")
    if not ((probabilities >= 0) & (probabilities <= 1)).all():
        raise DataError("Probabilities must lie between 0 and 1 and be finite")
    return outcomes.astype(np.int64), probabilities


def measure_auc(y: ArrayLike, p: ArrayLike) -> float | None:
    """Return the chance that a random win is ranked above a random loss.

    Parameters
    ----------
    y : array of int, shape (n_setups,)
        1 for a win, 0 for a loss.
    p : array of float, shape (n_setups,)
        Any score that grows with the chance of a win; ties count half.

    Returns
    -------
    float or None
        None when only one class occurs.
    """
    outcomes, scores = np.asarray(y), np.asarray(p)
    n_wins = int(np.sum(outcomes == 1))
    n_losses = len(outcomes) - n_wins
    if not n_wins or not n_losses:
        return None
    rank_sum = float(np.sum(mean_ranks(scores)[outcomes == 1]))
    return (rank_sum - n_wins * (n_wins + 1) / 2) / (n_wins * n_losses)


def mean_ranks(scores: ArrayLike) -> FloatArray:
    """Return ranks from 1, equal scores sharing the mean of their places.

    Examples
    --------
    >>> mean_ranks([0.2, 0.9, 0.2]).tolist()
    [1.5, 3.0, 1.5]
    """
    _, place, count = np.unique(np.asarray(scores), return_inverse=True, return_counts=True)
    last = np.cumsum(count)
    ranks: FloatArray = (last - (count - 1) / 2)[place]
    return ranks


def measure_log_loss(y: ArrayLike, p: ArrayLike) -> float:
    """Return the mean negative log-likelihood of the outcomes."""
    return float(np.mean(log_losses(y, p)))


def log_losses(y: ArrayLike, p: ArrayLike) -> FloatArray:
    """Return the negative log-likelihood of each outcome, shape (n_setups,)."""
    safe = np.clip(np.asarray(p, dtype=np.float64), PROBABILITY_FLOOR, 1 - PROBABILITY_FLOOR)
    losses: FloatArray = -np.log(np.where(np.asarray(y) == 1, safe, 1 - safe))
    return losses


def measure_brier(y: ArrayLike, p: ArrayLike) -> float:
    """Return the mean squared distance between probability and outcome."""
    return float(np.mean((np.asarray(p, dtype=np.float64) - np.asarray(y)) ** 2))


def draw_calibration_curve(
    y: ArrayLike, p: ArrayLike, *, n_bins: int = CALIBRATION_BINS
) -> CalibrationCurve:
    """Return promised against observed win rates in bins of equal count."""
    outcomes, probabilities = check_outcomes(y, p)
    edges = np.percentile(probabilities, np.linspace(0, 100, n_bins + 1))
    place = np.searchsorted(edges[1:-1], probabilities)
    count = np.bincount(place, minlength=n_bins)
    filled = count > 0
    promised = np.bincount(place, probabilities, minlength=n_bins)[filled] / count[filled]
    observed = np.bincount(place, outcomes, minlength=n_bins)[filled] / count[filled]
    return CalibrationCurve(promised, observed, count[filled])


def measure(
    y: ArrayLike, p: ArrayLike, *, threshold: float = 0.5, taken: ArrayLike | None = None
) -> Metrics:
    """Measure probabilities against outcomes.

    Parameters
    ----------
    y : array of int, shape (n_setups,)
        1 for a win, 0 for a loss.
    p : array of float, shape (n_setups,)
        Predicted chance of a win, 0-1.
    threshold : float
        A setup is taken (predicted win) when its probability reaches this.
    taken : array of bool, shape (n_setups,), optional
        Which were taken, where each fold had a threshold of its own.

    Returns
    -------
    Metrics
        Precision and F1 are 0 when nothing was taken.

    Raises
    ------
    DataError
        When the arrays cannot be judged; see `check_outcomes`.

    Notes
    -----
    Setups count equally here: these are the setups a trader would have seen.
    Overlap is dealt with where it matters, in the significance.
    """
    outcomes, probabilities = check_outcomes(y, p)
    yes = probabilities >= threshold if taken is None else np.asarray(taken, dtype=bool)
    win = outcomes == 1
    tp, fp = int(np.sum(yes & win)), int(np.sum(yes & ~win))
    fn, tn = int(np.sum(~yes & win)), int(np.sum(~yes & ~win))
    one_class = not (tp + fn) or not (tn + fp)
    outcome = "wins" if tp + fn else "losses"
    return Metrics(
        n=len(outcomes),
        threshold=float(threshold),
        base_rate=float(np.mean(win)),
        accuracy=(tp + tn) / len(outcomes),
        balanced_accuracy=None if one_class else (tp / (tp + fn) + tn / (tn + fp)) / 2,
        precision=_ratio(tp, tp + fp),
        recall=_ratio(tp, tp + fn),
        f1_score=_ratio(2 * tp, 2 * tp + fp + fn),
        auc=measure_auc(outcomes, probabilities),
        log_loss=measure_log_loss(outcomes, probabilities),
        brier=measure_brier(outcomes, probabilities),
        ece=draw_calibration_curve(outcomes, probabilities).error,
        true_positives=tp,
        false_positives=fp,
        true_negatives=tn,
        false_negatives=fn,
        notes=(ONE_CLASS_NOTE.format(outcome=outcome, n=len(outcomes)),) if one_class else (),
    )


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
