"""Normalise what every hidden layer hands on."""

from dataclasses import dataclass

from torch import nn

from ml_training.core.anatomy import linear_parts
from ml_training.core.findings import Change, Finding, Start
from ml_training.core.state import TrainingState
from ml_training.core.surgery import (
    no_free_layers,
    put_module,
    read_norms,
    refresh,
    trace_still,
)


@dataclass(frozen=True)
class InsertNormalisation:
    """Start again with batch normalisation behind every hidden dense layer.

    References
    ----------
    Ioffe, Szegedy (2015), Batch normalization: a layer's scale can neither vanish nor
    explode, and half of the rows stay on the live side of every unit.
    """

    key: str = "insert_normalisation"
    title: str = "start again with normalisation between the layers"
    start: Start = "beginning"

    def objection(self, state: TrainingState) -> str:
        """Refuse when the network is normalised, or has one layer only."""
        if reason := no_free_layers(state):
            return reason
        if read_norms(state):
            return "the network is normalised already"
        few = len(linear_parts(trace_still(state)[0])) < 2
        return "there is no hidden layer to normalise" if few else ""

    def apply(self, state: TrainingState, finding: Finding) -> Change:
        """Put a normalisation behind each layer and draw the weights afresh."""
        for part in linear_parts(trace_still(state)[0])[:-1]:
            layer = part.module
            assert isinstance(layer, nn.Linear)
            normalised = nn.Sequential(layer, nn.BatchNorm1d(layer.out_features))
            put_module(state.model, part.name, normalised)
        refresh(state)
        after = read_norms(state)
        return Change(
            what="norms",
            before=[],
            after=after,
            sentence=f"inserted batch normalisation behind {len(after)} layers",
        )
