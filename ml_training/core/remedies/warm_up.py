"""Begin with small steps."""

from dataclasses import dataclass

import torch
from torch.optim.lr_scheduler import LinearLR

from ml_training.core.findings import Change, Finding, Start
from ml_training.core.state import TrainingState

SMALL_SHARE = 0.1  # of the rate, at the start; chosen: the factor of the usual lower rate
N_EPOCHS = 5  # Goyal et al. 2017, section 2.2: gradual warm-up over five epochs


@dataclass(frozen=True)
class WarmUp:
    """Start again with a tenth of the learning rate, which grows to all of it.

    A line over the first epochs. The first gradients of fresh weights are the largest,
    and lead nowhere; the moments of an adaptive optimizer are not worth much yet.

    References
    ----------
    Goyal et al. (2017), Accurate, large minibatch SGD, section 2.2. Ma, Yarats (2021),
    On the adequacy of untuned warmup for adaptive optimization.
    """

    key: str = "warm_up"
    title: str = "start again with steps that grow over the first epochs"
    start: Start = "beginning"

    def objection(self, state: TrainingState) -> str:
        """Refuse schedules, plans too short to grow in, and rates that are small."""
        if state.schedule is not None:
            return "the rate follows a schedule already"
        n_epochs = state.knobs.max_epochs
        if n_epochs and n_epochs <= 2 * N_EPOCHS:
            return f"{n_epochs} epochs are too few to spend {N_EPOCHS} on a warm-up"
        return "" if state.learning_rate > 0 else "the learning rate is zero"

    def apply(self, state: TrainingState, finding: Finding) -> Change:
        """Set the schedule up; it moves at the end of every epoch."""
        before = state.learning_rate
        state.make_schedule = grow
        state.schedule = grow(state.optimizer)
        return Change(
            what="learning_rate",
            before=before,
            after=state.learning_rate,
            sentence=f"started again with a learning rate of {state.learning_rate:.2g} that "
            f"grows to {before:.2g} over {N_EPOCHS} epochs",
        )


def grow(optimizer: torch.optim.Optimizer) -> LinearLR:
    """Return the line from a small rate to that of the optimizer."""
    return LinearLR(optimizer, start_factor=SMALL_SHARE, total_iters=N_EPOCHS)
