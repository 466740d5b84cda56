"""Signals measured now and then on a still model, and facts about the rows."""

import math
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache, partial
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from ml_training.core.anatomy import BLOCKING, SQUASHING, hidden_activations
from ml_training.core.arrays import Floats
from ml_training.core.batches import Rows
from ml_training.core.facts import DataFacts, measure_columns, measure_missing
from ml_training.core.neighbours import Known, ask_simple_methods
from ml_training.core.objective import Objective
from ml_training.core.rival import score_rival
from ml_training.core.scores import Evaluation, class_indices, evaluate, forward_rows
from ml_training.core.start import saturated_share, silent_share
from ml_training.core.state import TrainingState
from ml_training.core.surgery import trace_still
from ml_training.core.survey import (
    NORMAL_QUARTILES,
    count_copies,
    count_strays,
    find_far_rows,
    find_leak,
    measure_shift,
    measure_target_shift,
)
from ml_training.core.table import TableData

ALWAYS_MEASURED = frozenset({"travel"})  # each epoch's own way, even of those not looked at
LARGEST_PROBE = 2_048  # rows; chosen: enough for a share to 1 %, a fraction of an epoch
STEPS_BETWEEN_UNITS = 100  # measured: 2 % of the time of a small network
FIRST_EPOCHS = 3  # of which each is measured; chosen: most units that die do so early
SAME_LOSS = 1e-3  # chosen: rounding of single floats
FEWEST_EPOCHS = 5  # chosen: what is not gained by then may be asked for
PLAN_SHARE = 0.2  # of the planned epochs; chosen: as late as a slow start may last
SMALL_GAIN = 0.2  # of the naive loss; measured: a fit to noise gains half of that by luck
MUCH_WORSE = 0.08  # of the score; chosen: nearly what a tenth of wrong labels costs
PUZZLING = 2.5  # standard errors; chosen: the question is dear, the answer is checked again
TINY = 1e-12  # keeps logarithms and ratios finite


@dataclass(frozen=True)
class Still:
    """Hold a training state that stands still, and its outputs on the stopping rows."""

    state: TrainingState
    outputs: torch.Tensor

    @cached_property
    def training(self) -> Evaluation:
        """Return what it makes of training rows as in prediction (dropout off)."""
        state = self.state
        rows = Rows(*(None if c is None else c[:LARGEST_PROBE] for c in state.data.train))  # type: ignore[arg-type]
        return evaluate(state.model, state.objective, rows, chunk=state.knobs.batch_size)


def measure_epoch(
    state: TrainingState, wanted: Collection[str], outputs: torch.Tensor | None = None
) -> dict[str, float]:
    """Return the signals that the problems in use need once per epoch.

    Parameters
    ----------
    state : TrainingState
        Stands still; it is not changed.
    wanted : collection of str
        Names of `EPOCH_PROBES`.
    outputs : tensor or None
        Of the network on the early-stopping rows, when they are known already.

    Notes
    -----
    Signals of a probe that the model raises in are left out: no detector sees them.
    """
    signals: dict[str, float] = {}
    with suppress(Exception):
        if outputs is None:
            outputs = forward_rows(
                state.model, state.data.stopping.X, chunk=state.knobs.batch_size
            )
    still = Still(state, torch.empty(0) if outputs is None else outputs)
    for name in sorted(wanted):
        with suppress(Exception):
            signals.update(EPOCH_PROBES[name](still))
    return signals


def probe_training_rows(still: Still) -> dict[str, float]:
    """Measure loss and score on training rows as in prediction (dropout off)."""
    return {"train_loss_still": still.training.loss, "train_score": still.training.score}


@torch.no_grad()
def probe_activations(still: Still) -> dict[str, float]:
    """Measure each activation on the early-stopping rows: size and silent units."""
    state, tap = still.state, still.state.activations
    with tap.listening(state.model):
        forward_rows(
            state.model, state.data.stopping.X[:LARGEST_PROBE], chunk=state.knobs.batch_size
        )
        sizes, quiet = tap.measure()
    return {
        **{f"activation_size.{name}": v for name, v in zip(tap.names, sizes, strict=False)},
        **{f"quiet_share.{name}": v for name, v in zip(tap.names, quiet, strict=False)},
    }


def probe_predictions(still: Still) -> dict[str, float]:
    """Measure how predictions spread: share of the commonest class, or deviation."""
    objective = still.state.objective
    if objective.task == "regression":
        return {"output_deviation": float(still.outputs.double().std(correction=0))}
    classes = objective.probabilities(still.outputs).numpy(force=True).argmax(axis=1)
    return {"largest_class_share": float(np.bincount(classes).max()) / len(classes)}


@torch.no_grad()
def probe_units(still: Still) -> dict[str, float]:
    """Measure every activation on a sample of training rows.

    Size, share of silent ReLU units, and share of outputs at the limits of a squashing
    activation: what passes no gradient at all. Nothing when it was measured lately: on
    tiny epochs it would cost as much as a step in five.
    """
    state = still.state
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


def probe_travel(still: Still) -> dict[str, float]:
    """Measure how far the weights moved in this epoch, and how many epochs are left."""
    left = still.state.knobs.max_epochs - still.state.epoch - 1
    return {"travel": still.state.travel(), "epochs_left": float(max(left, 0))}


