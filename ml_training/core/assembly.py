"""A run put together from checked arguments: network, objective, rows, state."""

import math

import torch
from torch import nn

from ml_training.core.arrays import Floats
from ml_training.core.batches import batch_sizes
from ml_training.core.ensemble_network import Ensemble
from ml_training.core.errors import DataError
from ml_training.core.events import Emit, ShouldStop
from ml_training.core.facts import PlanFacts, measure_columns
from ml_training.core.history import RunHistory
from ml_training.core.loop import Run
from ml_training.core.network import HouseNetwork
from ml_training.core.objective import Objective
from ml_training.core.optimizers import build_optimizer, build_schedule
from ml_training.core.prepare import Prepared
from ml_training.core.probes import describe_data
from ml_training.core.scores import forward_rows
from ml_training.core.settings import TrainSettings
from ml_training.core.start import measure_network
from ml_training.core.state import Knobs, TrainingState
from ml_training.core.table import TableData, split_validation
from ml_training.core.treatments import Impute, Treatment, apply_all

COARSE_TYPES = (torch.float16, torch.bfloat16)  # too coarse to train small networks in


def build_run(
    model: nn.Module | None,
    prepared: Prepared,
    settings: TrainSettings,
    *,
    emit: Emit,
    should_stop: ShouldStop,
    treatments: tuple[Treatment, ...] = (),
) -> Run:
    """Return a run that is ready to start.

    Parameters
    ----------
    model : torch.nn.Module or None
        None builds the house network.
    prepared : Prepared
        Checked rows.
    settings : TrainSettings
        As the caller wants it.
    emit, should_stop : callable
        The run's mouth and its ear.
    treatments : tuple of Treatment
        In place from the first step; none fills missing cells only.

    Raises
    ------
    DataError
        If model, loss, optimizer or schedule do not work together.
    """
    network = place_network(_house(prepared) if model is None else model, settings.device)
    is_ours = model is None or isinstance(model, Ensemble)
    scales_targets = is_ours and prepared.task == "regression" and settings.loss == "auto"
    objective = Objective(
        prepared.task,
        settings.loss,
        prepared.n_classes,
        target_scale=measure_targets(prepared) if scales_targets else (0.0, 1.0),
    )
    if not treatments:
        treatments = (Impute.fitted(measure_columns(prepared.train.X)["median"]),)
    few = apply_all(treatments, prepared.train.X[: settings.batch_size])
    bind_objective(network, objective, few)
    data = _tabulate(prepared, objective, treatments, network)
    try_loss(network, objective, data, settings.batch_size)
    state = _new_state(network, objective, data, settings)
    steps_per_epoch = len(batch_sizes(len(prepared.train), settings.batch_size))
    return Run(
        state=state,
        history=RunHistory(state.flat.layer_names),
        settings=settings,
        data=describe_data(state),
        plan=PlanFacts(
            task=prepared.task,
            steps_per_epoch=steps_per_epoch,
            planned_steps=steps_per_epoch * settings.max_epochs,
            is_house_network=model is None,
            options={"patience": float(settings.patience or math.inf)},
        ),
        emit=emit,
        should_stop=should_stop,
        network=measure_network(state),
    )


def place_network(model: nn.Module, device: str) -> nn.Module:
    """Return the model on its device, in one floating type that can be trained in.

    Raises
    ------
    DataError
        If the device does not exist, or the model has nothing to train.
    """
    if not isinstance(model, nn.Module):
        raise DataError(
            f"`model` must be a torch.nn.Module, got {type(model).__name__}",
            hint="pass a network that was built, or None for the house network",
        )
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        model = model.to(torch.device(device))
    except (RuntimeError, AssertionError) as error:
        raise DataError(
            f"`device` {device!r} cannot be used: {error}", hint="use 'cpu'"
        ) from error
    types = [p.dtype for p in model.parameters() if p.requires_grad]
    if not types:
        raise DataError(
            "`model` must have parameters to train, got none",
            hint="leave some with requires_grad=True",
        )
    return model.to(torch.float32 if types[0] in COARSE_TYPES else types[0])


