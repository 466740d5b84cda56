"""Whatever a remedy does to a run is saved with it, and the run goes on the same."""

import numpy as np
import pytest
from torch import nn

from ml_training.core.caller import Caller
from ml_training.core.events import always, never, say_nothing
from ml_training.core.problems import PROBLEMS
from ml_training.core.resume import Keeper, take_up, unseal
from ml_training.core.resume_parts import Origin
from tests.core.builders import (
    are_equal,
    make_classes,
    make_finding,
    make_network,
    make_rows,
    make_run,
    make_values,
    take_steps,
    weights_of,
)
from tests.core.problems.networks import make_stack
from tests.core.problems.test_outliers import throw
from tests.core.remedies.test_flag_missing import make_gaps

REMEDIES = {
    f"{remedy.key} for {problem.key}": remedy
    for problem in PROBLEMS.values()
    for remedy in problem.remedies
}
ROLLED_BACK = [
    "insert_normalisation for vanishing_gradient",
    "drop_copies for duplicate_rows",
    "sound_optimizer for class_imbalance",
]
EVIDENCE = {"temperature": 1.5, "usual_norm": 0.7, "loss_line": 5.0}
N_STEPS = 24  # chosen: some epochs of the small tables below


def plain(seed, n_features=6):
    return make_network(n_features, seed=seed, is_normalised=False)


def silent(seed):
    model = make_stack(n_features=6, seed=seed)
    nn.init.constant_(model[0].bias, -100.0)
    return model


def dropping(seed):
    front = make_stack(n_features=6, depth=1, seed=seed)
    return nn.Sequential(front[0], front[1], nn.Dropout(0.7), front[2])


def begin_wide(seed):
    X, y = make_rows()
    return make_run(plain(seed), throw(X, 1e6), y, learning_rate=1e-6)


def begin_copies(seed):
    X, y = make_rows()
    return make_run(plain(seed), np.vstack([X, X[:80]]), np.concatenate([y, y[:80]]))


def begin_far(seed):
    X, y = make_values()
    return make_run(plain(seed, 4), X, 1e4 * y)


def begin_rare(seed):
    X, y = make_rows(600)
    return make_run(plain(seed), X, y * (np.arange(600) % 5 == 0), batch_size=8)


def begin_frozen(seed):
    X, y = make_rows(600)
    X[:480, 4] *= 1e-9  # the last fifth of the rows validates
    return make_run(plain(seed), X, y)


PATIENTS = {
    "normalised": lambda seed: make_run(make_network(seed=seed)),
    "plain": lambda seed: make_run(plain(seed)),
    "wide": begin_wide,
    "copies": begin_copies,
    "far": begin_far,
    "rare": begin_rare,
    "frozen": begin_frozen,
    "gaps": lambda seed: make_run(make_network(seed=seed), *make_gaps()),
    "straight": lambda seed: make_run(make_stack(nn.Identity, n_features=6, seed=seed)),
    "flat": lambda seed: make_run(make_stack(nn.Sigmoid, n_features=6, seed=seed)),
    "silent": lambda seed: make_run(silent(seed)),
    "dropping": lambda seed: make_run(dropping(seed)),
    "twice": lambda seed: make_run(
        nn.Sequential(make_network(4, 3, seed=seed), nn.Softmax(dim=1)), *make_classes()
    ),
    "fast": lambda seed: make_run(plain(seed), learning_rate=10.0, optimizer="sgd", max_epochs=30),
}


def find_patient(remedy):
    """Return the first kind of run that a remedy has no objection to."""
    for begin in PATIENTS.values():
        if not remedy.objection(begin(0).state):
            return begin
    raise AssertionError(f"no patient for {remedy.key}: add one")


def save(run, origin) -> bytes:
    states = []
    keeper = Keeper(
        Caller(say_nothing, never),
        {},
        origin,
        save_state=lambda state, place: states.append(state),
        wants_state=always,
    )
    keeper.saved_at = -1
    keeper.offer(run)
    assert len(states) == 1, keeper._caller.notes
    return states[0]


def go_on(begin, state: bytes):
    run = begin(1)
    take_up(run, Caller(say_nothing, never), unseal(state), Origin.of(run.state))
    return run


@pytest.mark.parametrize("name", REMEDIES)
def test_a_treated_run_goes_on_the_same_when_taken_up(name):
    remedy = REMEDIES[name]
    begin = find_patient(remedy)
    run = begin(0)
    origin = Origin.of(run.state)
    take_steps(run, N_STEPS // 2)
    run.medic.remember_good()
    remedy.apply(run.state, make_finding(**EVIDENCE))
    take_steps(run, N_STEPS // 2)
    state = save(run, origin)
    losses = take_steps(run, N_STEPS)
    other = go_on(begin, state)
    assert take_steps(other, N_STEPS) == losses
    assert are_equal(weights_of(other.state.model), weights_of(run.state.model))
    assert other.state.learning_rate == run.state.learning_rate
    assert other.state.knobs == run.state.knobs


@pytest.mark.parametrize("moment", ["beginning", "last_good"])
@pytest.mark.parametrize("name", ROLLED_BACK)
def test_an_earlier_moment_comes_back_the_same_when_rolled_back_to(name, moment):
    remedy = REMEDIES[name]
    begin = find_patient(remedy)
    run = begin(0)
    origin = Origin.of(run.state)
    take_steps(run, N_STEPS // 2)
    run.medic.remember_good()
    remedy.apply(run.state, make_finding(**EVIDENCE))
    take_steps(run, N_STEPS // 2)
    other = go_on(begin, save(run, origin))
    run.state.restore(getattr(run.medic, moment))
    losses = take_steps(run, N_STEPS)
    other.state.restore(getattr(other.medic, moment))
    assert take_steps(other, N_STEPS) == losses
    assert are_equal(weights_of(other.state.model), weights_of(run.state.model))
