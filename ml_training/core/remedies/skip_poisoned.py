"""Leave out the update of batches whose numbers are not finite."""

from dataclasses import dataclass

from ml_training.core.findings import Change, Finding, Start
from ml_training.core.state import TrainingState


@dataclass(frozen=True)
class SkipPoisoned:
    """Roll back to the last good moment and skip what poisoned it, then and later.

    Batch statistics are restored too: a poisoned batch ruins them in its forward pass,
    before any update is made.
    """

    key: str = "skip_poisoned"
    title: str = "roll back and skip the poisoned batch"
    start: Start = "last_good"

    def objection(self, state: TrainingState) -> str:
        """Refuse to switch on what is on already."""
        return "poisoned batches are skipped already" if state.knobs.skip_poisoned else ""

    def apply(self, state: TrainingState, finding: Finding) -> Change:
        """Turn the knob."""
        before = state.knobs.skip_poisoned
        state.turn(skip_poisoned=True)
        return Change(
            what="skip_poisoned",
            before=before,
            after=True,
            sentence=f"went back to step {state.step} and left out every batch "
            "whose loss or gradient is not a number",
        )
