"""The supervisor watches a process of its own: limits, wishes, and how it ended."""

import os
import signal
import subprocess
import sys
import time

import pytest
from django.db import DatabaseError
from django.db.models.functions import Now

from ml_training.conf import MLTrainingConf
from ml_training.models import TrainingRun
from ml_training.services import supervisor
from ml_training.services.leases import Lease, claim_run
from ml_training.services.processes import PIPE
from ml_training.services.runs import close_run, create_run
from ml_training.services.supervisor import (
    Watch,
    describe_death,
    name_signal,
    settle,
    supervise_run,
)
from tests.services.builders import make_strategy

pytestmark = pytest.mark.django_db
QUIET = "import time; time.sleep(60)"
TALKS = "import time\nwhile True: print('.', flush=True); time.sleep(0.05)"
BRIEF = "\nwhile time.monotonic() < end: print('.', flush=True); time.sleep(0.05)"
DEAF = (
    f"import signal; signal.signal(signal.SIGINT, signal.SIG_IGN); print('.', flush=True); {QUIET}"
)
POLITE = (
    "import signal, sys; signal.signal(signal.SIGTERM, lambda *_: sys.exit(5)); "
    f"print('.', flush=True); {QUIET}"
)
FAT = "x = bytearray(300 * 2**20); print('.', flush=True); import time; time.sleep(60)"


@pytest.fixture
def lease():
    return claim_run(create_run(make_strategy(), {}).pk, "host:1")


