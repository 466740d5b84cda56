"""Leave out batches whose loss is out of all proportion."""

from dataclasses import dataclass

from ml_training.core.findings import Change, Finding, Start
from ml_training.core.state import TrainingState


@dataclass(frozen=True)
class SkipSpike:
    """Roll back to the last good moment and leave out what spoiled the weights.

    The finding brings the largest loss that still counts as usual (``loss_line``).

    References
    ----------
    Chowdhery et al. (2022), PaLM, section 5.1: go back and skip the batches.
    """

    key: str = "skip_spike"
    title: str = "roll back and leave out batches with an absurd loss"
    start: Start = "last_good"

    def objection(self, state: TrainingState) -> str:
        """Refuse to draw a second line."""
        limit = state.knobs.loss_limit
        return f"losses above {limit:.2g} are left out already" if limit is not None else ""

    def apply(self, state: TrainingState, finding: Finding) -> Change:
        """Turn the knobs."""
        limit = finding.evidence["loss_line"]
        state.turn(loss_limit=limit, skip_poisoned=True)
        return Change(
            what="loss_limit",
            before=None,
            after=limit,
            sentence=f"went back to step {state.step} and left out batches with a loss "
            f"above {limit:.3g}",
        )
