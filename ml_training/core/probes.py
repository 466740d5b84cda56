"""Measurements on a model that stands still: losses and scores on held-out rows."""

from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, partial

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from ml_training.core.anatomy import BLOCKING, SQUASHING, hidden_activations
from ml_training.core.batches import Rows
from ml_training.core.facts import DataFacts, measure_columns, measure_missing
from ml_training.core.objective import Objective, flatten_outputs
from ml_training.core.rival import score_rival
from ml_training.core.start import saturated_share, silent_share
from ml_training.core.state import TrainingState
from ml_training.core.surgery import trace_still
from ml_training.core.survey import (
    NORMAL_QUARTILES,
    count_copies,
    find_far_rows,
    find_leak,
    measure_shift,
)
from ml_training.core.table import TableData

LARGEST_FORWARD = 65_536  # rows; keeps the activations of the house network below 64 MB
LARGEST_PROBE = 2_048  # rows; chosen: enough for a share to 1 %, a fraction of an epoch
SAME_LOSS = 1e-3  # chosen: rounding of single floats
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
    """

    loss: float
    score: float
    parts: npt.NDArray[np.float64]


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
        parts = [model(part) for part in X.split(LARGEST_FORWARD)]
    except Exception:
        parts = [_forward_filled(model, part, chunk) for part in X.split(chunk)]
    return flatten_outputs(torch.cat(parts))


def _forward_filled(model: nn.Module, part: torch.Tensor, size: int) -> torch.Tensor:
    n_rows = len(part)
    filled = part.repeat(-(-size // n_rows), 1)[:size]
    outputs: torch.Tensor = model(filled)
    return outputs[:n_rows]


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
        outputs = objective.as_predicted(forward_rows(model, rows.X, chunk=chunk))
        targets = rows.y
        if in_first_units:
            outputs, targets = map(objective.in_first_units, (outputs, targets))
        if is_balanced and objective.n_classes:
            parts = _balanced_parts(objective, outputs, targets)
        else:
            parts = _loss_parts(objective, outputs, targets)
        return Evaluation(float(parts.mean()), _score(objective, outputs, targets), parts)
    except Exception:
        return Evaluation(float("nan"), float("nan"), np.full(1, np.nan))


def measure_epoch(state: TrainingState, wanted: Collection[str]) -> dict[str, float]:
    """Return the signals that the problems in use need once per epoch.

    Parameters
    ----------
    state : TrainingState
        Stands still; it is not changed.
    wanted : collection of str
        Names of `EPOCH_PROBES`.

    Notes
    -----
    Signals of a probe that the model raises in are left out: no detector sees them.
    """
    signals: dict[str, float] = {}
    for name in sorted(wanted):
        with suppress(Exception):
            signals.update(EPOCH_PROBES[name](state))
    return signals


def probe_training_rows(state: TrainingState) -> dict[str, float]:
    """Measure loss and score on training rows as in prediction (dropout off)."""
    rows = Rows(*(None if c is None else c[:LARGEST_PROBE] for c in state.data.train))  # type: ignore[arg-type]
    measured = evaluate(state.model, state.objective, rows, chunk=state.knobs.batch_size)
    return {"train_loss_still": measured.loss, "train_score": measured.score}


@torch.no_grad()
def probe_activations(state: TrainingState) -> dict[str, float]:
    """Measure each activation on the early-stopping rows: size and silent units."""
    tap = state.activations
    with tap.listening(state.model):
        forward_rows(
            state.model, state.data.stopping.X[:LARGEST_PROBE], chunk=state.knobs.batch_size
        )
        sizes, quiet = tap.measure()
    return {
        **{f"activation_size.{name}": v for name, v in zip(tap.names, sizes, strict=False)},
        **{f"quiet_share.{name}": v for name, v in zip(tap.names, quiet, strict=False)},
    }


@torch.no_grad()
def probe_predictions(state: TrainingState) -> dict[str, float]:
    """Measure how predictions spread: share of the commonest class, or deviation."""
    outputs = forward_rows(
        state.model, state.data.stopping.X[:LARGEST_PROBE], chunk=state.knobs.batch_size
    )
    if state.objective.task == "regression":
        return {"output_deviation": float(outputs.double().std(correction=0))}
    classes = state.objective.probabilities(outputs).argmax(dim=1)
    return {"largest_class_share": float(torch.bincount(classes).max()) / len(classes)}


@torch.no_grad()
def probe_units(state: TrainingState) -> dict[str, float]:
    """Measure every activation on a sample of training rows.

    Size, share of silent ReLU units, and share of outputs at the limits of a squashing
    activation: what passes no gradient at all.
    """
    parts, _ = trace_still(state)
    signals: dict[str, float] = {}
    for part in hidden_activations(parts):
        values = part.outputs.reshape(len(part.outputs), -1)
        signals[f"size.{part.name}"] = float(values.double().square().mean().sqrt())
        if isinstance(part.module, BLOCKING):
            signals[f"silent.{part.name}"] = silent_share(values)
        elif isinstance(part.module, SQUASHING):
            signals[f"saturated.{part.name}"] = saturated_share(part.module, values)
    return signals


def probe_travel(state: TrainingState) -> dict[str, float]:
    """Measure how far the weights moved in this epoch, for their size before it."""
    return {"travel": state.travel()}


EPOCH_PROBES: Mapping[str, Callable[[TrainingState], dict[str, float]]] = {
    "activations": probe_activations,
    "predictions": probe_predictions,
    "training_rows": probe_training_rows,
    "units": probe_units,
    "travel": probe_travel,
}


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
    """Return parts whose mean is the mean over the classes of their mean loss."""
    classes = class_indices(targets)
    counts = torch.bincount(classes)
    present = counts.nonzero().flatten().tolist()
    rows = objective.per_row(outputs, targets)
    if rows is not None:
        weights = len(classes) / (len(present) * counts[classes].double())
        return (rows.double() * weights).cpu().numpy()
    n_blocks = min(N_BLOCKS, *(int(counts[k]) for k in present))
    blocks = []
    for k in present:
        places = (classes == k).nonzero().flatten().tensor_split(n_blocks)
        blocks.append([float(objective(outputs[p], targets[p])) for p in places])
    return np.array(blocks).mean(axis=0)


def class_indices(targets: torch.Tensor) -> torch.Tensor:
    """Return class indices from targets in any form a loss expects."""
    return targets.argmax(dim=1) if targets.ndim > 1 else targets.long()


def naive_loss(objective: Objective, data: TableData, *, is_balanced: bool = False) -> float:
    """Return the loss of the best constant prediction, where it is known.

    The entropy of the classes for log losses, the variance for squared errors, the best
    of some constant answers for anything else.
    """
    y = data.train.y.double()
    if objective.is_log_loss:
        classes = class_indices(y)
        counts = torch.bincount(classes)
        counts = (counts > 0).double() if is_balanced else counts.double()
        shares = counts / counts.sum()
        return float(-(shares[shares > 0] * shares[shares > 0].log()).sum())
    if objective.is_squared_error:
        return float(((y - y.mean(dim=0)) ** 2).mean())
    return _least_constant_loss(objective, data)


def _least_constant_loss(objective: Objective, data: TableData) -> float:
    """Return the loss of the best of some constant answers, for losses of any kind.

    The base rate as probability and as logit, the mean and the median; NaN when the
    loss adds up over rows, and so depends on how many there are.
    """
    y = data.train.y[:LARGEST_PROBE]
    losses = []
    for answer in _constant_answers(objective, y):
        outputs = answer.expand(len(y), *answer.shape)
        try:
            once = float(objective(outputs, y))
            twice = float(objective(torch.cat([outputs] * 2), torch.cat([y] * 2)))
        except Exception:
            return float("nan")
        if abs(twice - once) < SAME_LOSS * abs(once):
            losses.append(once)
    return min(losses, default=float("nan"))


def _constant_answers(objective: Objective, y: torch.Tensor) -> list[torch.Tensor]:
    dtype = torch.get_default_dtype()
    if objective.task == "regression":
        return [y.mean(), y.median()]
    if not objective.is_wide:
        rate = y.double().mean().to(dtype)
        return [rate, rate.logit()]
    counts = torch.bincount(class_indices(y), minlength=objective.n_classes)
    rates = (counts / counts.sum()).to(dtype)
    return [rates, rates.clamp_min(1e-12).log()]


def describe_data(state: TrainingState) -> DataFacts:
    """Return what detectors may know about the rows as the network sees them now."""
    data, n_classes = state.data, state.objective.n_classes
    X, y = data.treated_train(), data.raw_train.y
    X_held = data.treated(data.raw_validation.X)
    counts = np.bincount(y, minlength=n_classes).tolist() if n_classes else ()
    low, centre, high = (0.0, 0.0, 1.0) if n_classes else np.percentile(y, (25.0, 50.0, 75.0))
    return DataFacts(
        n_rows=len(X),
        n_features=X.shape[1],
        n_judging_rows=len(data.judging),
        class_counts=tuple(counts),
        naive_loss=naive_loss(state.objective, data, is_balanced=state.knobs.is_balanced),
        **{**measure_columns(X), "n_missing": np.isnan(data.raw_train.X).sum(axis=0)},
        **measure_missing(data.raw_train.X),  # type: ignore[arg-type]
        far=find_far_rows(X),
        far_targets=None if n_classes else find_far_rows(y[:, None].astype(np.float64)),
        copies=count_copies(X, y, X_held),
        shift=measure_shift(X, X_held),
        leak=find_leak(X, y),
        target_centre=float(centre),
        target_width=float(high - low) / NORMAL_QUARTILES,
        n_stopping_rows=len(data.stopping),
        ask_rival=cache(partial(_ask_rival, data, n_classes)),
    )


def _ask_rival(data: TableData, n_classes: int) -> float:
    held = data.raw_stopping
    return score_rival(
        data.treated_train(), data.raw_train.y, data.treated(held.X), held.y, n_classes=n_classes
    )


def _score(objective: Objective, outputs: torch.Tensor, targets: torch.Tensor) -> float:
    if objective.task == "regression":
        return r_squared(outputs.double().cpu().numpy(), targets.double().cpu().numpy())
    guesses = objective.probabilities(outputs).argmax(dim=1).cpu().numpy()
    return balanced_accuracy(guesses, class_indices(targets).cpu().numpy())


def balanced_accuracy(guesses: npt.NDArray[np.int64], truth: npt.NDArray[np.int64]) -> float:
    """Return the mean over the classes present of the share that was recognised.

    Examples
    --------
    >>> balanced_accuracy(np.array([0, 0, 1]), np.array([0, 1, 1]))
    0.75
    """
    n_rows = np.bincount(truth)
    hits = np.bincount(truth[guesses == truth], minlength=len(n_rows))
    present = n_rows > 0
    return float((hits[present] / n_rows[present]).mean())


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
