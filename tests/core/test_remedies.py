"""The contract every remedy keeps: it changes what it says, and a restore undoes it."""

import inspect
import pkgutil

import numpy as np
import pytest

from ml_training.core import remedies
from ml_training.core.findings import Remedy
from ml_training.core.problems import PROBLEMS
from ml_training.core.state import seeded
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
SICK = {"usual_rate": {"learning_rate": 0.5}}


def make_patient(remedy: Remedy):
    """Return a run this remedy has something to do with, on unscaled rows."""
    X, y = make_rows(seed=1)
    network = PoisonedAt(6, make_network()) if remedy.key == "skip_poisoned" else make_network()
    return make_run(network, 7.0 * X, y, **SICK.get(remedy.key, {}))


def make_complaint():
    return make_finding(usual_norm=0.05)


def read_change(state, what):
    """Return the value of what a remedy says it changed."""
    if what == "learning_rate":
        return state.learning_rate
    if what == "treatments":
        return [treatment.key for treatment in state.data.treatments]
    return getattr(state.knobs, what)


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
    assert read_change(state, change.what) == pytest.approx(change.after)
    assert change.sentence


@each
def test_training_afterwards_differs(remedy):
    with seeded(0, 1):
        run = make_patient(remedy)
        moment = run.state.snapshot()
        take_steps(run, 8)
        untreated = weights_of(run.state.model)
        run.state.restore(moment)
        remedy.apply(run.state, make_complaint())
        take_steps(run, 8)
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
