"""The trainer: a cluster at work, rows kept true, gone when asked to go."""

import signal
import time

import pytest

from ml_training.management.commands.trainer import Trainer, count_running_here
from ml_training.services.leases import claim_run
from ml_training.services.reconciler import Reconciled
from ml_training.services.runs import create_run, name_worker
from tests.commands.builders import manage, start_manage
from tests.runs.site import is_gone, list_tree
from tests.services.builders import make_run, make_strategy


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_trainer_goes_with_all_its_processes_when_asked_to(folder, number):
    trainer = start_manage(folder, "trainer")
    assert "1 run(s) at a time" in trainer.stdout.readline()
    while len(tree := list_tree(trainer.pid)) < 5:  # main, sentinel, worker, monitor, pusher
        time.sleep(0.1)
    trainer.send_signal(number)
    out, _ = trainer.communicate(timeout=20)
    assert trainer.returncode == 0
    assert "gone" in out
    assert [pid for pid in tree if not is_gone(pid)] == []


@pytest.mark.slow
def test_doctor_hears_the_trainer_when_one_is_at_work(folder):
    trainer = start_manage(folder, "trainer")
    try:
        until = time.monotonic() + 60
        while manage(folder, "doctor")[0] != 0 and time.monotonic() < until:
            time.sleep(0.5)
        assert manage(folder, "doctor")[0] == 0
    finally:
        trainer.terminate()
        trainer.communicate(timeout=20)


@pytest.mark.django_db
def test_runs_of_this_machine_take_its_slots():
    make_run()  # a process of its own, not the trainer's
    claim_run(create_run(make_strategy(), {}).pk, "elsewhere:1")
    assert count_running_here() == 0
    claim_run(create_run(make_strategy(), {}).pk, name_worker())
    assert count_running_here() == 1


def test_only_what_was_put_right_is_told():
    told = []
    counts = {"n_requeued": 2, "n_poisoned": 0, "n_canceled": 0, "n_orphans": 0, "n_hinted": 3}
    Trainer(told.append).tell(Reconciled(**counts))
    assert told == ["Trainer: 2 run(s) went on after their worker died."]
