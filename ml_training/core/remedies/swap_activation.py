"""Replace the activations between the layers."""

from collections.abc import Callable
from dataclasses import dataclass

from torch import nn

from ml_training.core.anatomy import BLOCKING, hidden_activations
from ml_training.core.findings import Change, Finding, Start
from ml_training.core.start import silent_share
from ml_training.core.state import TrainingState
from ml_training.core.surgery import (
    no_free_layers,
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
SILENT = 0.1  # of a layer; chosen: what training silences later, a lower rate keeps alive
# What each is a cure for: for others it can only be worse.
REPLACED = {
    "LeakyReLU": ({"ReLU", "ReLU6"}, "no activation is silent below zero"),
    "Tanh": ({"Sigmoid", "Hardsigmoid"}, "no activation is as flat as a sigmoid"),
}


@dataclass(frozen=True)
class SwapActivation:
    """Start again with another activation behind every hidden layer.

    Parameters
    ----------
    kind : str
        ``"LeakyReLU"`` or ``"SELU"`` (pass a gradient on both sides of zero), or
        ``"Tanh"`` (steep around zero, where a sigmoid passes a quarter at most).

    Notes
    -----
    Weights are drawn with a variance of one over the inputs, as SELU and Xavier ask
    for, and scaled to the data.

    References
    ----------
    Glorot, Bengio (2010), Understanding the difficulty of training; Klambauer et al.
    (2017), Self-normalizing neural networks.
    """

    kind: str = "LeakyReLU"
    key: str = "swap_activation"
    title: str = "start again with another activation"
    start: Start = "beginning"

    def objection(self, state: TrainingState) -> str:
        """Refuse when there is nothing to swap."""
        if reason := no_free_layers(state):
            return reason
        kinds = read_activations(state)
        if not kinds:
            return "the network calls its activations as functions; they cannot be replaced"
        if set(kinds) == {self.kind}:
            return f"the activations are {self.kind} already"
        replaced, words = REPLACED.get(self.kind, (set(kinds), ""))
        if not replaced & set(kinds):
            return words
        is_live = self.kind == "LeakyReLU" and not has_silent_units(state)
        return "hardly a unit is silent from the start" if is_live else ""

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


def has_silent_units(state: TrainingState) -> bool:
    """Tell whether some layer has many units that are zero for every row."""
    parts = hidden_activations(trace_still(state)[0])
    shares = [silent_share(p.outputs.flatten(1)) for p in parts if isinstance(p.module, BLOCKING)]
    return max(shares, default=0.0) >= SILENT
