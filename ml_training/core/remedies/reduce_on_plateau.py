"""Lower the rate whenever the validation loss stops improving."""

from dataclasses import dataclass

import torch
from torch.optim.lr_scheduler import ReduceLROnPlateau

from ml_training.core.findings import Change, Finding, Start
from ml_training.core.state import TrainingState

FACTOR = 0.3  # chosen: half a decade, as rates are usually searched
PATIENCE = 2  # epochs; chosen: shorter than any early stopping


@dataclass(frozen=True)
class ReduceOnPlateau:
    """Lower the rate now, and lower it again after epochs without a better loss."""

    key: str = "reduce_on_plateau"
    title: str = "lower the rate whenever the validation loss stops improving"
    start: Start = "here"

    def objection(self, state: TrainingState) -> str:
        """Refuse when there is a schedule already."""
        return "the rate follows a schedule already" if state.schedule is not None else ""

    def apply(self, state: TrainingState, finding: Finding) -> Change:
        """Set the schedule up; it is asked after every epoch."""
        before = state.learning_rate
        state.scale_learning_rate(FACTOR)
        state.make_schedule = watch_plateau
        state.schedule = watch_plateau(state.optimizer)
        return Change(
            what="learning_rate",
            before=before,
            after=state.learning_rate,
            sentence=f"lowered the learning rate from {before:.2g} to {state.learning_rate:.2g}, "
            f"and lowers it again after {PATIENCE} epochs without progress",
        )


def watch_plateau(optimizer: torch.optim.Optimizer) -> ReduceLROnPlateau:
    """Return the schedule that asks after every epoch whether the loss improves."""
    return ReduceLROnPlateau(optimizer, factor=FACTOR, patience=PATIENCE)
