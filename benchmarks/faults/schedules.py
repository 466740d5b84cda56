"""Learning-rate schedules by name, stepped once per epoch."""

import math
from collections.abc import Callable, Mapping
from typing import Any

from torch.optim import Optimizer, lr_scheduler

from benchmarks.faults.errors import CaseError

Schedule = Callable[[Optimizer], lr_scheduler.LRScheduler]
CLASSES: dict[str, Callable[..., lr_scheduler.LRScheduler]] = {
    "cosine_warm_restarts": lr_scheduler.CosineAnnealingWarmRestarts,
    "cosine": lr_scheduler.CosineAnnealingLR,
    "step": lr_scheduler.StepLR,
    "multi_step": lr_scheduler.MultiStepLR,
    "exponential": lr_scheduler.ExponentialLR,
    "linear": lr_scheduler.LinearLR,
    "constant": lr_scheduler.ConstantLR,
    "cyclic": lr_scheduler.CyclicLR,
}


def warmup(optimizer: Optimizer, epochs: int = 5) -> lr_scheduler.LRScheduler:
    """Raise the rate linearly to its full height over some epochs, then keep it."""
    return lr_scheduler.LambdaLR(optimizer, lambda epoch: min(1.0, (epoch + 1) / epochs))


def warmup_cosine(
    optimizer: Optimizer, epochs: int = 5, total: int = 50
) -> lr_scheduler.LRScheduler:
    """Raise the rate linearly, then let it fall along a cosine."""

    def share(epoch: int) -> float:
        if epoch < epochs:
            return (epoch + 1) / epochs
        done = min(1.0, (epoch - epochs) / max(1, total - epochs))
        return 0.5 * (1 + math.cos(math.pi * done))

    return lr_scheduler.LambdaLR(optimizer, share)


def build_schedule(scheduler: Mapping[str, Any] | None, epochs: int) -> Schedule | None:
    """Build the factory of a schedule.

    Parameters
    ----------
    scheduler : mapping or None
        ``name`` and the arguments of that schedule.
    epochs : int
        The length of the plan, for schedules that need one and were given none.

    Returns
    -------
    callable or None
        ``optimizer -> LRScheduler``.

    Raises
    ------
    CaseError
        If there is no schedule of that name.
    """
    if scheduler is None:
        return None
    options = {key: value for key, value in scheduler.items() if key != "name"}
    name = scheduler["name"]
    if name == "cosine":
        options.setdefault("T_max", epochs)
    if name in {"warmup", "linear_warmup"}:
        return lambda optimizer: warmup(optimizer, **options)
    if name == "warmup_cosine":
        options.setdefault("total", epochs)
        return lambda optimizer: warmup_cosine(optimizer, **options)
    if name not in CLASSES:
        known = ", ".join((*CLASSES, "warmup", "warmup_cosine"))
        raise CaseError(f"there is no schedule {name!r}", hint=f"known: {known}")
    return lambda optimizer: CLASSES[name](optimizer, **options)
