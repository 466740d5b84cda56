"""All that changes while a network trains, and how to bring any moment of it back."""

import copy
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.optim.lr_scheduler import LRScheduler

from ml_training.core.activations import ActivationTap
from ml_training.core.batches import Batch, Batches
from ml_training.core.buffers import FlatParameters
from ml_training.core.objective import Objective
from ml_training.core.structure import ModelSnapshot, copy_model, put_back
from ml_training.core.table import TableData


@dataclass(frozen=True, kw_only=True)
class Knobs:
    """Hold what a remedy may turn and the loop obeys from the next step on.

    Parameters
    ----------
    batch_size : int
        Rows per step.
    clip_norm : float or None
        Largest norm of the gradient.
    skip_poisoned : bool
        True leaves out the update of a batch whose loss or gradient is not finite, and
        undoes what its forward pass did to the batch statistics.
    class_weights : tuple of float
        Weight of each class in the loss; empty when all count the same.
    draws_balanced : bool
        True draws the rows of an epoch so that every class comes up equally often.
    loss_limit : float or None
        A batch with a larger loss is left out like a poisoned one; needs
        `skip_poisoned`.
    max_epochs : int
        Epochs to train at most; 0 as the settings say.
    watch : str
        What every step measures, as in `TrainSettings`.
    """

    batch_size: int
    clip_norm: float | None = None
    skip_poisoned: bool = False
    class_weights: tuple[float, ...] = ()
    draws_balanced: bool = False
    loss_limit: float | None = None
    max_epochs: int = 0
    watch: str = "core"

    @property
    def is_balanced(self) -> bool:
        """Tell whether all classes count the same in training."""
        return self.draws_balanced or bool(self.class_weights)


@dataclass(frozen=True, eq=False)
class Progress:
    """Hold how early stopping stands.

    Parameters
    ----------
    best_loss, best_score : float
        Of the best epoch so far on the early-stopping slice.
    best_epoch, best_step : int
        Where it was; -1 when there is none.
    best : ModelSnapshot or None
        The model as it was then.
    n_epochs_since : int
        Epochs without a better one.
    """

    best_loss: float = float("inf")
    best_score: float = float("nan")
    best_epoch: int = -1
    best_step: int = -1
    best: ModelSnapshot | None = None
    n_epochs_since: int = 0


@dataclass(frozen=True, eq=False)
class Snapshot:
    """Hold one moment of training; immutable, kept for as long as it is needed."""

    model: ModelSnapshot
    flat: FlatParameters
    optimizer: torch.optim.Optimizer
    moments: dict[Any, dict[str, Any]]
    groups: tuple[dict[str, Any], ...]
    schedule: LRScheduler | None
    schedule_state: dict[str, Any]
    plain: dict[str, Any]
    generators: tuple[Any, ...]

    @property
    def step(self) -> int:
        """Return the step at which it was taken."""
        return int(self.plain["step"])


