"""Losses and scores of a model that stands still, on rows it is not trained on."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from ml_training.core.batches import Rows
from ml_training.core.objective import Objective, flatten_outputs

LARGEST_FORWARD = 65_536  # rows; keeps the activations of the house network below 64 MB
N_BLOCKS = 10  # chosen: enough blocks for a standard error when a loss gives no rows


@dataclass(frozen=True, eq=False)
class Evaluation:
    """Hold loss and score on some rows.

    Parameters
    ----------
    loss : float
        Mean over the rows, as the objective defines it; NaN when it cannot be had.
    score : float
        Balanced accuracy, or R squared.
    parts : array
        Loss by row, or by block of rows when the loss only gives a scalar.
    outputs : tensor or None
        Of the network, as it gave them; None when it raised.
    hits : array or None
        By row: zero when it is told wrongly, else its share in the score, whose mean
        they have; None for values.
    """

    loss: float
    score: float
    parts: npt.NDArray[np.float64]
    outputs: torch.Tensor | None = None
    hits: npt.NDArray[np.float64] | None = None


@torch.no_grad()
def forward_rows(model: nn.Module, X: torch.Tensor, *, chunk: int) -> torch.Tensor:
    """Return outputs for all rows in one call, in chunks when that fails.

    Parameters
    ----------
    model : torch.nn.Module
        Is put into evaluation mode.
    X : tensor of shape (n, n_features)
        Treated features.
    chunk : int
        Rows per call when one call for all raises; a last chunk that falls short is
        filled up with its own rows, for models that insist on one size.
    """
    model.eval()
    try:
        parts = [_one_for_each(model(part), part) for part in X.split(LARGEST_FORWARD)]
    except Exception:
        parts = [_forward_filled(model, part, chunk) for part in X.split(chunk)]
    return flatten_outputs(torch.cat(parts))


def _forward_filled(model: nn.Module, part: torch.Tensor, size: int) -> torch.Tensor:
    n_rows = len(part)
    filled = part.repeat(-(-size // n_rows), 1)[:size]
    return _one_for_each(model(filled), filled)[:n_rows]


def _one_for_each(outputs: object, rows: torch.Tensor) -> torch.Tensor:
    if not isinstance(outputs, torch.Tensor):
        raise TypeError(f"it must return one tensor, got {type(outputs).__name__}")
    if outputs.ndim == 0 or len(outputs) != len(rows):
        shape = tuple(outputs.shape)
        raise ValueError(f"it must return a row for each of {len(rows)} rows, got shape {shape}")
    return outputs


@torch.no_grad()
def evaluate(
    model: nn.Module,
    objective: Objective,
    rows: Rows,
    *,
    chunk: int,
    is_balanced: bool = False,
    in_first_units: bool = False,
) -> Evaluation:
    """Return loss and score of a model on rows it is not trained on.

    Parameters
    ----------
    model : torch.nn.Module
        Stands still.
    objective : Objective
        What it was trained towards.
    rows : Rows
        Treated rows.
    chunk : int
        As in `forward_rows`.
    is_balanced : bool
        True gives every class the same say in the loss.
    in_first_units : bool
        True measures values in the units the run began with, whatever a remedy did to
        them, so that branches can be compared.

    Notes
    -----
    What raises here counts as a loss of NaN: the caller decides on numbers.
    """
    try:
        given = forward_rows(model, rows.X, chunk=chunk)
        outputs, targets = objective.as_predicted(given), rows.y
        if in_first_units:
            outputs, targets = map(objective.in_first_units, (outputs, targets))
        if is_balanced and objective.n_classes:
            parts = _balanced_parts(objective, outputs, targets)
        else:
            parts = _loss_parts(objective, outputs, targets)
        hits = _hits(objective, outputs, targets)
        score = _r_squared(outputs, targets) if hits is None else float(hits.mean())
        return Evaluation(float(parts.mean()), score, parts, given, hits)
    except Exception:
        return Evaluation(float("nan"), float("nan"), np.full(1, np.nan))


def _loss_parts(
    objective: Objective, outputs: torch.Tensor, targets: torch.Tensor
) -> npt.NDArray[np.float64]:
    rows = objective.per_row(outputs, targets)
    if rows is None:
        size = max(1, -(-len(outputs) // N_BLOCKS))
        pairs = zip(outputs.split(size), targets.split(size), strict=True)
        rows = torch.stack([objective(part, target) for part, target in pairs])
    return rows.double().cpu().numpy()


def _balanced_parts(
    objective: Objective, outputs: torch.Tensor, targets: torch.Tensor
) -> npt.NDArray[np.float64]:
    """Return parts whose mean is the mean over the classes of their mean loss.

    Each part holds as many rows of every class as any other: how much they differ then
    shows the noise within the classes, not the distance between them.
    """
    classes = class_indices(targets)
    counts = torch.bincount(classes)
    present = counts.nonzero().flatten().tolist()
    n_blocks = min(N_BLOCKS, *(int(counts[k]) for k in present))
    rows = objective.per_row(outputs, targets) if objective.weighs_rows_alike else None
    blocks = []
    for k in present:
        places = (classes == k).nonzero().flatten().tensor_split(n_blocks)
        if rows is None:
            blocks.append([float(objective(outputs[p], targets[p])) for p in places])
        else:  # many times faster than one loss for each block
            blocks.append([float(rows[p].mean()) for p in places])
    return np.asarray(np.mean(blocks, axis=0))


def class_indices(targets: torch.Tensor) -> torch.Tensor:
    """Return class indices from targets in any form a loss expects."""
    return targets.argmax(dim=1) if targets.ndim > 1 else targets.long()


def _r_squared(outputs: torch.Tensor, targets: torch.Tensor) -> float:
    return r_squared(outputs.double().cpu().numpy(), targets.double().cpu().numpy())


def _hits(
    objective: Objective, outputs: torch.Tensor, targets: torch.Tensor
) -> npt.NDArray[np.float64] | None:
    """Return what each row adds to the balanced accuracy, as `Evaluation` keeps it."""
    if objective.task == "regression":
        return None
    guesses = objective.probabilities(outputs).argmax(dim=1).cpu().numpy()
    return balanced_hits(guesses, class_indices(targets).cpu().numpy())


def balanced_hits(
    guesses: npt.NDArray[np.int64], truth: npt.NDArray[np.int64]
) -> npt.NDArray[np.float64]:
    """Return what each row adds to the balanced accuracy, which is their mean.

    Examples
    --------
    >>> balanced_hits(np.array([0, 0, 1]), np.array([0, 1, 1]))
    array([1.5 , 0.  , 0.75])
    """
    n_rows = np.bincount(truth)
    weight = len(truth) / np.maximum(n_rows * np.count_nonzero(n_rows), 1)
    hits: npt.NDArray[np.float64] = (guesses == truth) * weight[truth]
    return hits


def balanced_accuracy(guesses: npt.NDArray[np.int64], truth: npt.NDArray[np.int64]) -> float:
    """Return the mean over the classes present of the share that was recognised.

    Examples
    --------
    >>> round(balanced_accuracy(np.array([0, 0, 1]), np.array([0, 1, 1])), 2)
    0.75
    """
    return float(balanced_hits(guesses, truth).mean())


def r_squared(guesses: npt.NDArray[np.float64], truth: npt.NDArray[np.float64]) -> float:
    """Return the share of variance explained; 0 for the mean, negative for worse.

    Examples
    --------
    >>> r_squared(np.array([1.0, 2.0]), np.array([1.0, 2.0]))
    1.0
    """
    spread = float(((truth - truth.mean()) ** 2).sum())
    error = float(((truth - guesses) ** 2).sum())
    if spread == 0:
        return 1.0 if error == 0 else 0.0
    return 1.0 - error / spread
