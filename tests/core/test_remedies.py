"""The contract every remedy keeps: it changes what it says, and a restore undoes it."""

import inspect
import pkgutil

import numpy as np
import pytest
from torch import nn

from ml_training.core import remedies
from ml_training.core.endings import describe_ending
from ml_training.core.findings import Remedy
from ml_training.core.optimizers import describe_optimizer
from ml_training.core.problems import PROBLEMS
from ml_training.core.remedies.change_dropout import read_dropout
from ml_training.core.remedies.weight_decay import read_decay
from ml_training.core.remedies.widen import read_widths
from ml_training.core.state import seeded
from ml_training.core.surgery import (
    read_activations,
    read_dropouts,
    read_norms,
    weight_sizes,
)
from tests.core.builders import (
    PoisonedAt,
    are_equal,
    make_finding,
    make_network,
    make_rows,
    make_run,
    take_steps,
    weights_of,
)

ALL = {
    f"{problem.key}-{remedy.key}-{number}": remedy
    for problem in PROBLEMS.values()
    for number, remedy in enumerate(problem.remedies)
}
each = pytest.mark.parametrize("remedy", ALL.values(), ids=ALL.keys())
# What a remedy needs to have something to treat.
SICK = {
    "usual_rate": {"learning_rate": 0.5},
    "sound_optimizer": {"optimizer": "sgd"},
    "larger_batch": {"batch_size": 8},
    "warm_up": {"max_epochs": 30},
}


def make_mixed():
    """Return a network with sigmoids, and with rectified units that are silent."""
    network = nn.Sequential(
        nn.Linear(6, 8), nn.ReLU(), nn.Linear(8, 8), nn.Sigmoid(), nn.Linear(8, 1)
    )
    nn.init.constant_(network[0].bias, -50.0)
    return network


NETWORKS = {
    "swap_activation": make_mixed,
    "widen": lambda: make_network(is_normalised=False, width=4),
    "skip_poisoned": lambda: PoisonedAt(6, make_network()),
    "insert_normalisation": lambda: make_network(is_normalised=False),
    "insert_nonlinearity": lambda: nn.Sequential(nn.Linear(6, 8), nn.Linear(8, 1)),
    "lower_dropout": lambda: nn.Sequential(nn.Linear(6, 8), nn.Dropout(0.9), nn.Linear(8, 1)),
    "match_output": lambda: nn.Sequential(make_network(), nn.ReLU()),
}


def repeat_rows(X, y):
    """Return the first rows again at the end of training, before what validates."""
    return np.vstack([X[:60], X]), np.concatenate([1 - y[:60], y])


def throw_rows(X, y):
    """Return the table with a few rows far away."""
    X[:5] += 1e4
    return X, y


def freeze_column(X, y):
    """Return the table with a column that moves only where validation is taken from."""
    X[:, 2] = np.where(np.arange(len(X)) < 0.8 * len(X), 1e-6 * X[:, 2], 1e3 * X[:, 2])
    return X, y


def thin_out_class(X, y):
    """Return the table with three quarters of one class turned into the other."""
    return X, y * (np.arange(len(y)) % 4 == 0)


def leave_gaps(X, y):
    """Return the table with gaps that lie in the rows of one class."""
    X[(y == 1) & (np.arange(len(y)) % 3 == 0), 2] = np.nan
    return X, y


# How rows must look for a remedy of rows to have something to treat.
SPOILED = {
    "class_weights": thin_out_class,
    "drop_copies": repeat_rows,
    "flag_missing": leave_gaps,
    "winsorise_cells": throw_rows,
    "drop_outliers": throw_rows,
    "drop_feature": freeze_column,
    "drop_doubtful": lambda X, y: (X, np.where(np.arange(len(y)) % 10 == 0, 1 - y, y)),
    "scale_targets": lambda X, y: (X, 5_000.0 + 300.0 * X[:, 0]),
}
PREDICTIONS_ONLY = {"cool_down"}  # training goes on as before, predictions change


