"""Optimizers and schedules as the settings ask for them."""

from collections.abc import Callable
from typing import Any

import torch
from torch.optim.lr_scheduler import LRScheduler

from ml_training.core.buffers import FlatParameters
from ml_training.core.errors import DataError
from ml_training.core.settings import TrainSettings

NAMED: dict[str, Callable[..., torch.optim.Optimizer]] = {
    "adamw": torch.optim.AdamW,
    "adam": torch.optim.Adam,
    "sgd": torch.optim.SGD,
    "rmsprop": torch.optim.RMSprop,
}
FUSED = frozenset({"adamw", "adam", "sgd"})  # torch has no fused RMSprop
IMPLEMENTATIONS = frozenset({"fused", "foreach", "capturable", "differentiable"})


def build_optimizer(settings: TrainSettings, flat: FlatParameters) -> torch.optim.Optimizer:
    """Return the optimizer of a run.

    A named optimizer works on the one flat vector: all of them treat every weight by
    itself, so the result is the same and a step costs one call instead of one for each
    tensor. A factory gets the parameters one by one.

    Raises
    ------
    DataError
        If the options or the factory do not work.
    """
    try:
        if callable(settings.optimizer):
            return settings.optimizer(flat.parameters)
        options: dict[str, Any] = dict(settings.optimizer_options)
        if settings.optimizer in FUSED and not IMPLEMENTATIONS & options.keys():
            options["fused"] = True
        make = NAMED[settings.optimizer]
        return make([flat.vector], lr=settings.learning_rate, **options)
    except Exception as error:
        raise DataError(
            f"`optimizer` could not be built: {error}",
            hint="check optimizer_options, or the function that builds it",
        ) from error


def build_schedule(
    settings: TrainSettings, optimizer: torch.optim.Optimizer
) -> LRScheduler | None:
    """Return the schedule of a run, or None.

    Raises
    ------
    DataError
        If the factory raises.
    """
    if settings.scheduler is None:
        return None
    try:
        return settings.scheduler(optimizer)
    except Exception as error:
        raise DataError(
            f"`scheduler` could not be built: {error}",
            hint="it must be a function of the optimizer that returns a schedule",
        ) from error
