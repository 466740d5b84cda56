"""Silence more, or fewer, units while training."""

from dataclasses import dataclass

from torch import nn

from ml_training.core.activations import RECTIFIERS, SQUASHERS
from ml_training.core.findings import Change, Finding, Start
from ml_training.core.state import TrainingState

KINDS = (nn.Dropout, nn.AlphaDropout)


@dataclass(frozen=True)
class ChangeDropout:
    """Start again with another dropout; put it behind activations if there is none.

    Parameters
    ----------
    share : float
        Units dropped, within 0.2-0.6 by the project's specification.

    References
    ----------
    Srivastava et al. (2014), Dropout: a simple way to prevent overfitting.
    """

    share: float = 0.4
    key: str = "change_dropout"
    title: str = "start again with another dropout"
    start: Start = "beginning"

    def objection(self, state: TrainingState) -> str:
        """Refuse when it is so already, or there is no place for it."""
        if read_dropout(state.model) == self.share:
            return f"dropout is {self.share:g} already"
        has_place = find_dropouts(state.model) or _activations(state.model)
        return "" if has_place else "the network has no activations to put it behind"

    def apply(self, state: TrainingState, finding: Finding) -> Change:
        """Set the share of all dropout layers, or put them in."""
        before = read_dropout(state.model)
        layers = find_dropouts(state.model)
        for layer in layers:
            layer.p = self.share
        if not layers:
            for parent, name, activation in _activations(state.model):
                setattr(parent, name, nn.Sequential(activation, nn.Dropout(self.share)))
        state.model.train()
        return Change(
            what="dropout",
            before=before,
            after=self.share,
            sentence=f"started again with a dropout of {self.share:g} instead of {before:g}",
        )


def find_dropouts(model: nn.Module) -> list[nn.Dropout | nn.AlphaDropout]:
    """Return the dropout layers of a network."""
    return [module for module in model.modules() if isinstance(module, KINDS)]


def read_dropout(model: nn.Module) -> float:
    """Return the largest share that is dropped anywhere."""
    return max((layer.p for layer in find_dropouts(model)), default=0.0)


def _activations(model: nn.Module) -> list[tuple[nn.Module, str, nn.Module]]:
    """Return activations between layers, with the module they hang on and their name.

    One that has no layer after it belongs to the output, where dropout would only harm.
    """
    kinds = RECTIFIERS + SQUASHERS
    found = [
        (parent, name, child)
        for parent in model.modules()
        for name, child in parent.named_children()
        if isinstance(child, kinds)
    ]
    order = list(model.modules())
    last_layer = max((i for i, m in enumerate(order) if isinstance(m, nn.Linear)), default=-1)
    return [entry for entry in found if order.index(entry[2]) < last_layer]