class TrainingState:
    """Own everything that changes during training.

    Parameters
    ----------
    model : torch.nn.Module
        Trained in place.
    objective : Objective
        Bound to the shape of the model's outputs.
    data : TableData
        Treated rows.
    knobs : Knobs
        As the settings ask for.
    make_optimizer : callable
        ``FlatParameters -> Optimizer``; called again when surgery changes parameters.
    make_schedule : callable
        ``Optimizer -> LRScheduler``, or None for a constant rate.
    seed : int
        Of the shuffling and of the remedies' own random choices.
    """

    def __init__(
        self,
        model: nn.Module,
        objective: Objective,
        data: TableData,
        *,
        knobs: Knobs,
        make_optimizer: Callable[[FlatParameters], torch.optim.Optimizer],
        make_schedule: Callable[[torch.optim.Optimizer], LRScheduler | None],
        seed: int,
    ) -> None:
        self.model = model
        self.objective = objective
        self.data = data
        self.knobs = knobs
        self.make_optimizer = make_optimizer
        self.make_schedule = make_schedule
        self.batches = Batches(seed)
        self.generator = np.random.default_rng([seed, REMEDY_STREAM])
        self.progress = Progress()
        self.epoch = self.batch = self.step = self.position = 0
        self.activations = ActivationTap()
        self.flat = FlatParameters(model)
        self.optimizer = make_optimizer(self.flat)
        self.schedule = make_schedule(self.optimizer)
        self.milestone = self.flat.copy_values()
        self.n_steps_tried = 0  # by remedies, outside of any branch

    @property
    def learning_rate(self) -> float:
        """Return the rate of the first parameter group."""
        return float(self.optimizer.param_groups[0]["lr"])

    def scale_learning_rate(self, factor: float) -> None:
        """Multiply the rates of all groups, and those the schedule works from."""
        for group in self.optimizer.param_groups:
            for key in RATE_KEYS & group.keys():
                group[key] = group[key] * factor
        for schedule in _all_schedules(self.schedule):
            for name in ("base_lrs", "max_lrs"):
                rates = getattr(schedule, name, None)
                if rates is not None:
                    setattr(schedule, name, [rate * factor for rate in rates])

    def travel(self) -> float:
        """Return how far the weights moved since last asked, for their size then.

        NaN when surgery changed how many there are.
        """
        now = self.flat.copy_values()
        before, self.milestone = self.milestone, now
        if before.shape != now.shape:
            return float("nan")
        size = max(float(np.linalg.norm(before)), TINY_NORM)
        return float(np.linalg.norm(now - before)) / size

    def replace_optimizer(
        self, make_optimizer: Callable[[FlatParameters], torch.optim.Optimizer]
    ) -> None:
        """Take another optimizer, at its own rate and without a schedule."""
        self.make_optimizer, self.make_schedule = make_optimizer, no_schedule
        self.optimizer, self.schedule = make_optimizer(self.flat), None

    def extend_plan(self, least_steps: int) -> None:
        """Allow twice the epochs, and at least as many as make so many steps."""
        per_epoch = max(1, len(self.data.train) // self.knobs.batch_size)
        epochs = max(2 * self.knobs.max_epochs, -(-least_steps // per_epoch))
        self.turn(max_epochs=epochs)

    def turn(self, **changes: Any) -> None:
        """Replace knobs by name."""
        self.knobs = replace(self.knobs, **changes)

    def next_batch(self) -> Batch:
        """Return the rows of the next step."""
        return self.batches.take(
            self.data.train,
            epoch=self.epoch,
            position=self.position,
            batch_size=self.knobs.batch_size,
            draws_balanced=self.knobs.draws_balanced,
        )

    def has_epoch_ended(self) -> bool:
        """Tell whether all rows of this epoch have been used."""
        return self.position >= len(self.data.train)

    def take_up_model(self) -> None:
        """Begin with another network: new vectors, new optimizer, new schedule."""
        self.flat = FlatParameters(self.model)
        self.optimizer = self.make_optimizer(self.flat)
        self.schedule = self.make_schedule(self.optimizer)
        self.milestone = self.flat.copy_values()

    def rebuild(self) -> None:
        """Take up parameters that surgery changed: new vectors and a new optimizer.

        Rates and the place in the schedule stay; moments start again.
        """
        groups = self.optimizer.param_groups
        kept = [{k: v for k, v in group.items() if k != "params"} for group in groups]
        self.flat = FlatParameters(self.model)
        self.milestone = self.flat.copy_values()
        self.optimizer = self.make_optimizer(self.flat)
        for group, values in zip(self.optimizer.param_groups, kept, strict=False):
            group.update(values)
        if self.schedule is not None:
            place = copy.deepcopy(self.schedule.state_dict())
            self.schedule = self.make_schedule(self.optimizer)
            if self.schedule is not None:
                self.schedule.load_state_dict(place)
            for group, values in zip(self.optimizer.param_groups, kept, strict=False):
                group.update(values)

    def snapshot(self) -> Snapshot:
        """Return a copy of this moment that `restore` brings back to the bit."""
        return Snapshot(
            model=copy_model(self.model),
            flat=self.flat,
            optimizer=self.optimizer,
            moments={p: _copied(values) for p, values in self.optimizer.state.items()},
            groups=tuple(_copied(group) for group in self.optimizer.param_groups),
            schedule=self.schedule,
            schedule_state=copy.deepcopy(self.schedule.state_dict()) if self.schedule else {},
            plain={name: getattr(self, name) for name in BY_REFERENCE},
            generators=_generator_states(self.generator),
        )

    def restore(self, snapshot: Snapshot) -> None:
        """Bring a moment back, bit for bit; the snapshot can be used again."""
        if self.flat is not snapshot.flat:
            snapshot.flat.reclaim()
        self.flat, self.optimizer = snapshot.flat, snapshot.optimizer
        self.model = put_back(snapshot.model)
        self.optimizer.state.clear()
        self.optimizer.state.update({p: _copied(v) for p, v in snapshot.moments.items()})
        self.optimizer.param_groups[:] = [_copied(group) for group in snapshot.groups]
        self.schedule = snapshot.schedule
        if self.schedule is not None:
            self.schedule.load_state_dict(copy.deepcopy(snapshot.schedule_state))
        for name, value in snapshot.plain.items():
            setattr(self, name, value)
        _set_generators(self.generator, snapshot.generators)


def no_schedule(optimizer: torch.optim.Optimizer) -> None:
    """Return no schedule: the rate stays."""
    del optimizer


def _copied(values: dict[str, Any]) -> dict[str, Any]:
    """Return a dictionary whose tensors are copies; parameter lists stay the same."""
    return {k: v.detach().clone() if isinstance(v, torch.Tensor) else v for k, v in values.items()}


def _all_schedules(schedule: Any) -> list[Any]:
    """Return a schedule and those chained inside it."""
    if schedule is None:
        return []
    inner = getattr(schedule, "_schedulers", [])
    return [schedule, *(s for nested in inner for s in _all_schedules(nested))]


def _generator_states(generator: np.random.Generator) -> tuple[Any, ...]:
    cuda = torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else None
    own = generator.bit_generator.state
    # A user's model may draw from numpy's global generator.
    return torch.get_rng_state(), cuda, np.random.get_state(), own  # noqa: NPY002


def _set_generators(generator: np.random.Generator, states: tuple[Any, ...]) -> None:
    on_cpu, cuda, numpy_global, own = states
    torch.set_rng_state(on_cpu)
    if cuda is not None:
        torch.cuda.set_rng_state_all(cuda)
    np.random.set_state(numpy_global)  # noqa: NPY002
    generator.bit_generator.state = own


@contextmanager
def seeded(seed: int, n_threads: int) -> Iterator[None]:
    """Seed torch and numpy for the time of a run, then give the caller's back.

    Parameters
    ----------
    seed : int
        For the global generators of torch and numpy.
    n_threads : int
        Threads of torch while inside; 0 leaves them alone.
    """
    caller = _generator_states(np.random.default_rng(0)), torch.get_num_threads()
    torch.manual_seed(seed)
    np.random.seed(seed % NUMPY_SEEDS)  # noqa: NPY002
    if n_threads:
        torch.set_num_threads(n_threads)
    try:
        with np.errstate(all="ignore"):
            yield
    finally:
        torch.set_num_threads(caller[1])
        _set_generators(np.random.default_rng(0), caller[0])


TINY_NORM = 1e-30  # keeps weights that are all zero from dividing by zero
REMEDY_STREAM = 1_000_003  # a stream of its own beside the epochs', which start at 0
NUMPY_SEEDS = 2**32  # numpy's global generator takes 32 bits
RATE_KEYS = {"lr", "initial_lr", "max_lr", "min_lr"}
BY_REFERENCE = (
    "data",
    "knobs",
    "objective",
    "progress",
    "make_optimizer",
    "make_schedule",
    "epoch",
    "batch",
    "step",
    "position",
    "milestone",
)  # all immutable or never changed in place
