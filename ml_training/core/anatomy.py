"""The parts of a network in the order in which a forward pass uses them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _NormBase
from torch.nn.modules.dropout import _DropoutNd

from ml_training.core.activations import SQUASHERS

NORMS = (_NormBase, nn.LayerNorm, nn.GroupNorm, nn.LocalResponseNorm, nn.RMSNorm)
SQUASHING = (*SQUASHERS, nn.Softsign)
BLOCKING = (nn.ReLU, nn.ReLU6)  # pass no gradient at all where they are silent
SHAPES = (nn.Identity, nn.Flatten, nn.Unflatten)


@dataclass(frozen=True, eq=False)
class Part:
    """Hold a module without children, and what it did with one batch.

    Parameters
    ----------
    name : str
        Path of the module in the model.
    module : torch.nn.Module
        Called exactly once in the forward pass.
    inputs, outputs : tensor
        Of that call.
    """

    name: str
    module: nn.Module
    inputs: Tensor
    outputs: Tensor

    @property
    def is_linear(self) -> bool:
        """Tell whether it is a dense layer."""
        return type(self.module) is nn.Linear

    @property
    def is_activation(self) -> bool:
        """Tell whether it bends what passes through it, without weights of its own."""
        others = (*NORMS, *SHAPES, _DropoutNd)
        has_weights = any(True for _ in self.module.parameters())
        return (
            not has_weights
            and not isinstance(self.module, others)
            and self.outputs.shape == self.inputs.shape
        )

    @property
    def is_norm(self) -> bool:
        """Tell whether it normalises."""
        return isinstance(self.module, NORMS)


def trace(model: nn.Module, X: Tensor) -> tuple[list[Part], Tensor]:
    """Return the parts of a model in order of use, and its outputs.

    Parameters
    ----------
    model : torch.nn.Module
        Called once, in the mode it is in; autograd follows when it is on.
    X : tensor of shape (n, n_features)
        Treated features.

    Notes
    -----
    Parts that are called more than once are left out: they cannot be replaced at one
    place only. What a model does outside of modules is not seen.
    """
    heard: list[Part] = []

    def hear(name: str) -> Any:
        def hook(module: nn.Module, inputs: tuple[Any, ...], outputs: Any) -> None:
            if len(inputs) == 1 and isinstance(inputs[0], Tensor) and isinstance(outputs, Tensor):
                heard.append(Part(name, module, inputs[0], outputs))

        return hook

    leaves = [(n, m) for n, m in model.named_modules() if not any(m.children())]
    handles = [module.register_forward_hook(hear(name)) for name, module in leaves]
    try:
        outputs: Tensor = model(X)
    finally:
        for handle in handles:
            handle.remove()
    names = [part.name for part in heard]
    return [part for part in heard if names.count(part.name) == 1], outputs


@contextmanager
def standing_still(model: nn.Module) -> Iterator[None]:
    """Switch dropout off and batch statistics on, and give back modes and statistics.

    The model itself stays in evaluation mode: a user's own code that acts only while
    training does not act.
    """
    modes = [(module, module.training) for module in model.modules()]
    buffers = [(buffer, buffer.detach().clone()) for buffer in model.buffers()]
    model.eval()
    for module in model.modules():
        if isinstance(module, _NormBase):
            module.train()
    try:
        yield
    finally:
        for module, mode in modes:
            module.training = mode
        with torch.no_grad():
            for buffer, values in buffers:
                buffer.copy_(values)


def linear_parts(parts: list[Part]) -> list[Part]:
    """Return the dense layers, in order."""
    return [part for part in parts if part.is_linear]


def hidden_activations(parts: list[Part]) -> list[Part]:
    """Return the activations that stand before the last dense layer."""
    places = [i for i, part in enumerate(parts) if part.is_linear]
    last = places[-1] if places else 0
    return [part for part in parts[:last] if part.is_activation]


def output_part(parts: list[Part], outputs: Tensor) -> Part | None:
    """Return the activation after the last dense layer, if it makes the outputs."""
    bending = [part for part in parts if not isinstance(part.module, SHAPES)]
    if not bending or not bending[-1].is_activation or not linear_parts(parts):
        return None
    return bending[-1] if _are_same(bending[-1].outputs, outputs) else None


def output_layer(parts: list[Part], outputs: Tensor) -> Part | None:
    """Return the dense layer whose outputs are those of the network, if one is."""
    dense = linear_parts(parts)
    return dense[-1] if dense and _are_same(dense[-1].outputs, outputs) else None


def _are_same(some: Tensor, others: Tensor) -> bool:
    return some.shape == others.shape and bool(torch.equal(some.nan_to_num(), others.nan_to_num()))
