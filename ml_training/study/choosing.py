"""Choose the model that is served, on validation."""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ml_training.data.labelled import LabelledSet
from ml_training.evaluation.metrics import (
    FloatArray,
    IntArray,
    log_losses,
    measure_log_loss,
)
from ml_training.evaluation.significance import bootstrap_mean, cut_blocks
from ml_training.study.candidates import Candidate
from ml_training.study.models import (
    BASE_RATE,
    BLEND,
    BOOSTING,
    ENSEMBLE,
    FOREST,
    LOGISTIC,
    NETWORK,
    PAIRWISE,
    TRANSFER,
)

PREFERRED_FIRST = (BLEND, TRANSFER, LOGISTIC, PAIRWISE, FOREST, BOOSTING, ENSEMBLE, NETWORK)
"""The order in which ties are broken: the blend, then the simplest. Measured on made-up
sets of 700 to 4,000 rows with weak signal: taking the blend unless another is clearly
better gains twice as much log-loss as taking the simplest that is not clearly worse."""

MOST_FOR_BASE = 1_000
"""Setups to train and choose on up to which a network that started from a base model of
many presets comes first. Measured with 25 to 1,000 (`benchmarks/transfer.py`): on
made-up and on real candles it is not behind there, and a dozen validation setups cannot
show that."""


FEW, SURE_OF_FEW = 20, 4.0
"""Validation setups below which a difference counts from so many standard errors on.
Measured with 6 of them (`benchmarks/transfer.py`, 25 setups): draws of blocks are far
too sure there, and luck took the place of a base model in 3 of 22 cases. Chosen: the
99.5 % quantile of Student's t with 5 degrees of freedom is 4.0."""


@dataclass(frozen=True)
class Choice:
    """Name the candidate that is served, and why, with numbers."""

    name: str
    reason: str


def choose_served(
    candidates: Mapping[str, Candidate],
    validation: LabelledSet,
    *,
    seed: int,
    prefers_base: bool = False,
) -> Choice:
    """Choose the model to serve by its log-loss on validation.

    Parameters
    ----------
    candidates : mapping of Candidate by name
        The base rate among them; a refused network is never chosen.
    validation : LabelledSet
        The block they were calibrated on; the test block is still closed.
    seed : int
        Of the bootstrap.
    prefers_base : bool
        Whether a network that started from a base model comes first, unless another
        model or the base rate is better than it by more than chance explains.

    Returns
    -------
    Choice
        The blend, or what is better than it by more than chance explains; the base rate
        when nothing is better than that.

    Notes
    -----
    Some hundred validation setups hardly tell models of weak signals apart: the lowest
    of seven log-losses is mostly the luckiest. The blend errs least where one cannot
    tell.
    """
    losses = {
        name: log_losses(validation.y, one.held_out)
        for name, one in candidates.items()
        if not one.is_refused
    }
    means = {name: float(loss.mean()) for name, loss in losses.items()}
    listed = ", ".join(f"{name} {mean:.4f}" for name, mean in means.items())
    figures = f"log-loss on validation: {listed}"
    refused = [name for name in candidates if name not in means]
    before = "".join(f"The {name} was refused. " for name in refused)
    useful = [name for name in PREFERRED_FIRST if means.get(name, np.inf) < means[BASE_RATE]]
    if prefers_base and TRANSFER in means:
        useful = [TRANSFER, *(name for name in useful if name != TRANSFER)]
    best = min((*useful, BASE_RATE), key=means.__getitem__)
    blocks = cut_blocks(validation.t0, validation.t1)
    for name in itertools.takewhile(lambda name: name != best, useful):
        if not _is_surely_positive(losses[name] - losses[best], blocks, seed):
            why = f"The {best} is not better than the {name} by more than chance explains"
            return Choice(name, f"{before}{why} ({figures})")
    if best == BASE_RATE:
        return Choice(BASE_RATE, f"{before}No model is better than the base rate ({figures})")
    return Choice(best, f"{before}The best on validation ({figures})")


def _is_surely_positive(lost: FloatArray, blocks: IntArray, seed: int) -> bool:
    """Tell whether a mean loss is above zero by more than chance explains."""
    if len(lost) < 2:
        return False
    if len(lost) < FEW:
        return bool(lost.mean() > SURE_OF_FEW * lost.std(ddof=1) / np.sqrt(len(lost)))
    interval = bootstrap_mean(lost, blocks, seed=seed)
    return interval is None or interval.low > 0


def find_best_model(candidates: Mapping[str, Candidate], validation: LabelledSet) -> str:
    """Return the blend or, where there is none, what has the lowest held-out log-loss.

    The base rate only where there is no other. Where no model is better than it, the
    lowest of several log-losses is the luckiest; the blend errs least.
    """
    if BLEND in candidates:
        return BLEND
    losses = {
        name: measure_log_loss(validation.y, one.held_out)
        for name, one in candidates.items()
        if name != BASE_RATE and not one.is_refused
    }
    return min(losses, key=losses.__getitem__) if losses else BASE_RATE
