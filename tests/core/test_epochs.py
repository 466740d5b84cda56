from dataclasses import replace

import pytest

from ml_training.core.epochs import STEPS_BETWEEN_LOOKS, STEPS_WHILE_BETTER, is_time_to_look
from ml_training.core.loop import advance
from tests.core.builders import make_network, make_run, make_state


def stand_at(*, epoch, batches, step, n_since=0, max_epochs=100):
    """Return a state at the end of an epoch of so many batches."""
    state = make_state(max_epochs=max_epochs)
    state.epoch, state.batch, state.step = epoch, batches, step
    state.progress = replace(state.progress, n_epochs_since=n_since)
    return state


@pytest.mark.parametrize("n_since", [0, 1])
def test_each_of_the_first_epochs_is_looked_at(n_since):
    assert is_time_to_look(stand_at(epoch=2, batches=2, step=6, n_since=n_since), None)


@pytest.mark.parametrize(("every", "n_since"), [(STEPS_WHILE_BETTER, 0), (STEPS_BETWEEN_LOOKS, 1)])
def test_later_epochs_are_looked_at_less_often_while_they_are_the_best(every, n_since):
    looks = [
        is_time_to_look(stand_at(epoch=e, batches=5, step=5 * (e + 1), n_since=n_since), None)
        for e in range(11, 83)
    ]
    assert sum(looks) == len(looks) * 5 / every


@pytest.mark.parametrize("n_since", [0, 1])
def test_long_epochs_are_all_looked_at(n_since):
    state = stand_at(epoch=10, batches=60, step=660, n_since=n_since)
    assert is_time_to_look(state, None)


def test_the_last_epoch_is_looked_at():
    assert is_time_to_look(stand_at(epoch=99, batches=3, step=300 + 3), None)
    assert is_time_to_look(stand_at(epoch=9, batches=3, step=33, max_epochs=10), None)


@pytest.mark.parametrize(("patience", "is_due"), [(4, True), (5, False), (None, False)])
def test_the_epoch_that_ends_patience_is_looked_at(patience, is_due):
    state = stand_at(epoch=10, batches=3, step=33, n_since=4)
    assert is_time_to_look(state, patience) is is_due


def test_signals_are_measured_at_the_epochs_that_are_looked_at():
    run = make_run(make_network(), batch_size=100, max_epochs=40)
    while run.state.epoch < 40:
        advance(run)
    for score in run.history.scores:
        assert "travel" in score.signals
    n_measured = sum("gain" in score.signals for score in run.history.scores)
    assert 4 <= n_measured < 40
