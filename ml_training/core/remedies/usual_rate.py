"""Start again at a learning rate that is known to be sound."""

from dataclasses import dataclass

import torch

from ml_training.core.findings import Change, Finding, Start
from ml_training.core.state import TrainingState

USUAL_ADAPTIVE_RATE = 1e-3  # Kingma, Ba 2015, Adam: the recommended default
USUAL_PLAIN_RATE = 1e-2  # chosen: the start most recipes for plain gradient descent give


@dataclass(frozen=True)
class UsualRate:
    """Start from the first weights again, at the usual rate of the optimizer."""

    key: str = "usual_rate"
    title: str = "start again at the usual learning rate"
    start: Start = "beginning"

    def objection(self, state: TrainingState) -> str:
        """Refuse when the rate is not above the usual one."""
        usual = usual_rate(state.optimizer)
        if state.learning_rate <= usual:
            return f"the learning rate {state.learning_rate:.1e} is not above the usual one"
        return ""

    def apply(self, state: TrainingState, finding: Finding) -> Change:
        """Scale the rates of all groups and of the schedule down to the usual one."""
        before = state.learning_rate
        state.scale_learning_rate(usual_rate(state.optimizer) / before)
        return Change(
            what="learning_rate",
            before=before,
            after=state.learning_rate,
            sentence=f"started again with a learning rate of {state.learning_rate:.2g} "
            f"instead of {before:.2g}",
        )


def usual_rate(optimizer: torch.optim.Optimizer) -> float:
    """Return the usual rate of an optimizer."""
    is_plain = isinstance(optimizer, torch.optim.SGD)
    return USUAL_PLAIN_RATE if is_plain else USUAL_ADAPTIVE_RATE
