"""The house network: a small multilayer perceptron for tables."""

import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import nn

from ml_training.core.errors import DataError

WIDTHS = (128, 64, 32)
DROPOUT = 0.2  # chosen: the low end of 0.2-0.6, the range bias and variance repairs may use


class HouseNetwork(nn.Module):
    """Map a row of features to logits, one value, or one value per class.

    Linear -> batch normalisation -> ReLU -> dropout, three times, then a linear output.

    Parameters
    ----------
    n_features : int
        Columns of the input.
    n_outputs : int
        1 for binary and regression, the number of classes otherwise.
    widths : sequence of int
        Units of the hidden layers.
    dropout : float
        Share of units dropped while training, 0-1.
    """

    def __init__(
        self,
        n_features: int,
        n_outputs: int,
        *,
        widths: Sequence[int] = WIDTHS,
        dropout: float = DROPOUT,
    ) -> None:
        super().__init__()
        sizes = (n_features, *widths)
        hidden = [_hidden(a, b, dropout) for a, b in itertools.pairwise(sizes)]
        self.layers = nn.Sequential(
            *itertools.chain.from_iterable(hidden), nn.Linear(sizes[-1], n_outputs)
        )

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        """Return the outputs of a batch, shape (batch, n_outputs)."""
        outputs: torch.Tensor = self.layers(rows)
        return outputs

    def description(self) -> list[dict[str, Any]]:
        """Return the layers as they are now, after any surgery, in plain values."""
        return [describe_layer(layer) for layer in self.layers]

    @classmethod
    def from_description(cls, layers: Sequence[Mapping[str, Any]]) -> "HouseNetwork":
        """Build a network from what `description` returned.

        Raises
        ------
        DataError
            If a layer is of a kind this version does not know.
        """
        network = cls(1, 1, widths=())
        network.layers = nn.Sequential(*(build_layer(layer) for layer in layers))
        return network


class Sum(nn.Module):
    """Add up what several branches make of the same rows.

    Parameters
    ----------
    *branches : torch.nn.Module
        Of layers that `describe_layer` knows.
    """

    def __init__(self, *branches: nn.Module) -> None:
        super().__init__()
        self.branches = nn.ModuleList(branches)

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        """Return the sum of the outputs of all branches."""
        first, *others = (branch(rows) for branch in self.branches)
        for other in others:
            first = first + other
        outputs: torch.Tensor = first
        return outputs


def _hidden(n_in: int, n_out: int, dropout: float) -> list[nn.Module]:
    return [nn.Linear(n_in, n_out), nn.BatchNorm1d(n_out), nn.ReLU(), nn.Dropout(dropout)]


KINDS: dict[str, tuple[Callable[..., nn.Module], tuple[str, ...]]] = {
    "Linear": (nn.Linear, ("in_features", "out_features")),
    "BatchNorm1d": (nn.BatchNorm1d, ("num_features", "eps", "momentum")),
    "LayerNorm": (nn.LayerNorm, ("normalized_shape", "eps")),
    "Dropout": (nn.Dropout, ("p",)),
    "AlphaDropout": (nn.AlphaDropout, ("p",)),
    "LeakyReLU": (nn.LeakyReLU, ("negative_slope",)),
    "ELU": (nn.ELU, ("alpha",)),
    "GELU": (nn.GELU, ("approximate",)),
    **{kind.__name__: (kind, ()) for kind in (nn.ReLU, nn.SELU, nn.SiLU)},
    **{kind.__name__: (kind, ()) for kind in (nn.Tanh, nn.Sigmoid, nn.Identity)},
    "Softmax": (nn.Softmax, ("dim",)),
    "LogSoftmax": (nn.LogSoftmax, ("dim",)),
}


COMPOSED: dict[object, Callable[..., nn.Module]] = {"Sequential": nn.Sequential, "Sum": Sum}


def describe_layer(layer: nn.Module) -> dict[str, Any]:
    """Return kind and sizes of a layer that surgery may put in, in plain values."""
    if type(layer) is nn.Sequential:
        return {"kind": "Sequential", "layers": [describe_layer(part) for part in layer]}
    if type(layer) is Sum:
        return {"kind": "Sum", "layers": [describe_layer(part) for part in layer.branches]}
    kind = type(layer).__name__
    described = {"kind": kind, **{name: getattr(layer, name) for name in KINDS[kind][1]}}
    has_no_bias = kind == "Linear" and getattr(layer, "bias", None) is None
    return {**described, "bias": False} if has_no_bias else described


def build_layer(described: Mapping[str, Any]) -> nn.Module:
    """Build a layer from what `describe_layer` returned.

    Raises
    ------
    DataError
        If this version does not know the kind.
    """
    kind = described.get("kind")
    if kind in COMPOSED:
        return COMPOSED[kind](*(build_layer(part) for part in described["layers"]))
    if kind not in KINDS:
        raise DataError(
            f"a layer must be of a known kind, got {kind!r}",
            hint="the file was written by another version",
        )
    make, names = KINDS[str(kind)]
    return make(**{name: described[name] for name in (*names, "bias") if name in described})
