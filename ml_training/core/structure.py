"""Copies of a model: its tensors, its tree of modules, its plain attributes."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

PLAIN_TYPES = (bool, int, float, str, tuple, type(None))


@dataclass(frozen=True, eq=False)
class ModuleParts:
    """Hold what hangs on one module, by reference."""

    module: nn.Module
    children: dict[str, nn.Module | None]
    parameters: dict[str, nn.Parameter | None]
    buffers: dict[str, torch.Tensor | None]
    attributes: dict[str, Any]


@dataclass(frozen=True, eq=False)
class ModelSnapshot:
    """Hold a model at one moment; immutable.

    Parameters
    ----------
    root : torch.nn.Module
        The model itself.
    parts : tuple of ModuleParts
        Of every module; surgery on the tree is undone from it.
    tensors : tuple of (tensor, copy)
        Every parameter and buffer with its values.
    trainable : tuple of bool
        ``requires_grad`` of every tensor.
    """

    root: nn.Module
    parts: tuple[ModuleParts, ...]
    tensors: tuple[tuple[torch.Tensor, torch.Tensor], ...]
    trainable: tuple[bool, ...]


@torch.no_grad()
def copy_model(model: nn.Module) -> ModelSnapshot:
    """Return a snapshot of weights, buffers (batch statistics), tree and attributes."""
    tensors = [*model.parameters(), *model.buffers()]
    return ModelSnapshot(
        root=model,
        parts=tuple(_take_apart(module) for module in model.modules()),
        tensors=tuple((tensor, tensor.detach().clone()) for tensor in tensors),
        trainable=tuple(tensor.requires_grad for tensor in tensors),
    )


@torch.no_grad()
def put_back(snapshot: ModelSnapshot) -> nn.Module:
    """Make the model what it was, in place, and return it."""
    for parts in snapshot.parts:
        _put_together(parts)
    for (tensor, values), trainable in zip(snapshot.tensors, snapshot.trainable, strict=True):
        tensor.copy_(values)
        if tensor.requires_grad is not trainable:
            tensor.requires_grad_(trainable)
    return snapshot.root


def _take_apart(module: nn.Module) -> ModuleParts:
    if isinstance(module, torch.jit.ScriptModule):  # compiled: surgery cannot change it
        return ModuleParts(module, {}, {}, {}, {"training": module.training})
    return ModuleParts(
        module=module,
        children=dict(module._modules),  # noqa: SLF001 - order and None entries matter
        parameters=dict(module._parameters),  # noqa: SLF001
        buffers=dict(module._buffers),  # noqa: SLF001
        attributes={k: v for k, v in vars(module).items() if type(v) in PLAIN_TYPES},
    )


def _put_together(parts: ModuleParts) -> None:
    module = parts.module
    if isinstance(module, torch.jit.ScriptModule):
        module.training = parts.attributes["training"]
        return
    for registry, kept in (
        (module._modules, parts.children),  # noqa: SLF001
        (module._parameters, parts.parameters),  # noqa: SLF001
        (module._buffers, parts.buffers),  # noqa: SLF001
    ):
        registry.clear()
        registry.update(kept)  # type: ignore[arg-type]
    vars(module).update(parts.attributes)
