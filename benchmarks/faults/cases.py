"""From a case and a seed to rows, model, loss, optimizer and settings."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.model_selection import train_test_split
from torch import nn

from benchmarks.faults.datasets import GIVEN, Dataset
from benchmarks.faults.datasets_blind import BLIND
from benchmarks.faults.datasets_own import OWN
from benchmarks.faults.errors import CaseError
from benchmarks.faults.events import has_rate_events, strike_model, strike_optimizer
from benchmarks.faults.losses import Loss, build_loss, n_outputs_of
from benchmarks.faults.networks import build_network
from benchmarks.faults.parts import PREPROCESSES, Parts
from benchmarks.faults.schedules import Schedule, build_schedule
from benchmarks.faults.schema import Case
from benchmarks.faults.transforms import AFTER, BEFORE
from benchmarks.faults.transforms_own import OWN_BEFORE
from ml_training.core.settings import SMALLEST_BATCH, TrainSettings

VAL_SHARE = 0.3  # conventions: train_test_split(test_size=0.3, random_state=0)
N_UNSEEN = 1000  # chosen: a standard error of 0.016 at an accuracy of 0.5
UNSEEN_SEED = 1_000  # far from the small seeds that draw the rows of a document
OPTIMIZERS: dict[str, type[torch.optim.Optimizer]] = {
    "adam": torch.optim.Adam,
    "adamw": torch.optim.AdamW,
    "sgd": torch.optim.SGD,
    "rmsprop": torch.optim.RMSprop,
}
DATASETS: dict[str, Dataset] = {**GIVEN, **OWN, **BLIND}
BEFORE_SCALING = {**BEFORE, **OWN_BEFORE}
Rows = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Workload:
    """Hold everything one training of one case needs, for any loop.

    Parameters
    ----------
    case : Case
        What it was built from.
    seed : int
        Decides initial weights and, through the settings, the order of rows.
    parts : Parts
        Training, validation and unseen rows as float64 and classes or targets.
    n_classes : int
        0 for regression.
    """

    case: Case
    seed: int
    parts: Parts
    n_classes: int

    @property
    def task(self) -> str:
        """Return ``"binary"``, ``"multiclass"`` or ``"regression"``."""
        if self.parts.is_regression:
            return "regression"
        return "multiclass" if self.n_outputs > 1 else "binary"

    @property
    def n_outputs(self) -> int:
        """Return the width of the output layer."""
        return n_outputs_of(self.case.loss, self.n_classes)

    @property
    def steps_per_epoch(self) -> int:
        """Return the number of batches of one pass."""
        return -(-len(self.parts.y_train) // self.case.batch_size)

    def model(self) -> nn.Module:
        """Build the model with fresh weights and events that have not struck yet."""
        network = build_network(
            self.case.model,
            n_features=self.parts.X_train.shape[1],
            n_outputs=self.n_outputs,
            seed=self.seed,
        )
        return strike_model(network, self.case.events, self.steps_per_epoch)

    def loss(self) -> Loss:
        """Build the loss."""
        return build_loss(self.case.loss, self.parts.y_train, self.n_classes)

    def optimizer_options(self) -> dict[str, Any]:
        """Return what the optimizer gets besides its rate."""
        return {key: v for key, v in self.case.optimizer.items() if key not in {"name", "lr"}}

    def optimizer(self, parameters: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
        """Build the optimizer, and the jumps of its rate."""
        kind = OPTIMIZERS[self.case.optimizer["name"]]
        built = kind(parameters, lr=self.case.optimizer["lr"], **self.optimizer_options())  # type: ignore[call-arg]
        return strike_optimizer(built, self.case.events, self.steps_per_epoch)

    def schedule(self) -> Schedule | None:
        """Build the factory of the schedule."""
        return build_schedule(self.case.scheduler, self.case.epochs)

    def settings(self, **overrides: Any) -> TrainSettings:
        """Return the case as the settings of `fit`.

        Parameters
        ----------
        **overrides : Any
            Fields of `TrainSettings` to replace.

        Returns
        -------
        TrainSettings
            Named optimizers go by name; only a case with learning-rate events brings a
            factory. Without early stopping in the case the default patience stays.
            Batches of one row become the smallest that `TrainSettings` takes.
        """
        values: dict[str, Any] = {
            "task": self.task,
            "learning_rate": float(self.case.optimizer["lr"]),
            "batch_size": max(self.case.batch_size, SMALLEST_BATCH),
            "max_epochs": self.case.epochs,
            "loss": self.loss(),
            "scheduler": self.schedule(),
            "clip_norm": self.case.clip_norm,
            "seed": self.seed,
        }
        if has_rate_events(self.case.events):
            values["optimizer"] = self.optimizer
        else:
            values["optimizer"] = self.case.optimizer["name"]
            values["optimizer_options"] = self.optimizer_options()
        if self.case.early_stopping:
            values["patience"] = int(self.case.early_stopping["patience"])
        return TrainSettings(**{**values, **overrides})


def dataset_named(name: str) -> Dataset:
    """Return a data set by name.

    Raises
    ------
    CaseError
        If there is none of that name.
    """
    if name not in DATASETS:
        raise CaseError(f"there is no data set {name!r}", hint=f"known: {', '.join(DATASETS)}")
    return DATASETS[name]


def n_unseen_of(spec: Mapping[str, Any]) -> int:
    """Return how many unseen rows a case has; by default only a law gives any."""
    default = N_UNSEEN if dataset_named(spec["name"]).source == "law" else 0
    return int(spec.get("unseen", default))


def draw_rows(dataset: Dataset, spec: dict[str, Any]) -> tuple[Rows, Rows, Rows, Rows]:
    """Draw the rows of the document and rows that no training will see.

    Parameters
    ----------
    dataset : Dataset
        How to draw.
    spec : dict
        The ``dataset`` field of a case; ``args.seed`` replaces the conventional seed 0,
        ``unseen`` sets the number of unseen rows.

    Returns
    -------
    tuple of array
        X and y of the document, X and y of the unseen rows. A pool or a table only
        gives unseen rows when the case asks for them: they leave the conventional rows.
    """
    args = dict(spec.get("args") or {})
    seed = int(args.pop("seed", 0))
    if dataset.source == "law":
        X, y = dataset.draw(args, np.random.RandomState(seed))
        n_unseen = n_unseen_of(spec)
        if not n_unseen:
            return X, y, X[:0], y[:0]
        fresh = {**args, "n": n_unseen, "seed": seed}
        return X, y, *dataset.draw(fresh, np.random.RandomState(seed + UNSEEN_SEED))
    n_unseen = int(spec.get("unseen", 0))
    if n_unseen and "n" in args:
        args["n"] += n_unseen
    X, y = dataset.draw(args, np.random.RandomState(seed))
    if n_unseen and dataset.source == "table":
        order = np.random.RandomState(seed + UNSEEN_SEED).permutation(len(y))
        X, y = X[order], y[order]
    n_kept = len(y) - n_unseen
    return X[:n_kept], y[:n_kept], X[n_kept:], y[n_kept:]


def split_rows(dataset: Dataset, spec: dict[str, Any]) -> Parts:
    """Draw and split by the conventions."""
    X, y, X_test, y_test = draw_rows(dataset, spec)
    X_train, X_val, y_train, y_val = train_test_split(
        X, y, test_size=VAL_SHARE, random_state=0, stratify=None if dataset.is_regression else y
    )
    return Parts(
        X_train=X_train.astype(float),
        y_train=y_train,
        X_val=X_val.astype(float),
        y_val=y_val,
        X_test=X_test.astype(float),
        y_test=y_test,
        is_regression=dataset.is_regression,
    )


def build_parts(spec: dict[str, Any]) -> Parts:
    """Draw, split, spoil and scale the rows of one case.

    Parameters
    ----------
    spec : dict
        The ``dataset`` field of a case.

    Returns
    -------
    Parts
        Transforms of before the preprocessing are applied before it, the others after;
        one random state 1 runs through all of them.

    Raises
    ------
    CaseError
        If a transform or a preprocessing has no such name.
    """
    parts = split_rows(dataset_named(spec["name"]), spec)
    transforms = spec.get("transforms") or []
    for transform in transforms:
        if transform.get("op") not in {*BEFORE_SCALING, *AFTER}:
            known = ", ".join((*BEFORE_SCALING, *AFTER))
            raise CaseError(
                f"there is no transform {transform.get('op')!r}", hint=f"known: {known}"
            )
    preprocess = spec.get("preprocess", "none")
    if preprocess not in PREPROCESSES:
        known = ", ".join(PREPROCESSES)
        raise CaseError(f"there is no preprocessing {preprocess!r}", hint=f"known: {known}")
    rng = np.random.RandomState(1)
    for transform in transforms:
        if transform["op"] in BEFORE_SCALING:
            BEFORE_SCALING[transform["op"]](parts, transform, rng)
    PREPROCESSES[preprocess](parts)
    for transform in transforms:
        if transform["op"] in AFTER:
            AFTER[transform["op"]](parts, transform, rng)
    return parts


def build_workload(case: Case, seed: int) -> Workload:
    """Build everything that a training of a case needs.

    Parameters
    ----------
    case : Case
        As given, or `Case.cured`.
    seed : int
        Decides weights and order of rows; the rows are the same for every seed.

    Returns
    -------
    Workload
        Its arrays are shared between calls: treat them as read-only.
    """
    parts = _parts_of(_freeze(dict(case.dataset)))
    n_classes = 0 if parts.is_regression else int(parts.y_val.max(initial=1)) + 1
    n_classes = n_classes if parts.is_regression else max(n_classes, int(parts.y_train.max()) + 1)
    return Workload(case=case, seed=seed, parts=parts, n_classes=n_classes)


def _freeze(value: Any) -> Any:
    """Return nested dicts and lists as nested tuples, which can be remembered."""
    if isinstance(value, dict):
        return ("dict", *((key, _freeze(item)) for key, item in sorted(value.items())))
    if isinstance(value, list | tuple):
        return ("list", *(_freeze(item) for item in value))
    return value


def _thaw(value: Any) -> Any:
    if isinstance(value, tuple) and value[0] == "dict":
        return {key: _thaw(item) for key, item in value[1:]}
    if isinstance(value, tuple):
        return [_thaw(item) for item in value[1:]]
    return value


@lru_cache(maxsize=4)
def _parts_of(frozen: Any) -> Parts:
    return build_parts(_thaw(frozen))
