"""Replace the activations between the layers."""

from collections.abc import Callable
from dataclasses import dataclass

from torch import nn

from ml_training.core.anatomy import hidden_activations
from ml_training.core.findings import Change, Finding, Start
from ml_training.core.state import TrainingState
from ml_training.core.surgery import (
    no_dense_layers,
    put_module,
    read_activations,
    refresh,
    trace_still,
)

MAKERS: dict[str, Callable[[], nn.Module]] = {
    "LeakyReLU": nn.LeakyReLU,
    "Tanh": nn.Tanh,
    "SELU": nn.SELU,
}


@dataclass(frozen=True)
class SwapActivation:
    """Start again with another activation behind every hidden layer.

    Parameters
    ----------
    kind : str
        ``"LeakyReLU"`` or ``"SELU"`` (pass a gradient on both sides of zero), or
        ``"Tanh"`` (steep around zero, where a sigmoid passes a quarter at most).
    """

    kind: str = "LeakyReLU"
    key: str = "swap_activation"
    title: str = "start again with another activation"
    start: Start = "beginning"

    def objection(self, state: TrainingState) -> str:
        """Refuse when there is nothing to swap."""
        if reason := no_dense_layers(state):
            return reason
        kinds = read_activations(state)
        if not kinds:
            return "the network calls its activations as functions; they cannot be replaced"
        return f"the activations are {self.kind} already" if set(kinds) == {self.kind} else ""

    def apply(self, state: TrainingState, finding: Finding) -> Change:
        """Replace the modules and draw the weights afresh."""
        before = read_activations(state)
        for part in hidden_activations(trace_still(state)[0]):
            put_module(state.model, part.name, MAKERS[self.kind]())
        refresh(state)
        return Change(
            what="activations",
            before=before,
            after=read_activations(state),
            sentence=f"replaced {len(before)} activations by {self.kind} and drew the weights "
            "afresh",
        )
