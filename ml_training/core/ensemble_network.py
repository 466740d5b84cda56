"""Many small networks side by side: one batched product per layer for all of them."""

import itertools
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from ml_training.core.errors import DataError

MOST_ROWS = 4_096  # of one forward pass without gradient: keeps 16 members within the cache
SCALE_PACE = 20.0  # times the rate; measured: see MemberScale
QUIET_HEAD = 0.1  # of the usual size; chosen: members begin close to their straight part


@dataclass(frozen=True, kw_only=True)
class Shape:
    """Hold the sizes of an ensemble.

    Parameters
    ----------
    n_members, n_features, n_outputs : int
        1 output for two classes and for values, else one per class.
    widths : tuple of int
        Units of the hidden layers of each member.
    dropout : float
        Share of units dropped while training, 0-1.
    is_normalised : bool
        True puts a normalisation of its own behind every hidden layer of a member.
    averages : str
        ``"probabilities"`` or ``"values"``.
    """

    n_members: int
    n_features: int
    n_outputs: int
    widths: tuple[int, ...]
    dropout: float
    is_normalised: bool
    averages: str = "probabilities"

    def as_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return {**asdict(self), "widths": list(self.widths)}

    @classmethod
    def from_dict(cls, saved: Mapping[str, Any]) -> "Shape":
        """Return the shape that `as_dict` wrote down.

        Raises
        ------
        DataError
            If something is missing, unknown, or no size.
        """
        try:
            return cls(**{**saved, "widths": tuple(saved["widths"])})
        except (KeyError, TypeError, ValueError) as error:
            raise DataError(
                f"the shape of the ensemble is damaged: {type(error).__name__}: {error}",
                hint="use an earlier copy of the file, or train again",
            ) from error

    def __post_init__(self) -> None:
        """Refuse what is no size."""
        counts = (self.n_members, self.n_features, self.n_outputs, *self.widths)
        if not all(type(count) is int and count > 0 for count in counts):
            raise ValueError(f"sizes must be whole numbers above 0, got {counts}")


class MemberLinear(nn.Module):
    """Apply a dense layer of its own for each member.

    Parameters
    ----------
    n_members, n_in, n_out : int
        Sizes.
    gain : float
        The first weights are uniform within ``gain / sqrt(n_in)``, as those of torch.
    """

    def __init__(self, n_members: int, n_in: int, n_out: int, gain: float = 1.0) -> None:
        super().__init__()
        bound = gain / math.sqrt(max(n_in, 1))
        self.weight = nn.Parameter(torch.empty(n_members, n_in, n_out).uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.empty(n_members, 1, n_out).uniform_(-bound, bound))

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        """Return outputs (batch, n_members, n_out).

        Parameters
        ----------
        rows : tensor of shape (batch, n_in) or (batch, n_members, n_in)
            Shared by all members, or each member's own.
        """
        shared = rows.ndim == 2
        by_member = rows.expand(len(self.weight), *rows.shape) if shared else rows.transpose(0, 1)
        return torch.baddbmm(self.bias, by_member, self.weight).transpose(0, 1)


class MemberNorm(nn.Module):
    """Normalise the units of each row within each member, then stretch and shift them.

    Parameters
    ----------
    n_members, n_units : int
        Sizes.
    """

    def __init__(self, n_members: int, n_units: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(n_members, 1, n_units))
        self.bias = nn.Parameter(torch.zeros(n_members, 1, n_units))

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        """Return values of the same shape, (batch, n_members, n_units)."""
        by_member = values.transpose(0, 1)
        normal = functional.layer_norm(by_member, by_member.shape[-1:])
        return torch.addcmul(self.bias, normal, self.weight).transpose(0, 1)


class MemberScale(nn.Module):
    """Stretch every feature by a factor of its own for each member.

    Parameters
    ----------
    n_members, n_features : int
        Sizes.

    Notes
    -----
    Factors begin at one and move several times as fast as other weights: a member soon
    turns up the few features that tell something, and the others down. On planted edges
    that halves the distance to the optimum (benchmarks/ensemble.py).
    """

    def __init__(self, n_members: int, n_features: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.full((n_members, 1, n_features), 1.0 / SCALE_PACE))

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        """Return the stretched rows, (batch, n_members, n_features).

        Parameters
        ----------
        rows : tensor of shape (batch, n_features) or (batch, n_members, n_features)
            Shared by all members, or each member's own.
        """
        by_member = rows if rows.ndim == 2 else rows.transpose(0, 1)
        return (by_member * (self.weight * SCALE_PACE)).transpose(0, 1)


class MemberStack(nn.Module):
    """Hold k networks of one shape: hidden layers, and a straight line beside them.

    Parameters
    ----------
    shape : Shape
        Sizes of all.
    """

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        k, sizes = shape.n_members, (shape.n_features, *shape.widths)
        layers: list[nn.Module] = [MemberScale(k, shape.n_features)]
        for n_in, n_out in itertools.pairwise(sizes):
            layers.append(MemberLinear(k, n_in, n_out))
            layers += [MemberNorm(k, n_out)] if shape.is_normalised else []
            layers += [nn.ReLU(), nn.Dropout(shape.dropout)]
        self.layers = nn.Sequential(*layers)
        self.head = MemberLinear(k, sizes[-1], shape.n_outputs, gain=QUIET_HEAD)
        self.line = MemberLinear(k, shape.n_features, shape.n_outputs, gain=QUIET_HEAD)

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        """Return the outputs of every member, (batch, n_members, n_outputs)."""
        outputs: torch.Tensor = self.head(self.layers(rows)) + self.line(rows)
        return outputs


