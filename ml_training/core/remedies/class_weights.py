"""Let every class weigh the same in the loss."""

from dataclasses import dataclass

import numpy as np

from ml_training.core.findings import Change, Finding, Start
from ml_training.core.state import TrainingState

EVEN = 0.5  # of the commonest; chosen: what outweighs another by less trains by itself


@dataclass(frozen=True)
class ClassWeights:
    """Start again with rows weighted by one over the frequency of their class.

    References
    ----------
    King, Zeng (2001), Logistic regression in rare events data, Political Analysis 9.
    """

    key: str = "class_weights"
    title: str = "weigh rare classes up in the loss"
    start: Start = "beginning"

    def objection(self, state: TrainingState) -> str:
        """Refuse values, classes of one size, and losses that weights cannot reach."""
        if not state.objective.n_classes:
            return "there are no classes to balance"
        if state.knobs.is_balanced:
            return "classes are balanced already"
        if not state.objective.can_weight:
            return "weights cannot reach this loss"
        shares = class_shares(state)
        is_even = shares.min() >= EVEN * shares.max()
        return "classes are about as frequent as each other" if is_even else ""

    def apply(self, state: TrainingState, finding: Finding) -> Change:
        """Turn the knob; the mean weight of a row is one."""
        y, before = state.data.raw_train.y, list(state.knobs.class_weights)
        counts = np.maximum(np.bincount(y, minlength=state.objective.n_classes), 1)
        weights = tuple((len(y) / (len(counts) * counts)).tolist())
        state.turn(class_weights=weights)
        return Change(
            what="class_weights",
            before=before,
            after=list(weights),
            sentence="weighed the classes by "
            + ", ".join(f"{weight:.2g}" for weight in weights)
            + " in the loss",
        )


def class_shares(state: TrainingState) -> np.ndarray:
    """Return the share of each class among the training rows."""
    y, n_classes = state.data.raw_train.y, state.objective.n_classes
    return np.bincount(y, minlength=n_classes) / len(y)
