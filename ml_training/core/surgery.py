"""Operations on the tree of a network, and a description from which to redo them."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.modules.dropout import _DropoutNd

from ml_training.core.anatomy import (
    Part,
    hidden_activations,
    linear_parts,
    output_layer,
    output_part,
    standing_still,
    trace,
)
from ml_training.core.errors import DataError
from ml_training.core.network import HouseNetwork, build_layer, describe_layer
from ml_training.core.state import TrainingState

LARGEST_SAMPLE = 512  # rows; chosen: a variance to 6 %, at the price of a few steps
LSUV_ROUNDS = 3  # Mishkin, Matas 2016: a few suffice, later layers need the earlier ones
LSUV_CLOSE = 0.05  # Mishkin, Matas 2016 stop within 0.1; chosen a little closer
SMALL_GAIN = 0.5  # chosen: near the 0.58 of torch, and quiet outputs at the start
LEAST_DEVIATION = 1e-6  # chosen: below it a layer has nothing to be scaled by


def sample_rows(state: TrainingState) -> Tensor:
    """Return treated training rows to measure a network on."""
    return state.data.train.X[:LARGEST_SAMPLE]


def trace_still(state: TrainingState) -> tuple[list[Part], Tensor]:
    """Return the parts and outputs of the network on a sample of training rows."""
    with torch.no_grad(), standing_still(state.model):
        return trace(state.model, sample_rows(state))


def put_module(model: nn.Module, name: str, new: nn.Module) -> None:
    """Put a module in the place of another one, by the other's path."""
    owner, _, child = name.rpartition(".")
    parent = model.get_submodule(owner)
    old = parent.get_submodule(child)
    sample = next(old.parameters(), None)
    sample = next(model.parameters()) if sample is None else sample
    new.to(sample.device, sample.dtype)
    new.train(old.training)
    parent._modules[child] = new  # noqa: SLF001 - setattr refuses the names of a Sequential


def has_shared_weights(model: nn.Module) -> bool:
    """Tell whether a module hangs in two places of the tree."""
    names = [name for name, _ in model.named_modules(remove_duplicate=False)]
    return len(names) != len(list(model.modules()))


@torch.no_grad()
def redraw(layer: nn.Linear, generator: np.random.Generator, *, gain: float) -> None:
    """Draw a dense layer afresh: normal weights, deviation ``gain / sqrt(fan_in)``.

    References
    ----------
    Glorot, Bengio (2010); He et al. (2015): the variance of what comes in is kept.
    """
    shape = tuple(layer.weight.shape)
    drawn = generator.normal(0.0, gain / math.sqrt(max(shape[1], 1)), shape)
    layer.weight.copy_(torch.from_numpy(drawn))
    if layer.bias is not None:
        layer.bias.zero_()


@torch.no_grad()
def scale_to_data(model: nn.Module, X: Tensor, *, skip: frozenset[str] = frozenset()) -> None:
    """Scale every dense layer so that its outputs have a deviation of one on the data.

    Parameters
    ----------
    model : torch.nn.Module
        Freshly drawn.
    X : tensor of shape (n, n_features)
        Training rows.
    skip : frozenset of str
        Layers left as drawn.

    References
    ----------
    Mishkin, Matas (2016), All you need is a good init, ICLR: layer-sequential
    unit-variance. The bias takes the mean away, so that no unit starts on one side.
    """
    with standing_still(model):
        names = [p.name for p in linear_parts(trace(model, X)[0]) if p.name not in skip]
        for name in names:
            layer = model.get_submodule(name)
            assert isinstance(layer, nn.Linear)
            for _ in range(LSUV_ROUNDS):
                outputs = next(p.outputs for p in trace(model, X)[0] if p.name == name)
                if _is_scaled(layer, outputs):
                    break


def _is_scaled(layer: nn.Linear, outputs: Tensor) -> bool:
    deviation = float(outputs.std(dim=0, correction=0).square().mean().sqrt())
    if not LEAST_DEVIATION < deviation < math.inf:
        return True
    layer.weight.div_(deviation)
    if layer.bias is not None:
        layer.bias.sub_(outputs.mean(dim=0)).div_(deviation)
    return abs(deviation - 1.0) < LSUV_CLOSE


def tree_of(model: nn.Module) -> dict[str, nn.Module]:
    """Return all modules by path, to be compared with later."""
    return dict(model.named_modules(remove_duplicate=False))


