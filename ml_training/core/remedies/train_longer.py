"""Allow more epochs."""

from dataclasses import dataclass

from ml_training.core.findings import Change, Finding, Start
from ml_training.core.state import TrainingState

LEAST_STEPS = 1_500  # chosen: small networks on tables settle within about a thousand


@dataclass(frozen=True)
class TrainLonger:
    """Go on past the planned end; early stopping and the budget still hold.

    Parameters
    ----------
    rate_factor : float
        What the learning rate is multiplied by on the way.
    """

    rate_factor: float = 1.0
    start: Start = "here"
    key: str = "train_longer"
    title: str = "train for more epochs"

    def objection(self, state: TrainingState) -> str:
        """Refuse when there is no end to move."""
        return "" if state.knobs.max_epochs else "the plan has no end that could be moved"

    def apply(self, state: TrainingState, finding: Finding) -> Change:
        """Turn the knob."""
        before, rate = state.knobs.max_epochs, state.learning_rate
        state.extend_plan(LEAST_STEPS)
        faster = ""
        if self.rate_factor != 1.0:
            state.scale_learning_rate(self.rate_factor)
            faster = f", at a rate of {state.learning_rate:.2g} instead of {rate:.2g}"
        return Change(
            what="max_epochs",
            before=before,
            after=state.knobs.max_epochs,
            sentence=f"allowed {state.knobs.max_epochs} epochs instead of {before}{faster}",
        )
