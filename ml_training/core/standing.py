"""Where a run stands against guessing, for detectors that need to know."""

import numpy as np

from ml_training.core.history import Observations

NEAR_GUESSING = 0.98  # of the naive loss; chosen: a 55 % signal is worth half a per cent
ENOUGH = 0.3  # of the naive loss; chosen: a network that gets there works


def best_over_naive(seen: Observations) -> float:
    """Return the best validation loss so far over that of guessing; NaN if unknown."""
    losses = seen.history.by_epoch("validation_loss")
    losses = losses[np.isfinite(losses)]
    if not len(losses) or not seen.data.naive_loss > 0:
        return float("nan")
    return float(losses.min()) / seen.data.naive_loss


def is_near_guessing(seen: Observations) -> bool:
    """Tell whether no epoch so far was clearly better than a constant answer.

    Where the loss of guessing is not known the run gets the benefit of the doubt.
    """
    return bool(best_over_naive(seen) >= NEAR_GUESSING)


def last_signals(seen: Observations, prefix: str) -> dict[str, float]:
    """Return the signals of the last epoch whose names begin so, without the prefix."""
    scores = seen.history.scores
    signals = scores[-1].signals if scores else {}
    return {k.removeprefix(prefix): v for k, v in signals.items() if k.startswith(prefix)}


def is_far_below_guessing(seen: Observations) -> bool:
    """Tell whether the run does so well that nothing stronger need be tried."""
    return best_over_naive(seen) < ENOUGH