def describe_surgery(
    before: Mapping[str, nn.Module], model: nn.Module
) -> tuple[dict[str, Any], ...]:
    """Return what was put into a tree since, in plain values.

    Parameters
    ----------
    before : mapping
        From `tree_of`.
    model : torch.nn.Module
        The network now.

    Returns
    -------
    tuple of dict
        Path and layers of every new module; empty when the tree is as it was, or the
        network can be built from its own description.
    """
    if before.get("") is not model or isinstance(model, HouseNetwork):
        return ()  # another network altogether, or one that describes itself
    edits: list[dict[str, Any]] = []
    for name, module in tree_of(model).items():
        is_inside = any(name.startswith(f"{edit['path']}.") for edit in edits)
        if not is_inside and before.get(name) is not module:
            edits.append({"path": name, "layer": describe_layer(module)})
    return tuple(edits)


def redo_surgery(model: nn.Module, edits: Sequence[Mapping[str, Any]]) -> None:
    """Bring a freshly built model into the shape that surgery gave to the trained one.

    Raises
    ------
    DataError
        If the model has no module at one of the places.
    """
    for edit in edits:
        try:
            put_module(model, edit["path"], build_layer(edit["layer"]))
        except AttributeError as error:
            raise DataError(
                f"`model` has no module {edit['path']!r}, where a repair replaced one",
                hint="build it as for training",
            ) from error


def refresh(state: TrainingState, *, gain_out: float = SMALL_GAIN) -> None:
    """Draw all dense layers afresh, scale them to the data, take up the new weights.

    Notes
    -----
    Hidden layers get unit variance; the output layer stays small, so that training
    starts near the naive answer.
    """
    dense = linear_parts(trace_still(state)[0])
    for part in dense:
        assert isinstance(part.module, nn.Linear)
        redraw(part.module, state.generator, gain=1.0)
    scale_to_data(state.model, sample_rows(state), skip=frozenset(p.name for p in dense[-1:]))
    if dense:
        assert isinstance(dense[-1].module, nn.Linear)
        redraw(dense[-1].module, state.generator, gain=gain_out)
    state.rebuild()


def no_dense_layers(state: TrainingState) -> str:
    """Return why the network cannot be operated on; empty when it can."""
    if not any(state.model.children()):
        return "the network is a single module: nothing in it can be replaced"
    if has_shared_weights(state.model):
        return "parts of the network are used in two places and cannot be replaced in one"
    if not linear_parts(trace_still(state)[0]):
        return "the network has no dense layers that can be reached"
    return ""


def no_free_layers(state: TrainingState) -> str:
    """Return why dense layers cannot be replaced or drawn afresh; empty when they can.

    Parts that stand still hold what was learned elsewhere: a fresh draw would lose it
    for good, and a new layer in their place would learn.
    """
    if reason := no_dense_layers(state):
        return reason
    if all(parameter.requires_grad for parameter in state.model.parameters()):
        return ""
    return "parts of the network are frozen: what they have learned is not to be given up"


def weight_sizes(state: TrainingState) -> list[float]:
    """Return the root mean square of the weights of every dense layer."""
    found = []
    for part in linear_parts(trace_still(state)[0]):
        assert isinstance(part.module, nn.Linear)
        found.append(float(part.module.weight.detach().double().square().mean().sqrt()))
    return found


def read_activations(state: TrainingState) -> list[str]:
    """Return the kinds of the activations between the dense layers, in order."""
    parts = hidden_activations(trace_still(state)[0])
    return [type(part.module).__name__ for part in parts]


def read_norms(state: TrainingState) -> list[str]:
    """Return the kinds of the normalisations, in order."""
    return [type(p.module).__name__ for p in trace_still(state)[0] if p.is_norm]


def dropouts_of(state: TrainingState) -> list[_DropoutNd]:
    """Return the dropout layers, in the order of the tree."""
    return [m for m in state.model.modules() if isinstance(m, _DropoutNd)]


def read_dropouts(state: TrainingState) -> list[float]:
    """Return the shares that the dropout layers drop."""
    return [module.p for module in dropouts_of(state)]


def read_output(state: TrainingState) -> str:
    """Return the kind of the activation that makes the outputs, or ``"nothing"``."""
    part = output_part(*trace_still(state))
    return "nothing" if part is None else type(part.module).__name__


def why_output_is_fixed(state: TrainingState) -> str:
    """Return why the end of the network cannot be changed; empty when it can."""
    parts, outputs = trace_still(state)
    if output_part(parts, outputs) is None and output_layer(parts, outputs) is None:
        return "the network computes its outputs outside of layers that can be replaced"
    return ""


def end_network_in(state: TrainingState, ending: nn.Module) -> None:
    """Put a module in the place of the output activation, or behind the last layer."""
    parts, outputs = trace_still(state)
    part = output_part(parts, outputs)
    if part is not None:
        put_module(state.model, part.name, ending)
        return
    last = output_layer(parts, outputs)
    assert last is not None
    put_module(state.model, last.name, nn.Sequential(last.module, ending))
