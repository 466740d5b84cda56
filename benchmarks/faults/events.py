"""Faults that strike while a training runs, through the public arguments of `fit`.

A loop that is not ours offers three openings: the model, the optimizer and the
schedule. A poisoned batch comes through a wrapper of the model, a jump of the learning
rate through the optimizer, and neither needs to know the loop.

Events are *transient*: each strikes once per training, at the n-th training batch, like
a bad read or a slip of a scheduler. A loop that goes back and repeats the step does not
meet it again. The count is therefore kept outside the state of the model and of the
optimizer: no ``state_dict`` holds it, so restoring one does not rewind it, and copies
share it, so a copy taken before the event does not bring it back. A fault that returns
on every pass is written as a transform of the rows instead (`inject_nan`).

Batches that a loop feeds in training mode to probe the model count too: they move an
event a few steps forward, never out of the run.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from benchmarks.faults.errors import CaseError

BATCH_OPS = ("nan_batch", "scale_batch", "inf_batch")
RATE_OPS = ("scale_lr",)
DEFAULT_FACTOR = 1e3  # chosen: a scaled batch or rate without a factor is a gross one


class Agenda:
    """Say which events fall due, each once, and share the count among copies.

    Parameters
    ----------
    due : mapping of int to event
        By the number of training batches seen before.
    """

    def __init__(self, due: Mapping[int, Mapping[str, Any]]) -> None:
        self.due = dict(due)
        self.n_seen = 0

    def __deepcopy__(self, memo: dict[int, Any]) -> "Agenda":
        """Return the same agenda: what has struck stays struck in every copy."""
        return self

    def advance(self) -> Mapping[str, Any] | None:
        """Count one batch and return the event that falls on it, if any."""
        event = self.due.pop(self.n_seen, None)
        self.n_seen += 1
        return event


def poison(inputs: Tensor, event: Mapping[str, Any]) -> Tensor:
    """Return the batch as the event leaves it."""
    if event["op"] == "scale_batch":
        return inputs * float(event.get("factor", DEFAULT_FACTOR))
    return torch.full_like(inputs, math.nan if event["op"] == "nan_batch" else math.inf)


class StruckModel(nn.Module):
    """Pass batches on to a model, spoiling those that an agenda names.

    Parameters
    ----------
    model : Module
        The network that is trained.
    agenda : Agenda
        Advanced by every batch that is seen in training mode with gradients on.
    """

    def __init__(self, model: nn.Module, agenda: Agenda) -> None:
        super().__init__()
        self.model = model
        self.agenda = agenda

    def forward(self, inputs: Tensor) -> Tensor:
        """Return the outputs of the wrapped model."""
        if self.training and torch.is_grad_enabled():
            event = self.agenda.advance()
            if event is not None:
                inputs = poison(inputs, event)
        outputs: Tensor = self.model(inputs)
        return outputs


def step_of(event: Mapping[str, Any], steps_per_epoch: int) -> int:
    """Return the 0-based step at which an event strikes; ``at_epoch`` means its first.

    Raises
    ------
    CaseError
        If the event names neither.
    """
    if "at_step" in event:
        return int(event["at_step"])
    if "at_epoch" in event:
        return int(event["at_epoch"]) * steps_per_epoch
    raise CaseError(f"event {dict(event)} has no time", hint="give at_step or at_epoch, 0-based")


def select(
    events: Sequence[Mapping[str, Any]], ops: Iterable[str], steps_per_epoch: int
) -> dict[int, Mapping[str, Any]]:
    """Return the events of some kinds by their step.

    Raises
    ------
    CaseError
        If an event is of no known kind.
    """
    for event in events:
        if event.get("op") not in (*BATCH_OPS, *RATE_OPS):
            known = ", ".join((*RATE_OPS, *BATCH_OPS))
            raise CaseError(f"there is no event {event.get('op')!r}", hint=f"known: {known}")
    return {step_of(event, steps_per_epoch): event for event in events if event["op"] in ops}


def strike_model(
    model: nn.Module, events: Sequence[Mapping[str, Any]], steps_per_epoch: int
) -> nn.Module:
    """Return a model that meets the batch events, or itself when there are none."""
    due = select(events, BATCH_OPS, steps_per_epoch)
    return StruckModel(model, Agenda(due)) if due else model


def strike_optimizer(
    optimizer: torch.optim.Optimizer, events: Sequence[Mapping[str, Any]], steps_per_epoch: int
) -> torch.optim.Optimizer:
    """Make an optimizer meet the rate events; they last until someone lowers it."""
    due = select(events, RATE_OPS, steps_per_epoch)
    if due:
        optimizer.register_step_pre_hook(rate_hook(Agenda(due)))
    return optimizer


def rate_hook(agenda: Agenda) -> Callable[..., None]:
    """Return a hook that multiplies the rate of every group when an event falls due."""

    def jump(optimizer: torch.optim.Optimizer, args: Any, options: Any) -> None:
        del args, options
        event = agenda.advance()
        if event is not None:
            for group in optimizer.param_groups:
                group["lr"] = group["lr"] * float(event.get("factor", DEFAULT_FACTOR))

    return jump


def has_rate_events(events: Sequence[Mapping[str, Any]]) -> bool:
    """Return whether an optimizer must be struck."""
    return any(event.get("op") in RATE_OPS for event in events)
