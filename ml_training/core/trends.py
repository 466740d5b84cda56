"""Answer questions to a series of losses: is it falling, how rough, who does better.

All answers are in units that know neither the data nor the loss: the loss of guessing,
the noise of the series itself, standard errors.
"""

import math

import numpy as np

from ml_training.core.arrays import Floats
from ml_training.core.history import Observations

MOST_POINTS = 300  # chosen: pairs of more points cost milliseconds and say no more
ABOVE = np.triu(np.ones((MOST_POINTS, MOST_POINTS), dtype=bool), 1)  # pairs in order
NORMAL_MEDIAN = 1.4826  # deviation over median absolute value of a normal variable
FIRST_BATCHES = 5  # chosen: their mean loss is the level training starts from
SURE = 3.0  # standard errors; chosen: one false claim in 700, asked once or twice a run
TREND_BATCHES = 100  # chosen: a slow start shows within these
SURELY_FALLING = -4.0  # deviations; chosen: one chance in 30,000 without a trend
CLEARLY = 0.05  # of the score; chosen: smaller gaps to a rival are not worth an alarm


def kendall_z(values: Floats) -> float:
    """Return how surely a series rises (positive) or falls (negative), in deviations.

    References
    ----------
    Mann (1945), Nonparametric tests against trend; Kendall (1975).

    Examples
    --------
    >>> round(kendall_z(np.arange(10.0)), 1)
    4.0
    >>> kendall_z(np.ones(10))
    0.0
    """
    values = values[np.isfinite(values)]
    if len(values) > MOST_POINTS:
        values = values[:: -(-len(values) // MOST_POINTS)]
    n = len(values)
    if n < 3:
        return 0.0
    later = np.sign(values[None, :] - values[:, None])
    total = float(later[ABOVE[:n, :n]].sum())
    return total / math.sqrt(n * (n - 1) * (2 * n + 5) / 18)


def is_surely_falling(seen: Observations) -> bool:
    """Tell whether the loss of the last batches certainly falls: learning goes on."""
    return kendall_z(seen.history.last("loss", TREND_BATCHES)) <= SURELY_FALLING


def guessing_level(seen: Observations) -> float:
    """Return the loss of guessing; where it is not known, that of the first batches."""
    if math.isfinite(seen.data.naive_loss) and seen.data.naive_loss > 0:
        return seen.data.naive_loss
    losses = seen.history.last("loss")[:FIRST_BATCHES]
    finite = losses[np.isfinite(losses)]
    return abs(float(finite.mean())) or 1.0 if len(finite) else 1.0


def epoch_series(seen: Observations, name: str) -> Floats:
    """Return a number of every visible epoch: a field of its score, or a signal."""
    return seen.history.by_epoch(name)


def steps_of_epochs(seen: Observations) -> Floats:
    """Return how many steps each visible epoch took."""
    return np.diff(epoch_series(seen, "step"), prepend=0.0)


def roughness(values: Floats) -> float:
    """Return the deviation of a series around its local trend.

    References
    ----------
    Gasser, Sroka, Jennen-Steinmetz (1986), Residual variance and residual pattern in
    nonlinear regression: second differences cancel a linear trend.
    """
    bends = np.abs(np.diff(values, n=2))
    bends = bends[np.isfinite(bends)]
    return float(np.median(bends)) * NORMAL_MEDIAN / math.sqrt(6.0) if len(bends) else 0.0


def zigzag(values: Floats) -> float:
    """Return the mean way up and down again per step; 0 for whatever only falls.

    Examples
    --------
    >>> zigzag(np.array([3.0, 2.0, 1.5]))
    0.0
    >>> zigzag(np.array([1.0, 2.0, 1.0]))
    0.5
    """
    moves = np.diff(values)
    ways = moves[moves > 0].sum(), -moves[moves < 0].sum()
    return float(min(ways)) / len(moves) if len(moves) else 0.0


def best_score(seen: Observations) -> float:
    """Return the score of the epoch that would be handed out now."""
    best = np.flatnonzero(epoch_series(seen, "is_best"))
    return float(epoch_series(seen, "validation_score")[best[-1]]) if len(best) else math.nan


def score_error(seen: Observations, score: float) -> float:
    """Return the standard error of a score on the rows of early stopping."""
    n_rows = max(seen.data.n_stopping_rows, 1)
    if seen.plan.task == "regression":  # Olkin, Finn 1995, for R squared
        inside = min(max(score, 0.0), 1.0)
        return 2.0 * math.sqrt(inside) * (1.0 - inside) / math.sqrt(n_rows) + 1.0 / n_rows
    inside = min(max(score, 1.0 / n_rows), 1.0 - 1.0 / n_rows)
    counts = np.maximum(np.array(seen.data.class_counts, dtype=np.float64), 1.0)
    rows_by_class = np.maximum(counts / counts.sum() * n_rows, 1.0)
    return math.sqrt(inside * (1 - inside) * float((1.0 / rows_by_class).sum())) / len(counts)


def lag_behind_rival(seen: Observations) -> float:
    """Return by how much a cheap model scores better; 0 unless beyond doubt.

    A signal is proven by whoever finds it: a network that is clearly worse than one
    linear solve has not learned what could be learned.
    """
    rival = seen.data.rival_score
    own = best_score(seen)
    if not math.isfinite(rival):
        return 0.0
    own = own if math.isfinite(own) else 0.0
    own = max(own, 0.0)
    doubt = SURE * math.hypot(score_error(seen, rival), score_error(seen, own))
    return rival - own if rival - own > max(doubt, CLEARLY) else 0.0
