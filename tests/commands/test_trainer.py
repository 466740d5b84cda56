"""The trainer: a cluster at work, rows kept true, gone when asked to go."""

import signal
import subprocess
import sys
import time

import pytest

from ml_training.management.commands.trainer import Trainer
from ml_training.services.leases import claim_run
from ml_training.services.reconciler import Reconciled
from ml_training.services.runs import create_run, name_host, name_worker
from tests.commands.builders import manage, start_manage
from tests.runs.site import is_gone, list_tree
from tests.services.builders import make_run, make_strategy

PIPED = {"stdin": subprocess.PIPE, "start_new_session": True}


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


@pytest.fixture
def cluster():
    """Have a process with a session of its own in the place of a cluster."""
    process = subprocess.Popen([sys.executable, "-c", "input()"], **PIPED)
    yield process
    process.kill()
    process.communicate()


@pytest.mark.django_db
def test_only_runs_of_its_own_workers_take_the_slots_of_a_trainer(cluster):
    trainer = Trainer(print)
    trainer.cluster.process = cluster
    make_run()  # a process of its own, not the trainer's
    held = ["elsewhere:1", name_worker(), f"{name_host()}:{dead_pid()}", f"{name_host()}:x"]
    for worker in held:
        claim_run(create_run(make_strategy(), {}).pk, worker)
    assert trainer.count_running() == 0
    claim_run(create_run(make_strategy(), {}).pk, f"{name_host()}:{cluster.pid}")
    assert trainer.count_running() == 1


@pytest.mark.django_db
def test_every_run_of_the_machine_takes_a_slot_when_nothing_else_is_known():
    claim_run(create_run(make_strategy(), {}).pk, name_worker())
    assert Trainer(print).count_running() == 1


def dead_pid():
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_only_what_was_put_right_is_told():
    told = []
    counts = {"n_requeued": 2, "n_poisoned": 0, "n_canceled": 0, "n_orphans": 0, "n_hinted": 3}
    Trainer(told.append).tell(Reconciled(**counts))
    assert told == ["Trainer: 2 run(s) went on after their worker died."]