def bind_objective(network: nn.Module, objective: Objective, X: Floats) -> None:
    """Show the objective what the network returns for a few rows.

    Raises
    ------
    DataError
        If the network raises, or returns something of an unfit shape.
    """
    sample = next(network.parameters())
    rows = torch.from_numpy(X).to(sample.device, sample.dtype)
    try:
        outputs = forward_rows(network, rows, chunk=len(rows))
    except Exception as error:
        raise DataError(
            f"`model` cannot predict rows of {X.shape[1]} features: {error}",
            hint="it must map a float tensor (rows, columns of X) to outputs, for any number "
            "of rows; its first layer must take as many inputs as X has columns",
        ) from error
    objective.bind(outputs)


def try_loss(network: nn.Module, objective: Objective, data: TableData, batch_size: int) -> None:
    """Compute the loss once, before anything depends on it.

    Raises
    ------
    DataError
        If it raises, is no scalar, or does not depend on the weights.
    """
    rows = data.train
    if rows.weight is not None and not objective.can_weight:
        raise DataError(
            "`sample_weight` cannot reach this `loss`: it gives one number for all rows",
            hint="let it take (outputs, targets, weight), or use a torch.nn loss",
        )
    try:
        loss: object = objective(network(rows.X[:batch_size]), rows.y[:batch_size])
    except Exception as error:
        raise DataError(
            f"`loss` cannot be computed from the model's outputs: {error}",
            hint="check that it takes (outputs, targets) of this task"
            + (
                "; this one takes probabilities: end the network in a Sigmoid, or use "
                "BCEWithLogitsLoss"
                if isinstance(objective.loss, nn.BCELoss)
                else ""
            ),
        ) from error
    if not _is_loss(loss):
        what = tuple(loss.shape) if isinstance(loss, torch.Tensor) else type(loss).__name__
        raise DataError(
            "`loss` must return one number that depends on the weights, got "
            + (f"a tensor of shape {what}" if isinstance(what, tuple) else what),
            hint="use reduction='mean', and do not detach the outputs",
        )


def _is_loss(loss: object) -> bool:
    if not isinstance(loss, torch.Tensor) or loss.numel() != 1:
        return False
    return loss.is_floating_point() and loss.requires_grad


def measure_targets(prepared: Prepared) -> tuple[float, float]:
    """Return mean and deviation of the targets, for the house network to learn in."""
    y = prepared.train.y
    return float(y.mean()), float(y.std()) or 1.0


def _house(prepared: Prepared) -> HouseNetwork:
    n_outputs = prepared.n_classes if prepared.task == "multiclass" else 1
    return HouseNetwork(prepared.train.X.shape[1], n_outputs)


def _tabulate(
    prepared: Prepared,
    objective: Objective,
    treatments: tuple[Treatment, ...],
    network: nn.Module,
) -> TableData:
    stopping, judging = split_validation(prepared.validation, prepared.n_classes)
    sample = next(network.parameters())
    return TableData(
        raw_train=prepared.train,
        raw_stopping=stopping,
        raw_judging=judging,
        treatments=treatments,
        targets=objective.targets,
        device=sample.device,
        dtype=sample.dtype,
    )


def _new_state(
    network: nn.Module, objective: Objective, data: TableData, settings: TrainSettings
) -> TrainingState:
    return TrainingState(
        network,
        objective,
        data,
        knobs=Knobs(
            batch_size=settings.batch_size,
            clip_norm=settings.clip_norm,
            watch=settings.watch,
            max_epochs=settings.max_epochs,
        ),
        make_optimizer=lambda flat: build_optimizer(settings, flat),
        make_schedule=lambda optimizer: build_schedule(settings, optimizer),
        seed=settings.seed,
    )
