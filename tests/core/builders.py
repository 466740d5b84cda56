"""Small data, networks and runs for the tests of the engine."""

from typing import Any

import numpy as np
import torch
from torch import nn

from ml_training.core.assembly import build_run
from ml_training.core.events import Event, never
from ml_training.core.facts import DataFacts, PlanFacts
from ml_training.core.findings import Finding
from ml_training.core.history import Observations, Reading, RunHistory
from ml_training.core.loop import Run, step_schedule
from ml_training.core.prepare import prepare
from ml_training.core.settings import TrainSettings
from ml_training.core.state import TrainingState


def make_rows(n=300, n_features=6, *, seed=0, noise=0.5):
    """Return features and a binary target two of them decide, with noise."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, n_features))
    y = (X[:, 0] - X[:, 1] + noise * rng.normal(size=n) > 0).astype(int)
    return X, y


def make_classes(n=300, n_classes=3, *, seed=0):
    """Return features around one centre for each class."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, n_classes, n)
    X = rng.normal(size=(n, 4)) + 3.0 * np.eye(4)[y]
    return X, y


def make_values(n=300, *, seed=0):
    """Return features and a target linear in them."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 4))
    return X, 2.0 * X[:, 0] - X[:, 1] + 0.1 * rng.normal(size=n)


def make_network(n_features=6, n_outputs=1, *, seed=0, is_normalised=True, width=16):
    """Return a small network of a user's own."""
    torch.manual_seed(seed)
    normalisation = [nn.BatchNorm1d(width)] if is_normalised else []
    return nn.Sequential(
        nn.Linear(n_features, width), *normalisation, nn.ReLU(), nn.Linear(width, n_outputs)
    )


def make_run(model=None, X=None, y=None, *, emit=None, should_stop=never, **settings: Any) -> Run:
    """Return a run that is ready to start."""
    if X is None:
        X, y = make_rows()
    prepared = prepare(
        X,
        y,
        None,
        None,
        task=settings.get("task", "auto"),
        sample_weight=settings.pop("weight", None),
    )
    chosen = TrainSettings(
        **{"max_epochs": 5, "batch_size": 32, "learning_rate": 0.01, **settings}
    )
    return build_run(
        model if model is not None else make_network(X.shape[1]),
        prepared,
        chosen,
        emit=emit or (lambda event: None),
        should_stop=should_stop,
    )


def make_state(**settings: Any) -> TrainingState:
    """Return the state of a run that is ready to start."""
    return make_run(**settings).state


def make_observations(
    losses=(),
    norms=None,
    *,
    naive_loss=0.7,
    columns=None,
    skipped=None,
    error="",
) -> Observations:
    """Return what a detector would see after batches with these losses and norms."""
    history = RunHistory(("one",))
    norms = [1.0] * len(losses) if norms is None else norms
    skipped = [False] * len(losses) if skipped is None else skipped
    for step, (loss, norm, was_skipped) in enumerate(zip(losses, norms, skipped, strict=True)):
        history.add(
            Reading(epoch=0, step=step, loss=loss, gradient_norm=norm, skipped=was_skipped)
        )
    data = make_facts(naive_loss=naive_loss, **(columns or {}))
    plan = PlanFacts(task="binary", steps_per_epoch=10, planned_steps=100, is_house_network=False)
    return Observations(history, data, plan, 0, max(len(losses) - 1, 0), error)


def make_facts(*, naive_loss=0.7, **columns) -> DataFacts:
    """Return facts about three standard columns, or columns as given."""
    standard = {
        "mean": np.zeros(3),
        "std": np.ones(3),
        "median": np.zeros(3),
        "spread": np.ones(3),
        "n_missing": np.zeros(3),
    }
    filled = {**standard, **{key: np.asarray(value, float) for key, value in columns.items()}}
    return DataFacts(
        n_rows=100,
        n_features=len(filled["mean"]),
        n_judging_rows=50,
        class_counts=(50, 50),
        naive_loss=naive_loss,
        **filled,
    )


def make_finding(problem="nan_inf_loss", *, step=0, severity="critical", **evidence) -> Finding:
    """Return a finding as a detector would make it."""
    return Finding(
        problem=problem,
        severity=severity,
        epoch=0,
        step=step,
        evidence=evidence,
        message="Something was seen.",
    )


class Listener:
    """Keep every event, and give out those of one kind."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def __call__(self, event: Event) -> None:
        self.events.append(event)

    def of(self, kind: type) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]


class PoisonedAt(nn.Module):
    """Turn the rows of one training call into NaN before the network sees them."""

    def __init__(self, call: int, network: nn.Module | None = None) -> None:
        super().__init__()
        self.network = network or make_network()
        self.call = call
        self.n_calls = 0

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        if self.training:
            self.n_calls += 1
            if self.n_calls == self.call:
                rows = rows * float("nan")
        return self.network(rows)


def take_steps(run: Run, n: int) -> list[float]:
    """Take steps the plain way and return their losses."""
    state = run.state
    state.model.train()
    losses = []
    for _ in range(n):
        losses.append(run.step_once(state, state.next_batch()).loss)
        if state.has_epoch_ended():
            step_schedule(run, losses[-1])
            state.epoch, state.batch, state.position = state.epoch + 1, 0, 0
    return losses


def weights_of(model: nn.Module) -> list[np.ndarray]:
    """Return copies of all tensors of a model, batch statistics included."""
    return [tensor.detach().clone().numpy() for tensor in model.state_dict().values()]


def are_equal(some: list[np.ndarray], others: list[np.ndarray]) -> bool:
    """Tell whether two models are the same to the bit."""
    return len(some) == len(others) and all(
        a.tobytes() == b.tobytes() for a, b in zip(some, others, strict=True)
    )
