"""Take smaller steps."""

from dataclasses import dataclass

from ml_training.core.findings import Change, Finding, Start
from ml_training.core.state import TrainingState

SMALLEST_RATE = 1e-8  # chosen: single floats near 1 cannot resolve smaller updates


@dataclass(frozen=True)
class LowerRate:
    """Roll back to the last good moment and multiply the learning rate by a factor.

    Parameters
    ----------
    factor : float
        Below 1.
    """

    factor: float = 0.1
    start: Start = "last_good"
    key: str = "lower_rate"
    title: str = "roll back and lower the learning rate"

    def objection(self, state: TrainingState) -> str:
        """Refuse a rate too small to learn anything with."""
        if state.learning_rate * self.factor < SMALLEST_RATE:
            return f"the learning rate is already {state.learning_rate:.1e}"
        return ""

    def apply(self, state: TrainingState, finding: Finding) -> Change:
        """Scale the rates of all groups and of the schedule."""
        before = state.learning_rate
        state.scale_learning_rate(self.factor)
        return Change(
            what="learning_rate",
            before=before,
            after=state.learning_rate,
            sentence=f"lowered the learning rate from {before:.2g} to {state.learning_rate:.2g}",
        )
