"""Hyperparameters of one training run; they check themselves."""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn
from torch.optim.lr_scheduler import LRScheduler

from ml_training.core.errors import DataError

TASKS = ("auto", "binary", "multiclass", "regression")
OPTIMIZERS = ("adamw", "adam", "sgd", "rmsprop")
WATCH_LEVELS = ("core", "ratios", "everything")
SMALLEST_BATCH = 2  # batch normalisation has no variance over one row
LARGEST_SEED = 2**63 - 1  # torch's generators take 64 bits, one of them the sign
MOST_THREADS = 1_024  # chosen: more than any machine has; OpenMP reserves memory for each
SMALLEST_STEP_BUDGET = 5_000  # engine.md: short plans may use up to this many steps

OptimizerFactory = Callable[[Iterable[nn.Parameter]], torch.optim.Optimizer]
Loss = Callable[..., torch.Tensor]
SchedulerFactory = Callable[[torch.optim.Optimizer], LRScheduler]


@dataclass(frozen=True, kw_only=True)
class TrainSettings:
    """Hold what a caller may choose about training.

    Parameters
    ----------
    task : str
        ``"auto"`` (from the targets), ``"binary"``, ``"multiclass"`` or
        ``"regression"``.
    optimizer : str or callable
        ``"adamw"``, ``"adam"``, ``"sgd"``, ``"rmsprop"``, or ``params -> Optimizer``.
    optimizer_options : mapping
        Passed on to a named optimizer (``weight_decay``, ``momentum``, ...).
    learning_rate : float
        Step size at the start; a factory brings its own.
    batch_size : int
        Rows per step, at least 2.
    max_epochs : int
        Passes over the training rows, at most.
    loss : str, module or callable
        ``"auto"``, a ``torch.nn`` loss, or ``(outputs, targets) -> scalar``.
    scheduler : callable or None
        ``optimizer -> LRScheduler``; stepped once per epoch.
    clip_norm : float or None
        Largest norm of the whole gradient; None leaves it alone.
    patience : int or None
        Epochs without a better validation loss before stopping; None never stops.
    seed : int
        Decides initial weights, shuffling and dropout.
    device : str
        ``"auto"`` (the accelerator when there is one), ``"cpu"``, ``"cuda"``, ...
    repair : bool
        False watches and reports, and touches nothing.
    switched_off : frozenset of str
        Keys of problems to report but not to act on.
    max_step_ratio : float
        Budget of steps for training and repairing together, in units of the plan. No
        repair is tried when the plan could not be finished on three quarters of it:
        a step that is watched and repaired takes longer than a plain one.
    n_threads : int
        Threads of one step on the CPU; 0 leaves torch as it is. One is fastest for
        small networks and makes a seed reproducible to the bit.
    watch : str
        What is measured at every batch: ``"core"`` (loss, finiteness, gradient norms),
        ``"ratios"`` (and update over weight), ``"everything"`` (and activations).

    Raises
    ------
    DataError
        If a value breaks its rule; the message names rule, value and way out.
    """

    task: str = "auto"
    optimizer: str | OptimizerFactory = "adamw"
    optimizer_options: Mapping[str, Any] = field(default_factory=dict)
    learning_rate: float = 1e-3
    batch_size: int = 64
    max_epochs: int = 100
    loss: str | Loss = "auto"
    scheduler: SchedulerFactory | None = None
    clip_norm: float | None = None
    patience: int | None = 15
    seed: int = 0
    device: str = "cpu"
    repair: bool = True
    switched_off: frozenset[str] = frozenset()
    max_step_ratio: float = 3.0
    n_threads: int = 1
    watch: str = "core"

    def __post_init__(self) -> None:
        """Check every rule before anything is computed."""
        object.__setattr__(self, "switched_off", frozenset(self.switched_off))
        object.__setattr__(self, "device", str(self.device))
        self._check_choices()
        self._check_counts()
        self._check_sizes()
        self._check_callables()

    def step_budget(self, planned_steps: int) -> int:
        """Return how many steps training and repairing may take together."""
        return max(int(self.max_step_ratio * planned_steps), SMALLEST_STEP_BUDGET)

    def _check_choices(self) -> None:
        _require_choice("task", self.task, TASKS)
        _require_choice("watch", self.watch, WATCH_LEVELS)
        if isinstance(self.optimizer, str):
            _require_choice("optimizer", self.optimizer, OPTIMIZERS)
        if isinstance(self.loss, str):
            _require_choice("loss", self.loss, ("auto",))

    def _check_counts(self) -> None:
        _require_count(
            "batch_size", self.batch_size, SMALLEST_BATCH, "batch normalisation needs two rows"
        )
        _require_count("max_epochs", self.max_epochs, 1, "choose how many passes are allowed")
        _require_count("seed", self.seed, 0, "any natural number will do")
        _require_count("n_threads", self.n_threads, 0, "use 0 to leave torch as it is")
        _require_at_most("seed", self.seed, LARGEST_SEED, "any natural number will do")
        _require_at_most("n_threads", self.n_threads, MOST_THREADS, "one is fastest")
        if self.patience is not None:
            _require_count("patience", self.patience, 1, "use None to never stop early")

    def _check_sizes(self) -> None:
        _require_size("learning_rate", self.learning_rate, "1e-3 is a good start for AdamW")
        _require_size(
            "max_step_ratio", self.max_step_ratio, "3.0 leaves as much for repairs as for training"
        )
        if self.clip_norm is not None:
            _require_size("clip_norm", self.clip_norm, "use None to leave gradients alone")

    def _check_callables(self) -> None:
        for name in ("optimizer", "loss", "scheduler"):
            value = getattr(self, name)
            if value is not None and not isinstance(value, str) and not callable(value):
                raise DataError(
                    f"`{name}` must be callable, got {type(value).__name__}",
                    hint="pass a function that builds it, or one of the names",
                )


def _require_choice(name: str, value: object, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise DataError(
            f"`{name}` must be one of {', '.join(allowed)}, got {value!r}",
            hint=f"the default is {allowed[0]!r}",
        )


def _require_count(name: str, value: object, least: int, way_out: str) -> None:
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    if not is_whole or value < least:  # type: ignore[operator]
        raise DataError(
            f"`{name}` must be a whole number of at least {least}, got {value!r}", hint=way_out
        )


def _require_at_most(name: str, value: int, most: int, way_out: str) -> None:
    if value > most:
        raise DataError(f"`{name}` must be at most {most}, got {value!r}", hint=way_out)


def _require_size(name: str, value: object, way_out: str) -> None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not math.isfinite(value) or value <= 0:  # type: ignore[arg-type,operator]
        raise DataError(f"`{name}` must be a finite number above 0, got {value!r}", hint=way_out)
