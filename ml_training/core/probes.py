"""Measurements on a model that stands still: losses and scores on held-out rows."""

from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, lru_cache, partial

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from ml_training.core.anatomy import BLOCKING, SQUASHING, hidden_activations
from ml_training.core.batches import Rows
from ml_training.core.facts import DataFacts, measure_columns, measure_missing
from ml_training.core.neighbours import Known, ask_simple_methods
from ml_training.core.objective import Objective, flatten_outputs
from ml_training.core.rival import score_rival
from ml_training.core.start import saturated_share, silent_share
from ml_training.core.state import TrainingState
from ml_training.core.structure import put_back
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
STEPS_BETWEEN_UNITS = 100  # measured: 2 % of the time of a small network
FIRST_EPOCHS = 3  # of which each is measured; chosen: most units that die do so early
SAME_LOSS = 1e-3  # chosen: rounding of single floats
N_BLOCKS = 10  # chosen: enough blocks for a standard error when a loss gives no rows
FEWEST_EPOCHS = 5  # chosen: what is not gained by then may be asked for
PLAN_SHARE = 0.2  # of the planned epochs; chosen: as late as a slow start may last
SMALL_GAIN = 0.2  # of the naive loss; measured: a fit to noise gains half of that by luck
FEWEST_TO_CALIBRATE = 100  # rows; chosen: one number to 10 %
TEMPERATURES = tuple(round(1.1**k, 3) for k in range(-12, 25))  # 0.32 to 9.85 in tenths
TINY = 1e-12  # keeps logarithms and ratios finite


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
    activation: what passes no gradient at all. Nothing when it was measured lately: on
    tiny epochs it would cost as much as a step in five.
    """
    began = state.step - state.batch
    is_due = state.step // STEPS_BETWEEN_UNITS > began // STEPS_BETWEEN_UNITS
    if state.epoch >= FIRST_EPOCHS and not is_due:
        return {}
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
    """Measure how far the weights moved in this epoch, and how many epochs are left."""
    left = state.knobs.max_epochs - state.epoch - 1
    return {"travel": state.travel(), "epochs_left": float(max(left, 0))}


@torch.no_grad()
def probe_answers(state: TrainingState) -> dict[str, float]:
    """Measure what the answers on the early-stopping rows are worth.

    Which classes are recognised, and what is gained over guessing; when that is nothing
    for long, or was lost again, also what simple methods know about the same rows.
    """
    outputs = state.objective.as_predicted(
        forward_rows(state.model, state.data.stopping.X, chunk=state.knobs.batch_size)
    )
    y, y_train = state.data.stopping.y, state.data.train.y
    signals: dict[str, float] = {}
    if state.objective.n_classes:
        shares = state.objective.probabilities(outputs).double()
        signals = _recalls(shares, class_indices(y))
        gains = _gains_of_classes(shares, class_indices(y), class_indices(y_train))
    else:
        naive = (y.double() - y_train.double().mean()) ** 2
        gains = naive - (outputs.double() - y.double()) ** 2, naive
    gain, naive = gains
    error = float(gain.std() / max(len(gain), 1) ** 0.5)
    signals["gain"] = float(gain.mean() / naive.mean().clamp_min(TINY))
    signals["gain_errors"] = float(gain.mean()) / error if error > 0 else 0.0
    if _is_in_doubt(state, signals):
        known = know_simply(state.data, state.objective.n_classes)
        signals |= {
            "known_line": known.line,
            "known_bends": known.bends,
            "known_near": known.near,
            "known_held": known.held,
            "agreement": known.agreement,
            "agreement_held": known.agreement_held,
            "n_held": float(known.n_held),
        }
    return signals


def _recalls(shares: torch.Tensor, classes: torch.Tensor) -> dict[str, float]:
    guesses = shares.argmax(dim=1)
    return {
        f"recall.{k}": float((guesses[classes == k] == k).double().mean())
        for k in classes.unique().tolist()
    }


def _gains_of_classes(
    shares: torch.Tensor, classes: torch.Tensor, train: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the log loss gained over the base rate, and the latter, by row."""
    counts = torch.bincount(train, minlength=shares.shape[1]).double().clamp_min(0.5)
    naive = -(counts / counts.sum()).log()[classes]
    own = -shares.gather(1, classes[:, None])[:, 0].clamp_min(TINY).log()
    return naive - own, naive


def _is_in_doubt(state: TrainingState, signals: Mapping[str, float]) -> bool:
    """Tell whether it is time to ask what there is to learn at all."""
    if state.epoch + 1 < max(FEWEST_EPOCHS, PLAN_SHARE * state.knobs.max_epochs):
        return False
    has_passed = state.progress.n_epochs_since >= FEWEST_EPOCHS
    return signals["gain"] < SMALL_GAIN or (has_passed and state.objective.n_classes > 0)


@lru_cache(maxsize=2)
def know_simply(data: TableData, n_classes: int) -> Known:
    """Return what simple methods know about these rows; computed once for a table."""
    held = data.raw_validation
    return ask_simple_methods(
        data.treated_train(),
        data.raw_train.y,
        data.treated(held.X),
        held.y,
        n_classes=n_classes,
    )


@torch.no_grad()
def measure_closing(state: TrainingState) -> dict[str, float]:
    """Measure once, when training has ended, how sure its best model may be.

    Returns
    -------
    dict
        The temperature with the lowest loss on the early-stopping rows, the share of
        the loss it gains, and its standard errors; empty when outputs are no logits.
    """
    objective, rows = state.objective, state.data.stopping
    is_fit = objective.output_kind == "logit" and objective.is_log_loss
    if not is_fit or state.progress.best is None or len(rows) < FEWEST_TO_CALIBRATE:
        return {}
    here = state.snapshot()
    put_back(state.progress.best)
    outputs = forward_rows(state.model, rows.X, chunk=state.knobs.batch_size)
    state.restore(here)
    tried = {t: objective.per_row(outputs / t, rows.y) for t in TEMPERATURES}
    known = {t: losses.double() for t, losses in tried.items() if losses is not None}
    if not known:
        return {}
    best = min(known, key=lambda t: float(known[t].mean()))
    gain = known[1.0] - known[best]
    error = float(gain.std() / len(gain) ** 0.5)
    return {
        "temperature": best,
        "gain": float(gain.mean() / known[1.0].mean().clamp_min(TINY)),
        "gain_errors": float(gain.mean()) / error if error > 0 else 0.0,
    }


EPOCH_PROBES: Mapping[str, Callable[[TrainingState], dict[str, float]]] = {
    "activations": probe_activations,
    "answers": probe_answers,
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
    """Return parts whose mean is the mean over the classes of their mean loss.

    Each part holds as many rows of every class as any other: how much they differ then
    shows the noise within the classes, not the distance between them.
    """
    classes = class_indices(targets)
    counts = torch.bincount(classes)
    present = counts.nonzero().flatten().tolist()
    n_blocks = min(N_BLOCKS, *(int(counts[k]) for k in present))
    blocks = []
    for k in present:
        places = (classes == k).nonzero().flatten().tensor_split(n_blocks)
        blocks.append([float(objective(outputs[p], targets[p])) for p in places])
    return np.asarray(np.mean(blocks, axis=0))


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
    values = np.zeros(1) if n_classes else data.train.y.double().cpu().numpy()
    low, centre, high = np.percentile(values, (25.0, 50.0, 75.0))
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
