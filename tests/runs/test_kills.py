"""Whatever is killed, the run comes to the same end as if nothing had happened."""

import os
import random
import signal
import time
from datetime import datetime

import pytest

from tests.runs.site import (
    STEPS,
    find_process,
    has_ended,
    is_gone,
    is_training,
    kill,
    list_children,
    list_tree,
)

pytestmark = pytest.mark.slow


def read_time(value):
    """Return a time as either database gives it."""
    return datetime.fromisoformat(value) if isinstance(value, str) else value


def assert_as_if_nothing_had_happened(site, run_id, undisturbed):
    row = site.wait_for(run_id, has_ended)
    digest, points = undisturbed
    assert (row["state"], row["error"]) == ("succeeded", ""), row
    assert row["model_digest"] == digest
    told = site.points(run_id)
    assert [point[0] for point in told] == list(range(len(points)))
    assert told == points


def test_run_goes_on_when_its_child_is_killed(site, undisturbed):
    with site.trainer() as trainer:
        run_id = site.ask(**STEPS)
        wait_for_state(site, run_id, attempt=1)
        time.sleep(random.random())
        kill(find_process(trainer.pid, "run_training"))
        killed_at = time.monotonic()
        site.wait_for(run_id, lambda row: row["attempt"] == 2)
        assert time.monotonic() - killed_at < 60
        assert_as_if_nothing_had_happened(site, run_id, undisturbed)
        states = "SELECT 1 FROM ml_training_checkpoint WHERE kind = 'resume'"
        site.wait_for(run_id, lambda row: not site.query(states))  # dropped after the end
    assert site.run(run_id)["progress"]["resumed_from"] >= 0  # absent after a fresh start


def test_run_goes_on_when_one_part_of_the_cluster_after_the_other_is_killed(
    sqlite_site, undisturbed
):
    site = sqlite_site
    with site.trainer() as trainer:
        run_id = site.ask(**STEPS)
        for attempt, who in enumerate(("worker", "sentinel", "main"), start=1):
            row = wait_for_state(site, run_id, attempt)
            child = find_process(trainer.pid, "run_training")
            kill(find_part(trainer.pid, who, row))
            wait_until_gone([child])
        assert_as_if_nothing_had_happened(site, run_id, undisturbed)
    assert site.run(run_id)["attempt"] == 4


def find_part(trainer, who, row):
    """Return a process of the cluster below a trainer."""
    if who == "worker":
        return int(row["worker"].rpartition(":")[2])
    (main,) = list_children(trainer)
    return main if who == "main" else list_children(main)[0]


def wait_for_state(site, run_id, attempt):
    """Wait until an attempt has saved a state, which ends the row of failures."""
    states = "SELECT 1 FROM ml_training_checkpoint WHERE kind = 'resume'"
    return site.wait_for(
        run_id,
        lambda row: (
            (row["attempt"], row["failures"]) == (attempt, 0)
            and is_training(row)
            and site.query(states)
        ),
    )


def wait_until_gone(pids, patience_s=1.0):
    """Wait until processes have ended; a second is all they may take for it."""
    until = time.monotonic() + patience_s
    while left := [pid for pid in pids if not is_gone(pid)]:
        assert time.monotonic() < until, left
        time.sleep(0.02)


def test_run_goes_on_when_the_whole_tree_was_killed(site, undisturbed):
    with site.trainer() as trainer:
        run_id = site.ask(**STEPS)
        site.wait_for(run_id, is_training)
        tree = list_tree(trainer.pid)
        kill(trainer.pid)
        wait_until_gone(tree)
    with site.trainer():
        assert_as_if_nothing_had_happened(site, run_id, undisturbed)


def test_zombie_writes_nothing_when_it_wakes_up_again(sqlite_site, undisturbed):
    site = sqlite_site
    with site.trainer() as trainer:
        run_id = site.ask(**STEPS)
        row = site.wait_for(run_id, is_training)
        asleep = (
            int(row["worker"].rpartition(":")[2]),
            find_process(trainer.pid, "run_training"),
        )
        for pid in asleep:
            os.kill(pid, signal.SIGSTOP)
        site.wait_for(run_id, lambda row: row["state"] == "queued")
        for pid in reversed(asleep):
            os.kill(pid, signal.SIGCONT)
        assert_as_if_nothing_had_happened(site, run_id, undisturbed)
    assert site.run(run_id)["attempt"] == 2


def test_run_goes_on_when_the_database_drops_all_connections(server_site, undisturbed):
    site = server_site
    with site.trainer():
        run_id = site.ask(**STEPS)
        site.wait_for(run_id, is_training)
        for _ in range(3):
            site.query(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            time.sleep(0.3)
        assert_as_if_nothing_had_happened(site, run_id, undisturbed)


def test_trainer_hands_back_its_run_when_asked_to_go(sqlite_site, undisturbed):
    site = sqlite_site
    with site.trainer() as trainer:
        run_id = site.ask(**STEPS)
        site.wait_for(run_id, is_training)
        tree = list_tree(trainer.pid)
        trainer.send_signal(signal.SIGTERM)
        assert trainer.wait(20) == 0
        assert [pid for pid in tree if not is_gone(pid)] == []
    row = site.run(run_id)
    assert (row["state"], row["failures"]) == ("queued", 0)
    with site.trainer():
        assert_as_if_nothing_had_happened(site, run_id, undisturbed)


def test_run_stops_within_seconds_when_canceled(site):
    with site.trainer() as trainer:
        run_id = site.ask(**STEPS | {"epochs": 5_000})
        site.wait_for(run_id, is_training)
        child = find_process(trainer.pid, "run_training")
        assert site.call("cancel_run", run_id) == 0
        row = site.run(run_id)
        asked_at, ended_at = (read_time(row[name]) for name in ("cancel_requested_at", "ended_at"))
        assert (ended_at - asked_at).total_seconds() < 5
        assert (row["state"], row["end_cause"]) == ("canceled", "canceled")
        wait_until_gone([child])


def test_run_fails_when_every_attempt_dies(sqlite_site):
    site = sqlite_site
    site.conf = {"memory_mb": 1}
    with site.trainer():
        run_id = site.ask(**STEPS)
        row = site.wait_for(run_id, has_ended)
    assert (row["state"], row["end_cause"], row["attempt"]) == ("failed", "poison", 3)
    assert "needed more than 1 MB" in row["error"]
