"""Draw every class equally often."""

from dataclasses import dataclass

from ml_training.core.findings import Change, Finding, Start
from ml_training.core.state import TrainingState


@dataclass(frozen=True)
class BalancedSampling:
    """Start again with epochs in which every class comes up equally often.

    It reaches whatever loss is used, a user's own included, and no batch carries one
    row that outweighs all others, as weights in the loss would have it.

    References
    ----------
    Buda, Maki, Mazurowski (2018), A systematic study of the class imbalance problem in
    convolutional neural networks: oversampling does best, and does not overfit.
    """

    key: str = "balanced_sampling"
    title: str = "draw every class equally often"
    start: Start = "beginning"

    def objection(self, state: TrainingState) -> str:
        """Refuse values, and classes that are balanced already."""
        if not state.objective.n_classes:
            return "there are no classes to balance"
        return "classes are balanced already" if state.knobs.is_balanced else ""

    def apply(self, state: TrainingState, finding: Finding) -> Change:
        """Turn the knob."""
        state.turn(draws_balanced=True)
        return Change(
            what="draws_balanced",
            before=False,
            after=True,
            sentence="drew every class equally often in each epoch",
        )
