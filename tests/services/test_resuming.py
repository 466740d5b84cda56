"""States are kept, checked and found again; what is damaged is never used."""

from pathlib import Path

import pytest

from ml_training.models import Checkpoint, TrainingRun
from ml_training.services.leases import Halted
from ml_training.services.resuming import (
    N_KEPT,
    Drain,
    SavedState,
    Saver,
    drop_states,
    find_state,
    pack,
    saving_states,
    unpack,
)
from ml_training.services.runs import note_digests
from tests.services.builders import make_run

pytestmark = pytest.mark.django_db
MEMORY = {"recorder": {"n_told": 3}, "story": {"blocks": [[0, ["x"]]], "loss": float("inf")}}


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def run():
    made = make_run()
    note_digests(made, setups="s" * 64)
    return made


def save(run, *contents):
    """Save some states, oldest first."""
    saver = Saver(run)
    for epoch, content in enumerate(contents):
        saver.save(content, lambda: MEMORY, epoch)
    return list(run.checkpoints.filter(kind="resume"))


def path_of(checkpoint):
    return checkpoint.file.storage.path(checkpoint.file.name)


def test_newest_state_is_found_when_several_are_kept(run):
    save(run, b"first", b"second")
    assert find_state(run) == SavedState(b"second", MEMORY)


def test_nothing_is_found_when_nothing_was_saved(run):
    assert find_state(run) is None


def test_three_are_kept_with_their_files_when_more_are_saved(run):
    kept = save(run, *(bytes([n]) * 50 for n in range(6)))
    assert [one.epoch for one in kept] == [5, 4, 3]
    folder = {path.name for path in Path(path_of(kept[0])).parent.iterdir()}
    assert len(folder) == len(kept) == N_KEPT


def test_state_before_is_taken_when_a_file_is_gone(run):
    newest, _ = save(run, b"good", b"newer")
    newest.file.storage.delete(newest.file.name)
    assert find_state(run).state == b"good"
    assert not Checkpoint.objects.filter(pk=newest.pk).exists()


def test_run_starts_anew_when_its_setups_have_changed(run):
    save(run, b"state")
    note_digests(run, setups="t" * 64)
    assert find_state(run) is None


def test_saving_ends_a_row_of_failures(run):
    TrainingRun.objects.filter(pk=run.pk).update(failures=2)
    save(run, b"state")
    run.refresh_from_db()
    assert run.failures == 0


def test_nothing_is_stored_when_the_lease_was_taken(run):
    TrainingRun.objects.filter(pk=run.pk).update(lease_token=None)
    with pytest.raises(Halted, match="lost"):
        save(run, b"state")
    assert not run.checkpoints.exists()


def test_states_are_dropped_with_their_files_when_no_more_use(run):
    (kept,) = save(run, b"state")
    drop_states(run)
    assert not run.checkpoints.exists()
    assert not kept.file.storage.exists(kept.file.name)


def test_state_is_wanted_when_the_last_is_old_or_it_is_time_to_go(run):
    clock, drain = Clock(), Drain()
    saver = Saver(run, drain, clock)
    assert not saver.wants()
    clock.now = 10.0
    assert saver.wants()
    saver.save(b"state", lambda: MEMORY, 0)
    assert not saver.wants()
    drain.ask()
    assert saver.wants()
    with pytest.raises(Halted, match="drained"):
        saver.save(b"last", lambda: MEMORY, 1)
    assert find_state(run).state == b"last"


def test_drain_waits_for_the_state_but_not_for_ever(run):
    clock = Clock()
    drain = Drain(clock=clock)
    drain.check()
    with saving_states(Saver(run, drain)):
        drain.ask()
        drain.check()
        clock.now = 6.1
        with pytest.raises(Halted, match="drained"):
            drain.check()


def test_drain_does_not_wait_when_nothing_is_being_trained(run):
    drain = Drain()
    with saving_states(None):
        drain.ask()
    with pytest.raises(Halted, match="drained"):
        drain.check()


@pytest.mark.parametrize("content", [b"", b"\0" * 8, b"short", pack(SavedState(b"", {}))[:9]])
def test_file_is_refused_when_it_holds_no_state(content):
    with pytest.raises(ValueError, match=r"."):
        unpack(content)
