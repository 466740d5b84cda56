"""Give a network that is a straight line something that bends."""

from dataclasses import dataclass

from torch import nn

from ml_training.core.anatomy import linear_parts
from ml_training.core.findings import Change, Finding, Start
from ml_training.core.state import TrainingState
from ml_training.core.surgery import (
    no_free_layers,
    put_module,
    read_activations,
    refresh,
    trace_still,
)


@dataclass(frozen=True)
class InsertNonlinearity:
    """Start again with a ReLU behind every hidden dense layer."""

    key: str = "insert_nonlinearity"
    title: str = "start again with an activation between the layers"
    start: Start = "beginning"

    def objection(self, state: TrainingState) -> str:
        """Refuse when there are activations, or nothing to put them between."""
        if reason := no_free_layers(state):
            return reason
        if read_activations(state):
            return "there are activations between the layers already"
        few = len(linear_parts(trace_still(state)[0])) < 2
        return "the network is a single layer: there is no place between layers" if few else ""

    def apply(self, state: TrainingState, finding: Finding) -> Change:
        """Put the activations in and draw the weights afresh."""
        for part in linear_parts(trace_still(state)[0])[:-1]:
            put_module(state.model, part.name, nn.Sequential(part.module, nn.ReLU()))
        refresh(state)
        after = read_activations(state)
        return Change(
            what="activations",
            before=[],
            after=after,
            sentence=f"put a ReLU behind {len(after)} hidden layers",
        )