class Ensemble(nn.Module):
    """Answer with the mean of what k members think.

    Seen from outside it is one network: rows in, one output per row, so that everything
    that watches and heals networks works on it. While it trains it holds every member
    twice: as it is, and as it was at its own best epoch. Standing still without
    gradient it answers with the best ones, which are what is handed out in the end.

    Parameters
    ----------
    shape : Shape
        Sizes of all.
    is_training_kept : bool
        False leaves out what only training needs.
    """

    low: torch.Tensor
    high: torch.Tensor
    centre: torch.Tensor
    width: torch.Tensor
    best_loss: torch.Tensor
    best_epoch: torch.Tensor
    n_returns: torch.Tensor

    def __init__(self, shape: Shape, *, is_training_kept: bool = True) -> None:
        super().__init__()
        self.shape = shape
        self.best = MemberStack(shape).requires_grad_(requires_grad=False)
        self.live = MemberStack(shape) if is_training_kept else None
        for name, value in (("low", -math.inf), ("high", math.inf), ("centre", 0.0)):
            self.register_buffer(name, torch.full((shape.n_features,), value))
        self.register_buffer("width", torch.ones(shape.n_features))
        for name, value in (("best_loss", math.inf), ("best_epoch", -1.0), ("n_returns", 0.0)):
            self.register_buffer(name, torch.full((shape.n_members,), value))
        if self.live is not None:
            self.keep(torch.ones(shape.n_members, dtype=torch.bool))

    @property
    def n_members(self) -> int:
        """Return how many there are."""
        return self.shape.n_members

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        """Return one output per row and class, (batch, n_outputs)."""
        if self.live is not None and (self.training or torch.is_grad_enabled()):
            return self.average(self.members(rows))
        return torch.cat([self.average(self.finished(part)) for part in rows.split(MOST_ROWS)])

    def members(self, rows: torch.Tensor) -> torch.Tensor:
        """Return the outputs of the members in training, (batch, members, outputs)."""
        assert self.live is not None
        outputs: torch.Tensor = self.live(self.scaled(rows))
        return outputs

    def finished(self, rows: torch.Tensor) -> torch.Tensor:
        """Return those of the members at their best, (batch, members, outputs)."""
        outputs: torch.Tensor = self.best(self.scaled(rows))
        return outputs

    def scaled(self, rows: torch.Tensor) -> torch.Tensor:
        """Return features within the range seen in training, in standard units."""
        return (rows.clamp(self.low, self.high) - self.centre) / self.width

    def probabilities(self, outputs: torch.Tensor) -> torch.Tensor:
        """Return what each member thinks: probabilities, or values as they are."""
        if self.shape.averages == "values":
            return outputs
        return outputs.sigmoid() if outputs.shape[-1] == 1 else outputs.softmax(dim=-1)

    def average(self, outputs: torch.Tensor) -> torch.Tensor:
        """Return the logit of the members' mean probability, or their mean value."""
        if self.shape.averages == "values":
            return outputs.mean(dim=1)
        if outputs.shape[-1] > 1:
            return _log_mean(outputs.log_softmax(dim=-1))
        return _log_mean(functional.logsigmoid(outputs)) - _log_mean(
            functional.logsigmoid(-outputs)
        )

    @torch.no_grad()
    def keep(self, which: torch.Tensor) -> None:
        """Keep some members as they are now.

        Parameters
        ----------
        which : tensor of bool, shape (n_members,)
            Those that are better than ever.
        """
        assert self.live is not None
        for best, now in zip(self.best.parameters(), self.live.parameters(), strict=True):
            best[which] = now[which]

    @torch.no_grad()
    def bring_back(self, which: torch.Tensor) -> None:
        """Make some members what they were at their best.

        Parameters
        ----------
        which : tensor of bool, shape (n_members,)
            Those that lost their way.
        """
        assert self.live is not None
        for best, now in zip(self.best.parameters(), self.live.parameters(), strict=True):
            now[which] = best[which]

    def without_training(self) -> "Ensemble":
        """Return the members at their best, and nothing else."""
        dropouts = [module.p for module in self.best.modules() if isinstance(module, nn.Dropout)]
        shape = replace(self.shape, dropout=max(dropouts, default=0.0))
        served = Ensemble(shape, is_training_kept=False)
        served.to(self.centre.device, self.centre.dtype)
        own = {k: v for k, v in self.state_dict().items() if not k.startswith("live.")}
        served.load_state_dict(own)
        return served.eval()


def _log_mean(logs: torch.Tensor) -> torch.Tensor:
    """Return the logarithm of the members' mean of what has these logarithms."""
    return logs.logsumexp(dim=1) - math.log(logs.shape[1])
