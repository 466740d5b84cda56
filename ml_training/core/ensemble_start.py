"""Where the members of an ensemble begin: standard units, and the best straight line.

A network drawn at random has to find first what a logistic regression knows, and on
weak signals it has learned noise by heart until then. Each member begins with the line
fitted to its own rows, and learns what bends.
"""

import math
from dataclasses import dataclass

import torch

from ml_training.core.arrays import Floats
from ml_training.core.ensemble_network import Ensemble

TAIL = 0.01  # chosen, as in the logistic baseline: an outlier in a hundred sets no scale
ROUNDING = 1e-9  # share of a column's mean below which its spread is rounding
PENALTIES = (3e-4, 3e-3, 3e-2, 3e-1, 3.0)  # on the mean loss; the best on held-out rows counts
MOST_TURNS = 25  # of the solver; chosen: weak signals are done after some five
CLOSE = 1e-4  # chosen: a line this close to its end is there
MOST_ROWS = 20_000  # to fit a line to; chosen: its error is then far below the noise


@dataclass(frozen=True, eq=False)
class MemberRows:
    """Hold treated rows with what each member does with them.

    Parameters
    ----------
    X, y : tensor
        Features, and class indices or values.
    trained, held : tensor of shape (n_rows, n_members)
        Weight of each row in the loss of each member, and in judging it.
    """

    X: torch.Tensor
    y: torch.Tensor
    trained: torch.Tensor
    held: torch.Tensor


@torch.no_grad()
def measure_columns(model: Ensemble, X: torch.Tensor) -> None:
    """Take range and size of the features from training rows.

    Parameters
    ----------
    model : Ensemble
        Changed in place.
    X : tensor of shape (n_rows, n_features)
        Treated features without gaps.
    """
    wide = X.double().cpu()
    ends = torch.tensor([TAIL, 1 - TAIL], dtype=wide.dtype)
    low, high = torch.quantile(wide[:: math.ceil(len(wide) / MOST_ROWS)], ends, dim=0)
    flat = low == high  # a rare column: its range says nothing
    low[flat], high[flat] = wide.amin(dim=0)[flat], wide.amax(dim=0)[flat]
    cut = wide.clamp(low, high)
    centre, spread = cut.mean(dim=0), cut.std(dim=0, correction=0)
    is_alive = spread > ROUNDING * centre.abs()
    spread = torch.where(is_alive & (spread > 0), spread, torch.ones_like(spread))
    for name, value in (("low", low), ("high", high), ("centre", centre), ("width", spread)):
        getattr(model, name).copy_(value)


@torch.no_grad()
def begin_with_lines(model: Ensemble, rows: MemberRows, *, is_binary: bool) -> float:
    """Fit a straight line for every member, and put it into the network.

    Parameters
    ----------
    model : Ensemble
        Its columns are measured.
    rows : MemberRows
        Those of training.
    is_binary : bool
        True fits log-odds, False values; of several classes no line is fitted.

    Returns
    -------
    float
        The penalty that was best on held-out rows.
    """
    assert model.live is not None
    every = math.ceil(len(rows.X) / MOST_ROWS)
    X = model.scaled(rows.X[::every]).double()
    y, trained, held = (part[::every].double() for part in (rows.y, rows.trained, rows.held))
    X = torch.cat([X, torch.ones_like(X[:, :1])], dim=1)
    share = trained / trained.sum(dim=0).clamp_min(1e-30)
    grams = torch.stack([X.T @ (X * one[:, None]) for one in share.T])
    lines = {
        penalty: _fit_lines(X, y, share, grams, penalty, is_binary=is_binary)
        for penalty in PENALTIES
    }
    losses = {
        penalty: _measure(X @ line, y, held if bool(held.any()) else trained, is_binary=is_binary)
        for penalty, line in lines.items()
    }
    best = min(losses, key=lambda penalty: losses[penalty])
    line = lines[best]
    if not bool(torch.isfinite(line).all()):
        return math.nan
    model.live.line.weight.copy_(line[:-1].T[:, :, None])
    model.live.line.bias.copy_(line[-1][:, None, None])
    return best


def _fit_lines(
    X: torch.Tensor,
    y: torch.Tensor,
    share: torch.Tensor,
    grams: torch.Tensor,
    penalty: float,
    *,
    is_binary: bool,
) -> torch.Tensor:
    """Return coefficients (n_features + 1, n_members), the last row not penalised.

    References
    ----------
    Boehning, Lindsay (1988): with the curvature at its bound of a quarter every turn of
    Newton's method solves the same equations, and none goes astray.
    """
    curvature = 0.25 if is_binary else 1.0
    ridge = torch.full((X.shape[1],), penalty, dtype=X.dtype, device=X.device)
    ridge[-1] = 0.0
    factor = torch.linalg.cholesky(curvature * grams + torch.diag(ridge + 1e-9))
    line = torch.zeros(X.shape[1], share.shape[1], dtype=X.dtype, device=X.device)
    for _ in range(MOST_TURNS):
        told = (X @ line).sigmoid() if is_binary else X @ line
        slope = X.T @ (share * (told - y[:, None])) + ridge[:, None] * line
        turn = torch.cholesky_solve(slope.T[:, :, None], factor)[:, :, 0].T
        line = line - turn
        if float(turn.abs().max()) < CLOSE:
            break
    return line


def _measure(
    outputs: torch.Tensor, y: torch.Tensor, weight: torch.Tensor, *, is_binary: bool
) -> float:
    """Return the mean loss over the members on the rows that count."""
    target = y[:, None].expand_as(outputs)
    losses = (
        torch.nn.functional.binary_cross_entropy_with_logits(outputs, target, reduction="none")
        if is_binary
        else (outputs - target) ** 2
    )
    return float((losses * weight).sum() / weight.sum().clamp_min(1e-30))


def as_tensor(values: Floats, like: torch.Tensor) -> torch.Tensor:
    """Return an array in type and place of a tensor."""
    return torch.from_numpy(values).to(like.device, like.dtype)
