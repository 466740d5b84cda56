"""Optimizers and schedules as the settings ask for them."""

import copy
import inspect
import math
from collections.abc import Callable
from typing import Any

import torch
from torch.optim.lr_scheduler import LRScheduler

from ml_training.core.buffers import FlatParameters
from ml_training.core.errors import DataError
from ml_training.core.settings import TrainSettings


class FlatAdam(torch.optim.Adam):
    """Take the steps of torch's fused Adam and AdamW on one vector.

    The same kernel and the same state; what is left out is the bookkeeping for lists of
    tensors, which costs twice as much as the kernel on small networks.
    """

    def step(self, closure: Any = None) -> None:  # type: ignore[override]
        """Update the vector once; closures are not used."""
        del closure
        group = self.param_groups[0]
        vector = group["params"][0]
        state = self.state[vector] or self._begin(vector)
        state["step"].add_(1)
        beta1, beta2 = group["betas"]
        kernel = torch._fused_adamw_ if group["decoupled_weight_decay"] else torch._fused_adam_
        kernel(
            [vector],
            [vector.grad],
            [state["exp_avg"]],
            [state["exp_avg_sq"]],
            [],
            [state["step"]],
            lr=float(group["lr"]),
            beta1=beta1,
            beta2=beta2,
            weight_decay=group["weight_decay"],
            eps=group["eps"],
            amsgrad=False,
            maximize=group["maximize"],
            grad_scale=None,
            found_inf=None,
        )

    step.hooked = True  # type: ignore[attr-defined]  # torch: do not wrap for the profiler

    def _begin(self, vector: torch.Tensor) -> dict[str, torch.Tensor]:
        state: dict[str, torch.Tensor] = self.state[vector]
        state["step"] = torch.zeros((), dtype=torch.float32, device=vector.device)
        state["exp_avg"] = torch.zeros_like(vector)
        state["exp_avg_sq"] = torch.zeros_like(vector)
        return state


class FlatSGD(torch.optim.SGD):
    """Take the steps of torch's fused SGD on one vector, as `FlatAdam` does of Adam."""

    def step(self, closure: Any = None) -> None:  # type: ignore[override]
        """Update the vector once; closures are not used."""
        del closure
        group = self.param_groups[0]
        vector = group["params"][0]
        state, momentum = self.state[vector], group["momentum"]
        is_first = bool(momentum) and state.get("momentum_buffer") is None
        if is_first:
            state["momentum_buffer"] = torch.empty_like(vector)
        torch._fused_sgd_(
            [vector],
            [vector.grad],
            [state["momentum_buffer"]] if momentum else [],
            weight_decay=group["weight_decay"],
            momentum=momentum,
            lr=float(group["lr"]),
            dampening=group["dampening"],
            nesterov=group["nesterov"],
            maximize=group["maximize"],
            is_first_step=is_first,
            grad_scale=None,
            found_inf=None,
        )

    step.hooked = True  # type: ignore[attr-defined]  # torch: do not wrap for the profiler


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
            return _checked(settings.optimizer(flat.parameters))
        options: dict[str, Any] = dict(settings.optimizer_options)
        if settings.optimizer in FUSED and not IMPLEMENTATIONS & options.keys():
            options["fused"] = True
        make = NAMED[settings.optimizer]
        optimizer = make([flat.vector], lr=settings.learning_rate, **options)
        return _made_flat(optimizer) if _suits_flat(optimizer) else optimizer
    except Exception as error:
        raise DataError(
            f"`optimizer` could not be built: {error}",
            hint="check optimizer_options, or the function that builds it",
        ) from error


def build_adamw(flat: FlatParameters, rate: float) -> torch.optim.Optimizer:
    """Return AdamW on the one flat vector, at its usual settings."""
    return _made_flat(torch.optim.AdamW([flat.vector], lr=rate, fused=True))


def describe_optimizer(optimizer: torch.optim.Optimizer) -> str:
    """Return kind and rate in a few words."""
    group = optimizer.param_groups[0]
    kind = type(optimizer).__name__.removeprefix("Flat")
    if isinstance(optimizer, FlatAdam):
        kind = "AdamW" if group["decoupled_weight_decay"] else "Adam"
    upwards = ", upwards" if group.get("maximize") else ""
    return f"{kind} at {float(group['lr']):.2g}{upwards}"


def _checked(optimizer: torch.optim.Optimizer) -> torch.optim.Optimizer:
    if not isinstance(optimizer, torch.optim.Optimizer):
        raise TypeError(f"the function returned {type(optimizer).__name__}, no torch Optimizer")
    if any("lr" not in group for group in optimizer.param_groups):
        raise TypeError(f"{type(optimizer).__name__} has no learning rate `lr` to watch")
    closure = inspect.signature(optimizer.step).parameters.get("closure")
    if closure is not None and closure.default is inspect.Parameter.empty:
        name = type(optimizer).__name__
        raise TypeError(
            f"{name} computes the loss several times in a step, which is not supported"
        )
    return optimizer


def _suits_flat(optimizer: torch.optim.Optimizer) -> bool:
    """Tell whether `FlatAdam` or `FlatSGD` takes the same steps."""
    group = optimizer.param_groups[0]
    is_known = isinstance(optimizer, torch.optim.Adam | torch.optim.SGD)  # AdamW is an Adam
    return is_known and bool(group["fused"]) and not group.get("amsgrad", False)


def _made_flat(optimizer: torch.optim.Optimizer) -> torch.optim.Optimizer:
    group = {k: v for k, v in optimizer.param_groups[0].items() if k != "params"}
    make = FlatAdam if isinstance(optimizer, torch.optim.Adam) else FlatSGD
    flat = make(optimizer.param_groups[0]["params"])
    flat.param_groups[0].update(group)
    return flat


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
        return _with_state(settings.scheduler(optimizer))
    except Exception as error:
        raise DataError(
            f"`scheduler` could not be built: {error}",
            hint="it must be a function of the optimizer that returns a schedule",
        ) from error


def _with_state(schedule: LRScheduler | None) -> LRScheduler | None:
    """Check that a schedule can be moved on, and brought back to any moment."""
    if schedule is not None:
        if not callable(getattr(schedule, "step", None)):
            raise TypeError(f"the function returned {type(schedule).__name__}, no schedule")
        schedule.load_state_dict(copy.deepcopy(schedule.state_dict()))
    return schedule


def check_rates(optimizer: torch.optim.Optimizer) -> None:
    """Raise `ValueError` when a schedule left a rate that no step can be taken with."""
    for group in optimizer.param_groups:
        if not 0 <= float(group["lr"]) < math.inf:
            raise ValueError(f"it set the rate to {float(group['lr']):g}")
