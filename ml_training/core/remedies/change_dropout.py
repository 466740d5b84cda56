"""Silence more, or fewer, units while training."""

from dataclasses import dataclass

import torch
from torch import nn

from ml_training.core.activations import RECTIFIERS, SQUASHERS
from ml_training.core.anatomy import standing_still
from ml_training.core.findings import Change, Finding, Start
from ml_training.core.network import KINDS as LAYERS
from ml_training.core.state import TrainingState
from ml_training.core.surgery import put_module, sample_rows

KINDS = (nn.Dropout, nn.AlphaDropout)
ACTIVATIONS = RECTIFIERS + SQUASHERS


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
        has_place = find_dropouts(state.model) or find_places(state)
        return "" if has_place else "the network has no activations that it could stand behind"

    def apply(self, state: TrainingState, finding: Finding) -> Change:
        """Set the share of all dropout layers, or put them in."""
        before = read_dropout(state.model)
        layers = find_dropouts(state.model)
        for layer in layers:
            layer.p = self.share
        if not layers:
            for name in find_places(state):
                activation = state.model.get_submodule(name)
                put_module(state.model, name, nn.Sequential(activation, nn.Dropout(self.share)))
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


def find_places(state: TrainingState) -> list[str]:
    """Return the paths of activations between layers, every use of a shared one.

    One that has no layer after it belongs to the output, where dropout would only harm.
    """
    between, behind = _count_uses(state)
    paths: dict[nn.Module, list[str]] = {}
    for name, module in state.model.named_modules(remove_duplicate=False):
        if between.get(module) and type(module).__name__ in LAYERS:
            paths.setdefault(module, []).append(name)
    kept = {n for m, names in paths.items() for n in names[: len(names) - behind.get(m, 0)]}
    return [n for n, _ in state.model.named_modules(remove_duplicate=False) if n in kept]


@torch.no_grad()
def _count_uses(state: TrainingState) -> tuple[dict[nn.Module, int], dict[nn.Module, int]]:
    """Return the calls of each activation before the last layer, and after it."""
    heard: list[nn.Module] = []
    leaves = [m for m in state.model.modules() if not any(m.children())]
    handles = [m.register_forward_hook(lambda m, *_: heard.append(m)) for m in leaves]
    try:
        with standing_still(state.model):
            state.model(sample_rows(state))
    finally:
        for handle in handles:
            handle.remove()
    last = max((i for i, m in enumerate(heard) if isinstance(m, nn.Linear)), default=-1)
    return _count(heard[: max(last, 0)]), _count(heard[max(last, 0) :])


def _count(modules: list[nn.Module]) -> dict[nn.Module, int]:
    return {m: modules.count(m) for m in modules if isinstance(m, ACTIVATIONS)}
