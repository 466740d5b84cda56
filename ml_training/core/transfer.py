"""Start from a base model: a line at once, then what is new learns, then all of it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from ml_training.core.arrays import Floats, as_rows
from ml_training.core.events import ShouldStop, never
from ml_training.core.report import describe_trial
from ml_training.core.result import FitResult
from ml_training.core.settings import TrainSettings
from ml_training.core.state import seeded
from ml_training.core.structure import copy_model, put_back
from ml_training.core.transfer_line import Prior, fit_line
from ml_training.core.transfer_network import (
    Counts,
    TransferNetwork,
    count_layers,
    count_parameters,
)
from ml_training.core.transfer_optimizer import TwoPaces
from ml_training.core.transfer_stages import LEVELS, Level, Stage, StagePlan, plan_stages
from ml_training.core.transfer_start import start_from
from ml_training.core.transfer_watch import Rows, fit_base, fit_keeping
from ml_training.core.treatments import Treatment, apply_all

__all__ = [
    "LEVELS",
    "POOLED",
    "WIDE",
    "Level",
    "Prior",
    "Rows",
    "Stage",
    "TransferResult",
    "fit_base",
    "fit_transferred",
    "start_from",
]

PULL = 0.1  # chosen: of a distance to the base model, a share of rate times this goes
MOST_EPOCHS = 40  # of a stage; chosen: at such rates and so few rows it is done before
FEWEST_EPOCHS, MOST_STEPS = 4, 2_000  # of a stage with many rows; chosen: seconds
PATIENCE = 8  # chosen: as for the ensemble
SMALLEST_BATCH = 8  # rows; chosen: some four steps an epoch for the fewest rows
SMALLEST_CHANCE = float(np.finfo(np.float64).eps)  # scikit-learn's rule
CLEARLY = 2.0
"""Standard errors by which a stage must be better on validation. Measured on 25 fits of
100 to 1,000 setups, on made-up and real candles: kept for any gain, stages made the
log-loss on later setups worse by 0.009; two of the 25 gained more than this."""


WIDE = Prior(slope=0.5, level=0.3, line=0.05)
POOLED = Prior(slope=0.25, level=0.15, line=0.02)
"""Measured on made-up markets and on real candles: the first where a base model knows
setups of one kind, the second where it knows those of many."""


@dataclass(frozen=True, eq=False, kw_only=True)
class TransferResult(FitResult):
    """Hold what `fit_transferred` returns: a `FitResult` that knows where it began.

    Parameters
    ----------
    layers, parameters : Counts or None
        Of the first stage, counted from the network; None after `load`.
    stages : tuple of Stage
        In order.
    """

    layers: Counts | None = None
    parameters: Counts | None = None
    stages: tuple[Stage, ...] = ()

    @staticmethod
    def load(path: Any, *, model: Any = None) -> "TransferResult":
        """Read what `save` wrote.

        Parameters
        ----------
        path : str or Path
            As given to `save`.
        model : None
            Not needed: the layers are in the file.
        """
        return as_transferred(FitResult.load(path, model=model))


def as_transferred(result: FitResult, **known: Any) -> TransferResult:
    """Return a result as one of transfer."""
    return TransferResult(**{**vars(result), **known})


def fit_transferred(
    base: FitResult,
    rows: Rows,
    *,
    level: Level,
    settings: TrainSettings,
    prior: Prior = WIDE,
    widths: Sequence[int] | None = None,
    should_stop: ShouldStop = never,
) -> TransferResult:
    """Train a network that starts as a base model: a line at once, then in stages.

    Parameters
    ----------
    base : FitResult
        From `fit_base`; its columns come first in the rows.
    rows : Rows
        Of training and validation, of the same two classes.
    level : Level
        How much of the base model is kept.
    settings : TrainSettings
        Seed, device and bounds; rates are those of the level.
    prior : Prior
        How far few rows may lead away from the base model, before any stage.
    widths : sequence of int or None
        Units of the hidden layers, where they are to be others than the base model's.
    should_stop : callable
        As in `fit`.

    Returns
    -------
    TransferResult
        With the line alone, where no stage did clearly better on the validation rows.

    Raises
    ------
    DataError
        If the base model cannot be built upon, or the rows cannot be used.
    """
    with seeded(settings.seed, settings.n_threads):
        return _train_stages(base, rows, level, settings, prior, widths, should_stop)


def _train_stages(
    base: FitResult,
    rows: Rows,
    level: Level,
    settings: TrainSettings,
    prior: Prior,
    widths: Sequence[int] | None,
    should_stop: ShouldStop,
) -> TransferResult:
    network, treatments = start_from(base, rows.X, widths=widths, seed=settings.seed)
    line, losses = _fit_line(network, treatments, base, rows, prior)
    stages: list[Stage] = [line]
    kept, last = None, None
    for plan in plan_stages(level, n_hidden=len(network.blocks()) - 1):
        before = copy_model(network)
        network.freeze(plan.n_frozen)
        counts = count_layers(network), count_parameters(network)
        last = fit_keeping(
            network,
            rows,
            settings=_set_pace(settings, network, plan, len(rows.y)),
            treatments=treatments,
            should_stop=should_stop,
        )
        after = _measure(last, rows.X_val, rows.y_val)
        is_kept = is_clearly_better(after, losses)
        told = {"before": float(losses.mean()), "after": float(after.mean())}
        stages.append(_tell(plan, counts, last, **told, is_kept=is_kept))
        if is_kept:
            kept, losses = last, after
        else:
            put_back(before)
    assert last is not None
    return _conclude(network, kept, last, stages)


def is_clearly_better(after: Floats, before: Floats) -> bool:
    """Tell whether losses fell by more than luck explains.

    Parameters
    ----------
    after, before : array of shape (n,)
        Of the same rows; NaN is never better.

    Examples
    --------
    >>> is_clearly_better(np.array([0.5, 0.6]), np.array([0.6, 0.7]))
    True
    >>> is_clearly_better(np.array([0.1, 0.9]), np.array([0.6, 0.7]))
    False
    """
    saved = before - after
    return bool(saved.mean() > CLEARLY * saved.std() / np.sqrt(len(saved)))


def _fit_line(
    network: TransferNetwork,
    treatments: Sequence[Treatment],
    base: FitResult,
    rows: Rows,
    prior: Prior,
) -> tuple[Stage, Floats]:
    """Fit at once what few rows can tell, and return the validation rows' losses.

    The trunk stands still.
    """
    shared = np.asarray(rows.X_val)[:, : base.predictor.n_features]
    untouched, before = _measure(base, shared, rows.y_val), copy_model(network)
    network.freeze(len(network.blocks()))
    layers, parameters = count_layers(network), count_parameters(network)
    slope, level = fit_line(
        network, *_as_tensors(network, treatments, base, rows.X, rows.y, rows.weight), prior
    )
    X, y, _ = _as_tensors(network, treatments, base, rows.X_val, rows.y_val, None)
    with torch.no_grad():
        told = network.eval()(X).double()[:, 0]
    losses = functional.binary_cross_entropy_with_logits(told, y, reduction="none").cpu().numpy()
    is_kept = not is_clearly_better(untouched, losses)
    if not is_kept:
        put_back(before)
    stage = Stage(
        name="line",
        learning_rate=0.0,
        slow_rate=0.0,
        layers=layers,
        parameters=parameters,
        epochs=0,
        before=float(untouched.mean()),
        after=float(losses.mean()),
        is_kept=is_kept,
        status="healthy",
        slope=slope,
        level=level,
    )
    return stage, losses if is_kept else untouched


def _as_tensors(
    network: TransferNetwork,
    treatments: Sequence[Treatment],
    base: FitResult,
    X: Any,
    y: Any,
    weight: Any,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return treated rows, outcomes of 0 and 1, and what each row counts."""
    sample = next(network.parameters())
    table = apply_all(tuple(treatments), as_rows(X, name="X"))
    won = (np.asarray(y) == base.classes[-1]).astype(np.float64)
    counts = np.ones(len(won)) if weight is None else np.array(weight, dtype=np.float64)
    return (
        torch.from_numpy(table).to(sample.device, sample.dtype),
        torch.from_numpy(won).to(sample.device),
        torch.from_numpy(counts).to(sample.device),
    )


