"""The networks that the case document describes."""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from benchmarks.faults.errors import CaseError


class Exponential(nn.Module):
    """Apply the exponential."""

    def forward(self, inputs: Tensor) -> Tensor:
        """Return exp(inputs)."""
        return inputs.exp()


ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {
    "linear": nn.Identity,
    "none": nn.Identity,
    "relu": nn.ReLU,
    "leaky_relu": nn.LeakyReLU,
    "elu": nn.ELU,
    "selu": nn.SELU,
    "gelu": nn.GELU,
    "silu": nn.SiLU,
    "tanh": nn.Tanh,
    "sigmoid": nn.Sigmoid,
    "hard_sigmoid": nn.Hardsigmoid,
    "softplus": nn.Softplus,
    "softsign": nn.Softsign,
    "softmax": lambda: nn.Softmax(dim=-1),
    "softmax1": lambda: nn.Softmax(dim=-1),
    "exp": Exponential,
}
NORMALISATIONS: dict[str, Callable[[int], nn.Module]] = {
    "batch": nn.BatchNorm1d,
    "layer": nn.LayerNorm,
}
MODEL_FIELDS = {
    "hidden", "activation", "output_activation", "init", "bias_init", "dropout", "normalisation",
    "batch_norm", "layer_norm",
}  # fmt: skip
FILLS: dict[str, Callable[[Tensor], Any]] = {
    "zeros": nn.init.zeros_,
    "ones": nn.init.ones_,
    "kaiming_uniform": nn.init.kaiming_uniform_,
    "kaiming_normal": nn.init.kaiming_normal_,
    "he_uniform": nn.init.kaiming_uniform_,
    "he_normal": nn.init.kaiming_normal_,
    "xavier_uniform": nn.init.xavier_uniform_,
    "xavier_normal": nn.init.xavier_normal_,
    "glorot_uniform": nn.init.xavier_uniform_,
    "glorot_normal": nn.init.xavier_normal_,
    "orthogonal": nn.init.orthogonal_,
}


def fill(name: str, tensor: Tensor) -> None:
    """Draw a tensor by the name of an initialisation.

    Parameters
    ----------
    name : str
        A name of `FILLS`, or ``normal_S``, ``uniform_S``, ``constant_S``, S a number.
    tensor : tensor
        Filled in place.

    Raises
    ------
    CaseError
        If there is no such initialisation.
    """
    if name in FILLS:
        FILLS[name](tensor)
        return
    kind, _, size = name.rpartition("_")
    try:
        value = float(size)
        {
            "normal": lambda: nn.init.normal_(tensor, 0.0, value),
            "uniform": lambda: nn.init.uniform_(tensor, -value, value),
            "constant": lambda: nn.init.constant_(tensor, value),
        }[kind]()
    except (ValueError, KeyError):
        known = ", ".join((*FILLS, "normal_S", "uniform_S", "constant_S"))
        raise CaseError(f"there is no initialisation {name!r}", hint=f"known: {known}") from None


def initialise(layer: nn.Linear, model: Mapping[str, Any]) -> None:
    """Draw weights and biases of one layer; ``"default"`` leaves what PyTorch drew."""
    init, bias_init = str(model.get("init", "default")), model.get("bias_init")
    if init != "default":
        fill(init, layer.weight)
        nn.init.zeros_(layer.bias)
    if bias_init is not None:
        fill(str(bias_init), layer.bias)


def activation(name: str) -> nn.Module:
    """Build an activation by its name.

    Raises
    ------
    CaseError
        If there is no such activation.
    """
    if name not in ACTIVATIONS:
        raise CaseError(
            f"there is no activation {name!r}", hint=f"known: {', '.join(ACTIVATIONS)}"
        )
    return ACTIVATIONS[name]()


def normalisation_of(model: Mapping[str, Any]) -> str | None:
    """Return which normalisation stands before every activation, if any."""
    if model.get("batch_norm"):
        return "batch"
    if model.get("layer_norm"):
        return "layer"
    named = model.get("normalisation")
    return None if named in {None, "none"} else str(named)


def hidden_layers(model: Mapping[str, Any], n_features: int) -> list[nn.Module]:
    """Build everything before the output layer."""
    kind, dropout = normalisation_of(model), float(model.get("dropout") or 0.0)
    named = model["activation"]
    layers: list[nn.Module] = []
    for depth, width in enumerate(model["hidden"]):
        linear = nn.Linear(n_features, width)
        initialise(linear, model)
        layers.append(linear)
        if kind is not None:
            layers.append(NORMALISATIONS[kind](width))
        layers.append(activation(named if isinstance(named, str) else named[depth]))
        if dropout:
            layers.append(nn.Dropout(dropout))
        n_features = width
    return layers


def build_network(
    model: Mapping[str, Any], *, n_features: int, n_outputs: int, seed: int
) -> nn.Sequential:
    """Build and draw the network of a case.

    Parameters
    ----------
    model : mapping
        As the document describes it.
    n_features, n_outputs : int
        Width of input and output.
    seed : int
        Decides the weights; torch's own generator is left as it was.

    Returns
    -------
    Sequential
        Identity activations are left out.

    Raises
    ------
    CaseError
        If the description holds a field that is not known.
    """
    unknown = set(model) - MODEL_FIELDS
    if unknown:
        raise CaseError(
            f"model holds unknown fields {sorted(unknown)}",
            hint=f"known: {', '.join(sorted(MODEL_FIELDS))}",
        )
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        layers = hidden_layers(model, n_features)
        last = nn.Linear(model["hidden"][-1] if model["hidden"] else n_features, n_outputs)
        initialise(last, model)
    layers += [last, activation(str(model.get("output_activation", "none")))]
    return nn.Sequential(*(layer for layer in layers if not isinstance(layer, nn.Identity)))