@pytest.fixture
def start(lease):
    """Start Python code as the child of a watch; whatever is left is killed."""
    children = []

    def start(code, **conf) -> Watch:
        child = subprocess.Popen(
            [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        children.append(child)
        return Watch(lease, child, conf=MLTrainingConf(**conf))

    yield start
    for child in children:
        child.kill()
        child.wait()
        child.stdout.close()


def read(lease):
    return TrainingRun.objects.get(pk=lease.run_id)


def test_attempt_is_ended_when_the_process_was_killed(start, lease):
    watch = start(QUIET)
    os.kill(watch.child.pid, signal.SIGKILL)
    watch.wait()
    assert settle(watch, "last words") == "queued"
    assert read(lease).error == "its process ended by signal SIGKILL: last words"
    assert read(lease).failures == 1


def test_attempt_is_ended_when_the_process_ended_without_a_word(start, lease):
    watch = start("raise SystemExit(7)")
    watch.wait()
    assert settle(watch, "") == "queued"
    assert read(lease).error == "its process ended by exit code 7"


@pytest.mark.parametrize(
    ("code", "conf", "words"),
    [
        (TALKS, {"wall_s": 0.5}, "it took longer than 0 s"),
        (QUIET, {"stall_s": 0.5}, "it said nothing for 0 s"),
        (FAT, {"memory_mb": 200}, "it needed more than 200 MB"),
    ],
)
def test_process_is_killed_when_it_passes_a_limit(start, lease, code, conf, words):
    watch = start(code, **conf)
    watch.wait()
    assert watch.child.returncode == -signal.SIGKILL
    assert settle(watch, "") == "queued"
    assert words in read(lease).error


def test_process_is_left_alone_while_it_gives_signs_of_life(start):
    watch = start(f"import time; end = time.monotonic() + 1.5; {BRIEF}", stall_s=1.0)
    watch.wait()
    assert watch.child.returncode == 0


def test_run_is_canceled_when_asked_and_its_process_stops(start, lease):
    watch = start(QUIET)
    lease.rows().update(cancel_requested_at=Now())
    since = time.monotonic()
    watch.wait()
    assert settle(watch, "") == "canceled"
    assert time.monotonic() - since < 5
    assert (read(lease).state, read(lease).end_cause) == ("canceled", "canceled")


def test_run_is_canceled_within_5_s_when_its_process_is_deaf(start, lease):
    watch = start(DEAF)
    while not watch.child.stdout.read(1):
        time.sleep(0.01)
    lease.rows().update(cancel_requested_at=Now())
    since = time.monotonic()
    watch.wait()
    assert settle(watch, "") == "canceled"
    assert time.monotonic() - since < 5
    assert watch.child.returncode == -signal.SIGKILL


@pytest.fixture
def drain(monkeypatch):
    """Be a trainer that holds the pipe; return what lets go of it."""
    reading, holding = os.pipe()
    monkeypatch.setenv(PIPE, str(reading))
    held = [holding]

    def let_go():
        while held:
            os.close(held.pop())

    yield let_go
    let_go()
    os.close(reading)


@pytest.mark.parametrize("code", [POLITE, TALKS])
def test_run_is_handed_back_when_the_trainer_goes(start, lease, drain, code):
    watch = start(code)
    while not watch.child.stdout.read(1):
        time.sleep(0.01)
    drain()
    watch.wait()
    assert settle(watch, "") == "drained"
    assert (read(lease).state, read(lease).failures) == ("queued", 0)


def test_nothing_is_claimed_when_the_trainer_goes(drain):
    drain()
    run = create_run(make_strategy(), {})
    assert supervise_run(str(run.pk)) == "draining"
    run.refresh_from_db()
    assert run.state == "queued"


def test_process_is_killed_when_its_lease_was_taken(start, lease):
    watch = start(QUIET, heartbeat_s=0.2, lease_s=1.0)
    TrainingRun.objects.filter(pk=lease.run_id).update(lease_token=None)
    watch.wait()
    assert watch.why == "its lease was lost"
    assert settle(watch, "") == "lost"
    assert read(lease).state == "running"  # of whoever took it


def test_process_may_tidy_up_when_it_has_ended_its_run(start, lease):
    watch = start("import time; print('.', flush=True); time.sleep(1.0)", heartbeat_s=0.1)
    close_run(lease.rows().get(), {"verdict": "no_edge"})
    watch.wait()
    assert (watch.child.returncode, watch.why) == (0, "")
    assert settle(watch, "") == "succeeded"


def test_process_is_killed_when_it_never_ends_after_its_run(start, lease, monkeypatch):
    monkeypatch.setattr(supervisor, "TIDY_GRACE_S", 0.3)
    watch = start(TALKS, heartbeat_s=0.1)
    close_run(lease.rows().get(), {"verdict": "no_edge"})
    watch.wait()
    assert "did not stop" in watch.why
    assert read(lease).state == "succeeded"


def test_lease_is_renewed_while_the_process_lives(start, lease):
    watch = start("import time; time.sleep(1)", heartbeat_s=0.2, lease_s=5.0)
    lease.rows().update(lease_until=Now())
    watch.wait()
    assert lease.rows().filter(lease_until__gt=Now()).exists()


def test_end_that_the_process_wrote_itself_is_kept(start, lease):
    watch = start("pass")
    close_run(read(lease), {})
    watch.wait()
    assert settle(watch, "") == "succeeded"


def test_process_goes_on_while_the_database_is_away(start):
    def be_away(lease: Lease) -> bool:
        raise DatabaseError("away")

    watch = start(QUIET)
    assert watch.try_ask(be_away) is None
    assert watch.child.poll() is None


def test_hint_is_left_alone_when_the_run_is_taken(lease):
    assert supervise_run(str(lease.run_id)) == "left alone"


@pytest.mark.parametrize(
    ("why", "code", "tail", "words"),
    [
        ("it was slow", -9, "x", "it was slow"),
        ("", -11, "", "its process ended by signal SIGSEGV"),
        ("", 1, "boom", "its process ended by exit code 1: boom"),
    ],
)
def test_death_is_told_in_words(why, code, tail, words):
    assert describe_death(why, code, tail) == words


def test_signal_without_a_name_is_told_by_its_number():
    assert name_signal(250) == "250"