def probe_answers(still: Still) -> dict[str, float]:
    """Measure what the answers on the early-stopping rows are worth.

    Which classes are recognised, and what is gained over guessing; when that is nothing
    for long, or was lost again, also what simple methods know about the same rows.
    """
    state, objective = still.state, still.state.objective
    outputs = objective.as_predicted(still.outputs)
    signals = _recalls(state, outputs) if objective.n_classes else {}
    signals["gain"], signals["gain_errors"] = sum_up(*measure_gains(state, outputs))
    if _is_in_doubt(state, signals) or _fits_training_worse(still, signals):
        known = know_simply(state.data, objective.n_classes)
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


def _doubles(values: torch.Tensor) -> Floats:
    array: Floats = values.numpy(force=True).astype(np.float64)
    return array


def _recalls(state: TrainingState, outputs: torch.Tensor) -> dict[str, float]:
    classes = state.data.raw_stopping.y
    guesses = state.objective.probabilities(outputs).numpy(force=True).argmax(axis=1)
    n_rows = np.bincount(classes)
    hits = np.bincount(classes[guesses == classes], minlength=len(n_rows))
    return {f"recall.{k}": float(hits[k] / n_rows[k]) for k in np.flatnonzero(n_rows)}


def sum_up(gain: Floats, naive: Floats) -> tuple[float, float]:
    """Return the mean gain as a share of the naive loss, and in standard errors."""
    error = float(gain.std(ddof=1)) / len(gain) ** 0.5 if len(gain) > 1 else 0.0
    share = float(gain.mean()) / max(float(naive.mean()), TINY)
    return share, float(gain.mean()) / error if error > 0 else 0.0


def measure_gains(state: TrainingState, outputs: torch.Tensor) -> tuple[Floats, Floats]:
    """Return by stopping row the loss gained over guessing, and that of guessing."""
    if state.objective.n_classes:
        shares = _doubles(state.objective.probabilities(outputs))
        return _by_class(shares, state.data.raw_stopping.y, state.data.raw_train.y)
    y, y_train = _doubles(state.data.stopping.y), _doubles(state.data.train.y)
    naive = (y - y_train.mean()) ** 2
    return naive - (_doubles(outputs) - y) ** 2, naive


def _by_class(
    shares: Floats, classes: npt.NDArray[Any], train: npt.NDArray[Any]
) -> tuple[Floats, Floats]:
    """Return the log loss gained over the base rate, and the latter, by row."""
    counts = np.maximum(np.bincount(train, minlength=shares.shape[1]), 0.5)
    naive: Floats = -np.log(counts / counts.sum())[classes]
    own = -np.log(np.maximum(shares[np.arange(len(classes)), classes], TINY))
    return naive - own, naive


def _is_in_doubt(state: TrainingState, signals: Mapping[str, float]) -> bool:
    """Tell whether it is time to ask what there is to learn at all."""
    if state.epoch + 1 < max(FEWEST_EPOCHS, PLAN_SHARE * state.knobs.max_epochs):
        return False
    has_passed = state.progress.n_epochs_since >= FEWEST_EPOCHS
    return signals["gain"] < SMALL_GAIN or (has_passed and state.objective.n_classes > 0)


def _fits_training_worse(still: Still, signals: Mapping[str, float]) -> bool:
    """Tell whether validation is understood far better than training: a puzzle.

    Rows the network has trained on should be the easier ones, unless their labels lie.
    """
    state = still.state
    if state.epoch + 1 < FEWEST_EPOCHS or not state.objective.n_classes:
        return False
    n_rows = min(len(state.data.train), LARGEST_PROBE), len(state.data.stopping)
    recalls = [value for name, value in signals.items() if name.startswith("recall.")]
    gap = float(np.mean(recalls)) - still.training.score
    return gap > max(MUCH_WORSE, PUZZLING * math.sqrt(sum(0.25 / n for n in n_rows)))


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


EPOCH_PROBES: Mapping[str, Callable[[Still], dict[str, float]]] = {
    "activations": probe_activations,
    "answers": probe_answers,
    "predictions": probe_predictions,
    "training_rows": probe_training_rows,
    "units": probe_units,
    "travel": probe_travel,
}


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
        n_features=data.raw_train.X.shape[1],
        n_judging_rows=len(data.judging),
        class_counts=tuple(counts),
        naive_loss=naive_loss(state.objective, data, is_balanced=state.knobs.is_balanced),
        **{**measure_columns(X), "n_missing": np.isnan(data.raw_train.X).sum(axis=0)},
        **measure_missing(data.raw_train.X),  # type: ignore[arg-type]
        far=find_far_rows(X),
        far_targets=None if n_classes else find_far_rows(y[:, None].astype(np.float64)),
        n_strays=count_strays(X, X_held),
        copies=count_copies(X, y, X_held),
        shift=measure_shift(X, X_held),
        target_shift=min(  # weights may stand for the mix in validation, or not
            measure_target_shift(some, data.raw_validation.y, n_classes)
            for some in (y, data.raw_train.by_weight().y)
        ),
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
