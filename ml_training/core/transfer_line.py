"""Fit what few rows can tell about a base model: its slope, its level, and a line."""

from dataclasses import dataclass

import torch
from torch import nn

from ml_training.core.transfer_network import TransferNetwork

MOST_TURNS = 50  # of Newton's method; chosen: some six suffice
CLOSE = 1e-6  # in log-odds for a unit of a column; chosen: far below what rows can tell
LONGEST = 2.0  # of a turn; chosen: keeps steep starts from going astray
LEAST_CURVATURE = 1e-9  # keeps rows that are told beyond doubt from having none


@dataclass(frozen=True, kw_only=True)
class Prior:
    """Say how far few rows may lead away from a base model.

    Standard deviations of normal priors, in log-odds.

    Parameters
    ----------
    slope : float
        Of the factor on the base model's log-odds, around 1.
    level : float
        Of what is added to all log-odds, around 0.
    line : float
        Of the weight of each column, around 0.
    """

    slope: float
    level: float
    line: float


@torch.no_grad()
def fit_line(
    network: TransferNetwork,
    X: torch.Tensor,
    y: torch.Tensor,
    weight: torch.Tensor,
    prior: Prior,
) -> tuple[float, float]:
    """Give a network the most likely slope, level and line; nothing else changes.

    Parameters
    ----------
    network : TransferNetwork
        Not trained yet; its output layer and its line are changed.
    X : tensor of shape (n, n_features)
        Treated training rows.
    y, weight : tensor of shape (n,)
        0 or 1, and how much each row counts.
    prior : Prior
        How far they may lead away.

    Returns
    -------
    tuple of float
        Slope and level.

    References
    ----------
    Platt (1999), Probabilistic outputs for support vector machines: slope and level.
    Chelba, Acero (2006), Adaptation of maximum entropy classifier: a normal prior
    around what was learned elsewhere.
    """
    told = network.eval()(X).double()[:, 0]
    middle = told.mean()
    columns = torch.cat([(told - middle)[:, None], torch.ones_like(told)[:, None], X.double()], 1)
    start = torch.zeros(columns.shape[1], dtype=columns.dtype, device=X.device)
    start[0], start[1] = 1.0, middle
    spread = torch.full_like(start, prior.line)
    spread[0], spread[1] = prior.slope, prior.level
    found = solve_near(columns, y.double(), weight.double(), start, spread**-2)
    if not bool(torch.isfinite(found).all()):
        return 1.0, 0.0
    slope, level = float(found[0]), float(found[1] - middle)
    turn_outputs(network.head, slope=slope, shift=float(found[1] - slope * middle))
    network.line.weight.copy_(found[2:][None])
    return slope, level


@torch.no_grad()
def calibrate(head: nn.Linear, told: torch.Tensor, y: torch.Tensor, prior: Prior) -> None:
    """Give an output layer the most likely slope and level.

    Parameters
    ----------
    head : torch.nn.Linear
        Changed in place.
    told : tensor of shape (n,)
        Log-odds that it gives rows which it did not learn from.
    y : tensor of shape (n,)
        0 or 1.
    prior : Prior
        How far slope and level may lead away; there is no line.
    """
    told = told.double()
    middle = told.mean()
    columns = torch.stack([told - middle, torch.ones_like(told)], dim=1)
    start = torch.stack([torch.ones_like(middle), middle])
    spread = torch.tensor([prior.slope, prior.level], dtype=told.dtype, device=told.device)
    found = solve_near(columns, y.double(), torch.ones_like(told), start, spread**-2)
    if bool(torch.isfinite(found).all()):
        slope = float(found[0])
        turn_outputs(head, slope=slope, shift=float(found[1] - slope * middle))


@torch.no_grad()
def turn_outputs(head: nn.Linear, *, slope: float, shift: float) -> None:
    """Multiply what an output layer gives, and add to it."""
    head.weight.mul_(slope)
    head.bias.mul_(slope).add_(shift)


def solve_near(
    X: torch.Tensor,
    y: torch.Tensor,
    weight: torch.Tensor,
    start: torch.Tensor,
    precision: torch.Tensor,
) -> torch.Tensor:
    """Return the most likely coefficients of log-odds under a normal prior.

    Parameters
    ----------
    X : tensor of shape (n, n_columns)
        In double precision, as all others.
    y, weight : tensor of shape (n,)
        0 or 1, and how much each row counts.
    start, precision : tensor of shape (n_columns,)
        Mean of the prior, and one over its variance.
    """
    found = start.clone()
    for _ in range(MOST_TURNS):
        p = (X @ found).sigmoid()
        slope = X.T @ (weight * (p - y)) + precision * (found - start)
        curvature = weight * p * (1 - p) + LEAST_CURVATURE
        turn = torch.linalg.solve((X * curvature[:, None]).T @ X + torch.diag(precision), slope)
        size = float(turn.abs().max())
        found = found - turn * min(1.0, LONGEST / max(size, CLOSE))
        if not size > CLOSE:
            break
    return found
