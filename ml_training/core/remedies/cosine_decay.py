"""Let the learning rate fall to nothing by the end of the plan."""

import math
from dataclasses import dataclass
from functools import partial

from torch.optim.lr_scheduler import LambdaLR

from ml_training.core.findings import Change, Finding, Start
from ml_training.core.state import TrainingState

LEAST_SHARE = 0.01  # of the rate, at the end; chosen: far below what still moves a loss
FEWEST_EPOCHS = 4  # chosen: a fall in fewer epochs is a jump


@dataclass(frozen=True)
class CosineDecay:
    """Go on with a rate that falls along half a cosine until the plan ends.

    Long steps first, then ever shorter ones that settle; beyond the end of the plan the
    rate stays low.

    References
    ----------
    Loshchilov, Hutter (2017), SGDR: stochastic gradient descent with warm restarts.
    """

    key: str = "cosine_decay"
    title: str = "let the learning rate fall to nothing by the end of the plan"
    start: Start = "here"

    def objection(self, state: TrainingState) -> str:
        """Refuse schedules, and ends of the plan that are near or unknown."""
        if state.schedule is not None:
            return "the rate follows a schedule already"
        if not state.knobs.max_epochs:
            return "the plan has no end to fall towards"
        left = epochs_left(state)
        return "" if left >= FEWEST_EPOCHS else f"only {left} epochs are left"

    def apply(self, state: TrainingState, finding: Finding) -> Change:
        """Set the schedule up; it moves at the end of every epoch."""
        before, left = state.learning_rate, epochs_left(state)
        state.make_schedule = partial(LambdaLR, lr_lambda=partial(fall, n_epochs=left))
        state.schedule = state.make_schedule(state.optimizer)
        return Change(
            what="schedule",
            before="none",
            after=type(state.schedule).__name__,
            sentence=f"let the learning rate fall from {before:.2g} to "
            f"{LEAST_SHARE * before:.2g} over the {left} epochs that are left",
        )


def epochs_left(state: TrainingState) -> int:
    """Return the epochs until the end of the plan, the present one included."""
    return state.knobs.max_epochs - state.epoch


def fall(epoch: int, *, n_epochs: int) -> float:
    """Return the share of the rate after some epochs: 1 at first, little at the end.

    Examples
    --------
    >>> [round(fall(epoch, n_epochs=4), 2) for epoch in (0, 2, 4, 9)]
    [1.0, 0.51, 0.01, 0.01]
    """
    swing = (1 + math.cos(math.pi * min(epoch / n_epochs, 1.0))) / 2
    return LEAST_SHARE + (1 - LEAST_SHARE) * swing
