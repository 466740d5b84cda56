"""A network that starts as another one, with further columns beside the shared ones."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass

import torch
from torch import nn

from ml_training.core.errors import DataError
from ml_training.core.network import HouseNetwork, Sum, build_layer, describe_layer


class StillNorm(nn.BatchNorm1d):
    """Normalise by the statistics of the base model, also while training.

    A few dozen rows would replace what many thousands have measured.
    """

    def train(self, mode: bool = True) -> "StillNorm":  # noqa: FBT001, FBT002 - torch's
        """Stay in evaluation mode, whatever is asked for."""
        super().train(mode=False)
        return self


class TransferNetwork(nn.Module):
    """Answer as a base model does, until it is trained.

    Parameters
    ----------
    base : HouseNetwork
        Copied; its first columns are those of the new network.
    n_own : int
        Further columns, which enter the first hidden layer by weights of zero.
    temperature : float
        What the base model's outputs are divided by; taken into the output layer.
    n_carried : int or None
        How many blocks, the first ones, come from a base model (see `carry_into`); None
        means all of them, the output layer included.

    Raises
    ------
    DataError
        If the base model is no chain from one dense layer to another.

    Notes
    -----
    Shared and own columns have dense layers of their own, so that one can stand still
    while the other learns; `folded` makes one layer of them again. A straight line over
    all columns is added to the outputs, of weights of zero as well.
    """

    def __init__(
        self,
        base: HouseNetwork,
        n_own: int,
        *,
        temperature: float = 1.0,
        n_carried: int | None = None,
    ) -> None:
        super().__init__()
        layers = _copy_still(base)
        dense = [place for place, layer in enumerate(layers) if type(layer) is nn.Linear]
        if len(dense) < 2 or dense[0] != 0 or dense[-1] != len(layers) - 1:
            raise DataError(
                "a base model must lead from one dense layer to another by hidden ones",
                hint="train the base model again",
            )
        entrance, head = layers[0], layers[-1]
        assert isinstance(entrance, nn.Linear)
        assert isinstance(head, nn.Linear)
        self.n_shared = entrance.in_features
        self.entrance = entrance
        self.own = _silent(n_own, entrance.out_features, head) if n_own else None
        self.trunk = nn.Sequential(*layers[1:-1])
        self.head = head
        self.n_carried = len(dense) if n_carried is None else n_carried
        self.line = _silent(self.n_shared + n_own, head.out_features, head)
        with torch.no_grad():
            for parameter in head.parameters():
                parameter.div_(temperature)

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        """Return the outputs of a batch, shape (batch, n_outputs)."""
        hidden = self.entrance(rows[:, : self.n_shared])
        if self.own is not None:
            hidden = hidden + self.own(rows[:, self.n_shared :])
        outputs: torch.Tensor = self.head(self.trunk(hidden)) + self.line(rows)
        return outputs

    def blocks(self) -> list[list[nn.Module]]:
        """Return the layers in blocks, each from one dense layer to the next.

        The output layer is the last block; own columns and the line are in none.
        """
        found: list[list[nn.Module]] = []
        for layer in (self.entrance, *self.trunk, self.head):
            if type(layer) is nn.Linear:
                found.append([])
            found[-1].append(layer)
        return found

    def freeze(self, n_blocks: int) -> None:
        """Let so many blocks stand still, the first ones; the others learn.

        Parameters
        ----------
        n_blocks : int
            The output layer learns always, and so do own columns, the line, and what
            did not come from the base model.
        """
        *hidden, _ = self.blocks()
        self.requires_grad_(requires_grad=True)
        for block in hidden[: min(n_blocks, self.n_carried)]:
            for layer in block:
                layer.requires_grad_(requires_grad=False)

    def from_base(self) -> list[nn.Parameter]:
        """Return the parameters that came from the base model."""
        carried = self.blocks()[: self.n_carried]
        return [p for block in carried for one in block for p in one.parameters()]

    @torch.no_grad()
    def folded(self) -> HouseNetwork:
        """Return a network of plain layers that answers the same."""
        network = HouseNetwork(1, 1, widths=())
        entrance = self.entrance if self.own is None else _join(self.entrance, self.own)
        layers = [entrance, *self.trunk, self.head]
        chain = nn.Sequential(*(_as_plain(layer) for layer in layers))
        network.layers = nn.Sequential(Sum(chain, _as_plain(self.line)))
        for parameter in network.parameters():
            parameter.requires_grad = True
        return network.eval()


@dataclass(frozen=True, kw_only=True)
class Counts:
    """Count parts of a network: layers with weights of their own, or parameters.

    Parameters
    ----------
    transferred : int
        That began with the values of the base model.
    frozen, trainable : int
        That stand still, and that learn.
    total : int
        All of them.
    """

    transferred: int
    frozen: int
    trainable: int
    total: int

    def as_dict(self) -> dict[str, int]:
        """Return the counts by name."""
        return asdict(self)


def count_layers(network: TransferNetwork) -> Counts:
    """Return how many layers came from the base model, stand still, and learn."""
    carried = {id(one) for one in network.from_base()}
    layers = [[*one.parameters(recurse=False)] for one in network.modules()]
    return _count([(layer, 1) for layer in layers if layer], carried)


def count_parameters(network: TransferNetwork) -> Counts:
    """Return how many parameters came from the base model, stand still, and learn."""
    carried = {id(one) for one in network.from_base()}
    return _count([([one], one.numel()) for one in network.parameters()], carried)


def _count(parts: Iterable[tuple[Sequence[nn.Parameter], int]], carried: set[int]) -> Counts:
    transferred = frozen = total = 0
    for parameters, size in parts:
        total += size
        transferred += size * all(id(one) in carried for one in parameters)
        frozen += size * (not any(one.requires_grad for one in parameters))
    return Counts(transferred=transferred, frozen=frozen, trainable=total - frozen, total=total)


@torch.no_grad()
def _copy_still(base: HouseNetwork) -> list[nn.Module]:
    """Return copies of the layers, with statistics that stand still."""
    return [_copy(layer, is_still=True) for layer in base.layers]


def _as_plain(layer: nn.Module) -> nn.Module:
    return _copy(layer, is_still=False)


def _copy(layer: nn.Module, *, is_still: bool) -> nn.Module:
    if isinstance(layer, nn.BatchNorm1d):
        kind = StillNorm if is_still else nn.BatchNorm1d
        copied: nn.Module = kind(layer.num_features, layer.eps, layer.momentum)
    else:
        copied = build_layer(describe_layer(layer))
    sample = next(layer.parameters(), None)
    if sample is not None:
        copied = copied.to(sample.device, sample.dtype)
    copied.load_state_dict(layer.state_dict())
    return copied.eval()


def _silent(n_in: int, n_out: int, like: nn.Linear) -> nn.Linear:
    """Return a dense layer of zeros, where another one is and of its type."""
    layer = nn.utils.skip_init(nn.Linear, n_in, n_out, bias=False)
    assert isinstance(layer, nn.Linear)
    nn.init.zeros_(layer.weight)
    return layer.to(like.weight.device, like.weight.dtype)


@torch.no_grad()
def _join(shared: nn.Linear, own: nn.Linear) -> nn.Linear:
    """Return one dense layer for the columns of both, side by side."""
    has_bias = shared.bias is not None
    n_in = shared.in_features + own.in_features
    layer = nn.utils.skip_init(nn.Linear, n_in, shared.out_features, bias=has_bias)
    assert isinstance(layer, nn.Linear)
    layer.weight.copy_(torch.cat([shared.weight, own.weight], dim=1))
    if has_bias:
        layer.bias.copy_(shared.bias)
    return layer.to(shared.weight.device, shared.weight.dtype)
