"""Pull weights towards zero."""

from dataclasses import dataclass

from ml_training.core.findings import Change, Finding, Start
from ml_training.core.state import TrainingState


@dataclass(frozen=True)
class WeightDecay:
    """Start again with a stronger weight decay.

    Parameters
    ----------
    strength : float
        What every parameter group gets.

    References
    ----------
    Krogh, Hertz (1991), A simple weight decay can improve generalization.
    """

    strength: float = 0.05
    key: str = "weight_decay"
    title: str = "start again with weight decay"
    start: Start = "beginning"

    def objection(self, state: TrainingState) -> str:
        """Refuse optimizers without the option, and decay that is strong already."""
        decay = read_decay(state)
        if decay is None:
            return "the optimizer knows no weight decay"
        return f"weight decay is {decay:.2g} already" if decay >= self.strength else ""

    def apply(self, state: TrainingState, finding: Finding) -> Change:
        """Set the option of all groups."""
        before = read_decay(state)
        for group in state.optimizer.param_groups:
            group["weight_decay"] = self.strength
        return Change(
            what="weight_decay",
            before=before,
            after=self.strength,
            sentence=f"started again with a weight decay of {self.strength:g} "
            f"instead of {before:g}",
        )


def read_decay(state: TrainingState) -> float | None:
    """Return the weight decay of the first group; None when there is no such option."""
    decay = state.optimizer.param_groups[0].get("weight_decay")
    return None if decay is None else float(decay)
