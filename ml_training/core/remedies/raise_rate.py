"""Take larger steps."""

from dataclasses import dataclass

from ml_training.core.findings import Change, Finding, Start
from ml_training.core.state import TrainingState

TRAVEL = 2.0  # of their size; chosen: what the weights of sound runs travel at least
LARGEST_FACTOR = 1e6  # chosen: beyond it the rate was no rate but a mistake of units
TINY_TRAVEL = 1e-12  # keeps weights that never moved from dividing by zero
LARGEST_RATE = 1.0  # chosen: no usual optimizer of a small network works beyond it


@dataclass(frozen=True)
class RaiseRate:
    """Go on with the learning rate multiplied by a factor.

    A finding that knows how far the weights will travel by the end of the plan
    (``expected_travel``) asks for as much more as is missing.

    Parameters
    ----------
    factor : float
        The least; above 1.
    """

    factor: float = 3.0
    start: Start = "here"
    key: str = "raise_rate"
    title: str = "raise the learning rate"

    def objection(self, state: TrainingState) -> str:
        """Refuse a rate that no optimizer survives, and one of exactly zero."""
        if not 0 < state.learning_rate <= LARGEST_RATE / self.factor:
            return f"the learning rate {state.learning_rate:.1e} cannot be raised"
        return ""

    def apply(self, state: TrainingState, finding: Finding) -> Change:
        """Scale the rates of all groups and of the schedule."""
        before = state.learning_rate
        wanted = TRAVEL / max(finding.evidence.get("expected_travel", TRAVEL), TINY_TRAVEL)
        factor = min(max(self.factor, wanted), LARGEST_FACTOR, LARGEST_RATE / before)
        state.scale_learning_rate(factor)
        return Change(
            what="learning_rate",
            before=before,
            after=state.learning_rate,
            sentence=f"raised the learning rate from {before:.2g} to {state.learning_rate:.2g}",
        )
