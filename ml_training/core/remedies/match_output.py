"""Make the network end in what its loss, and its targets, ask for."""

from dataclasses import dataclass

from ml_training.core.endings import (
    describe_ending,
    has_far_targets,
    is_ending_right,
    scale_far_targets,
    wanted_ending,
)
from ml_training.core.findings import Change, Finding, Start
from ml_training.core.state import TrainingState
from ml_training.core.surgery import (
    end_network_in,
    no_dense_layers,
    refresh,
    why_output_is_fixed,
)


@dataclass(frozen=True)
class MatchOutput:
    """Start again with the output activation that belongs to the loss.

    Nothing for losses that take logits or values, sigmoid or softmax for those that
    take probabilities. The loss stays, so that both branches are measured alike.
    Targets far from zero or one are learned in their own deviations.
    """

    key: str = "match_output"
    title: str = "start again with an output that fits the loss"
    start: Start = "beginning"

    def objection(self, state: TrainingState) -> str:
        """Refuse when the output is made outside of modules."""
        reason = no_dense_layers(state) or why_output_is_fixed(state)
        if reason or has_far_targets(state):
            return reason
        return "the output fits the loss already" if is_ending_right(state) else ""

    def apply(self, state: TrainingState, finding: Finding) -> Change:
        """Replace, remove or add the last activation."""
        before = describe_ending(state)
        end_network_in(state, wanted_ending(state))
        scale_far_targets(state)
        refresh(state)
        after = describe_ending(state)
        return Change(
            what="output",
            before=before,
            after=after,
            sentence=f"ended the network in {after} instead of {before}, as its loss asks for",
        )