def _set_pace(
    settings: TrainSettings, network: TransferNetwork, plan: StagePlan, n_rows: int
) -> TrainSettings:
    *hidden, _ = network.blocks()
    carried = {id(p) for block in hidden for layer in block for p in layer.parameters()}
    pace = TwoPaces(
        rate=plan.rate,
        slow_rate=plan.slow_rate,
        carried=frozenset(carried),
        anchors={id(p): p.detach().clone() for p in network.parameters()},
        pull=PULL,
    )
    batch_size = max(SMALLEST_BATCH, min(settings.batch_size, n_rows // 8))
    most = max(FEWEST_EPOCHS, MOST_STEPS * batch_size // max(n_rows, 1))
    return replace(
        settings,
        optimizer=pace,
        learning_rate=plan.rate,
        batch_size=batch_size,
        max_epochs=min(settings.max_epochs, MOST_EPOCHS, most),
        patience=PATIENCE,
        task="binary",
    )


def _measure(fitted: FitResult, X: Any, y: Any) -> Floats:
    """Return the loss of each row; NaN without a network."""
    if fitted.model is None:
        return np.full(len(y), np.nan)
    told = np.asarray(fitted.predict_proba(X), dtype=np.float64)
    places = np.searchsorted(fitted.classes, np.asarray(y))
    picked = np.take_along_axis(told, places[:, None], axis=1)
    losses: Floats = -np.log(np.clip(picked[:, 0], SMALLEST_CHANCE, 1.0))
    return losses


def _tell(
    plan: StagePlan,
    counts: tuple[Counts, Counts],
    fitted: FitResult,
    *,
    before: float,
    after: float,
    is_kept: bool,
) -> Stage:
    return Stage(
        name=plan.name,
        learning_rate=plan.rate,
        slow_rate=plan.slow_rate,
        layers=counts[0],
        parameters=counts[1],
        epochs=len(fitted.history.scores),
        before=before,
        after=after,
        is_kept=is_kept,
        status=fitted.status,
        fixes=tuple(describe_trial(trial) for trial in fitted.trials if trial.kept),
    )


def _conclude(
    network: TransferNetwork, kept: FitResult | None, last: FitResult, stages: Sequence[Stage]
) -> TransferResult:
    """Return the network in plain layers, with the story of the stage it comes from."""
    found = last if kept is None else kept
    predictor = found.predictor
    if predictor.output_kind == "logit":  # else there was nothing to train on
        temperature = 1.0 if kept is None else predictor.temperature
        predictor = replace(predictor, model=network.folded(), temperature=temperature)
    return as_transferred(
        replace(found, predictor=predictor),
        layers=stages[0].layers,
        parameters=stages[0].parameters,
        stages=tuple(stages),
    )