def make_patient(remedy: Remedy):
    """Return a run this remedy has something to do with, on unscaled rows."""
    X, y = make_rows(seed=1)
    X, y = SPOILED.get(remedy.key, lambda X, y: (7.0 * X, y))(X, y)
    network = NETWORKS.get(remedy.key, make_network)()
    return make_run(network, X, y, **SICK.get(remedy.key, {}))


READERS = {
    "activations": read_activations,
    "dropout": lambda state: read_dropout(state.model),
    "dropouts": read_dropouts,
    "learning_rate": lambda state: state.learning_rate,
    "network": lambda state: type(state.model).__name__,
    "norms": read_norms,
    "optimizer": lambda state: describe_optimizer(state.optimizer),
    "output": describe_ending,
    "schedule": lambda s: "none" if s.schedule is None else type(s.schedule).__name__,
    "smoothing": lambda state: state.objective.smoothing,
    "target_scale": lambda state: list(state.objective.target_scale),
    "temperature": lambda state: state.objective.temperature,
    "training_rows": lambda state: len(state.data.raw_train),
    "treatments": lambda state: [treatment.key for treatment in state.data.treatments],
    "weight_decay": read_decay,
    "weight_sizes": weight_sizes,
    "widths": read_widths,
}


def make_complaint():
    return make_finding(usual_norm=0.05, loss_line=0.6, temperature=2.0)


def read_change(state, what):
    """Return the value of what a remedy says it changed: of a part, or of a knob."""
    return READERS[what](state) if what in READERS else getattr(state.knobs, what)


def assert_same(found, announced):
    """Compare words exactly and numbers closely, one by one or in lists."""
    is_list = isinstance(announced, list)
    pairs = zip(found, announced, strict=True) if is_list else [(found, announced)]
    assert all(a == (b if isinstance(b, str) else pytest.approx(b)) for a, b in pairs)


def test_every_file_is_used_by_a_problem():
    files = {module.name for module in pkgutil.iter_modules(remedies.__path__)}
    used = {inspect.getmodule(type(remedy)).__name__.rpartition(".")[2] for remedy in ALL.values()}
    assert files == used


@each
def test_the_state_changes_as_announced(remedy):
    state = make_patient(remedy).state
    assert remedy.objection(state) == ""
    change = remedy.apply(state, make_complaint())
    assert change.before != change.after
    assert_same(read_change(state, change.what), change.after)
    assert change.sentence


@each
def test_training_afterwards_differs(remedy):
    if remedy.key in PREDICTIONS_ONLY:
        pytest.skip("changes predictions, not training")
    if remedy.key == "train_longer":
        pytest.skip("moves the end; see test_training_goes_on_past_the_plan_when_prolonged")
    with seeded(0, 1):
        run = make_patient(remedy)
        moment = run.state.snapshot()
        take_steps(run, 12)
        untreated = weights_of(run.state.model)
        run.state.restore(moment)
        remedy.apply(run.state, make_complaint())
        take_steps(run, 12)
    assert not are_equal(untreated, weights_of(run.state.model))


@each
def test_a_restore_undoes_it_to_the_bit(remedy):
    with seeded(0, 1):
        run = make_patient(remedy)
        take_steps(run, 2)
        moment = run.state.snapshot()
        losses, weights = take_steps(run, 8), weights_of(run.state.model)
        run.state.restore(moment)
        remedy.apply(run.state, make_complaint())
        take_steps(run, 3)
        run.state.restore(moment)
        again, weights_again = take_steps(run, 8), weights_of(run.state.model)
    assert np.array_equal(losses, again, equal_nan=True)
    assert are_equal(weights, weights_again)


@each
def test_it_objects_or_changes_again_when_applied_twice(remedy):
    state = make_patient(remedy).state
    remedy.apply(state, make_complaint())
    if not remedy.objection(state):
        change = remedy.apply(state, make_complaint())
        assert change.before != change.after


@each
def test_its_key_is_the_name_of_its_file(remedy):
    assert inspect.getmodule(type(remedy)).__name__.endswith(f".{remedy.key}")
    assert inspect.getdoc(type(remedy))
