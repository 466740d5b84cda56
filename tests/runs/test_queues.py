"""Several queues and trainers on one machine: each has its own runs and canary."""

import os
import signal
import time

import pytest

from tests.runs.site import STEPS, list_tree

pytestmark = pytest.mark.slow
QUEUES = {"cpu": "train-cpu", "auto": "train-gpu"}
CANARIES = "SELECT count(*) AS n FROM django_q_task WHERE \"group\" = 'canary'"
WAITING = "SELECT key FROM django_q_ormq"
SEND = """
import sys
from ml_training.services.canary import Canary, name_address
Canary(address=name_address(int(sys.argv[1]))).send()
"""


def wait_for_worker(site, run_id):
    """Return the process that took up a run, and cancel that run."""
    row = site.wait_for(run_id, lambda row: row["state"] == "running")
    assert site.call("cancel_run", run_id) == 0
    return int(row["worker"].rpartition(":")[2])


def wait_for_answers(site, n_answers):
    until = time.monotonic() + 120
    while site.query(CANARIES)[0]["n"] < n_answers:
        assert time.monotonic() < until
        time.sleep(0.1)


def test_run_is_taken_by_the_trainer_of_its_queue_when_there_are_two(sqlite_site):
    site = sqlite_site
    site.conf = {"queues": QUEUES}
    with site.trainer("train-cpu") as for_cpu, site.trainer("train-gpu") as for_gpu:
        for device, trainer in (("cpu", for_cpu), ("auto", for_gpu)):
            run_id = site.ask(**STEPS | {"device": device})
            assert wait_for_worker(site, run_id) in list_tree(trainer.pid)


def test_cluster_that_sleeps_gets_no_answer_from_another_of_its_queue(sqlite_site):
    site = sqlite_site
    with site.trainer() as asleep:
        wait_for_answers(site, 1)
        for pid in list_tree(asleep.pid):
            os.kill(pid, signal.SIGSTOP)
        site.python(SEND, str(asleep.pid))
        with site.trainer() as awake:
            wait_for_answers(site, 2)
            assert wait_for_worker(site, site.ask(**STEPS)) in list_tree(awake.pid)
            waiting = [row["key"] for row in site.query(WAITING)]
        for pid in list_tree(asleep.pid):
            os.kill(pid, signal.SIGCONT)
    assert f"canary@{asleep.pid}@" in " ".join(waiting)
