"""The training process of a run: its exit codes tell its supervisor what came of it."""

import signal
import uuid

import pytest
from django.core.management import CommandError, call_command

from ml_training.management.commands.run_training import Command
from ml_training.services.leases import claim_run
from ml_training.services.queue import request_cancel
from ml_training.services.runs import create_run
from ml_training.services.supervisor import DRAINED
from tests.commands.builders import run_command, run_failing, run_json
from tests.services.builders import make_market, make_strategy

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def signals():
    """Put the handlers back that the command sets in this process."""
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


@pytest.fixture
def run():
    make_market()
    return create_run(make_strategy(), {"epochs": 2, "device": "cpu"})


def test_queued_run_is_claimed_and_trained_when_called_by_hand(run):
    printed = run_command("run_training", str(run.pk))
    run.refresh_from_db()
    assert (run.state, run.end_cause, run.attempt) == ("succeeded", "finished", 1)
    assert "FINAL DIAGNOSTICS REPORT" in printed
    assert run.lease_token is None


def test_run_is_trained_under_the_lease_of_the_supervisor(run, capsys):
    lease = claim_run(run.pk, "host:1")
    told = run_json("run_training", str(run.pk), token=lease.token)
    run.refresh_from_db()
    assert (run.state, run.worker) == ("succeeded", "host:1")
    assert told == {"ok": True, "run_id": str(run.pk), "verdict": run.verdict}
    assert set(capsys.readouterr().out) == {"."}  # signs of life


def test_nothing_is_trained_when_the_lease_is_lost(run):
    claim_run(run.pk, "host:1")
    error, _ = run_failing("run_training", str(run.pk), token=uuid.uuid4())
    assert error.returncode == 4
    assert "lease of run" in str(error)


@pytest.mark.parametrize("is_known", [True, False])
def test_nothing_is_trained_when_the_run_cannot_be_claimed(run, is_known):
    request_cancel(run)
    error, _ = run_failing("run_training", str(run.pk if is_known else uuid.uuid4()))
    assert error.returncode == 4
    assert ("it is canceled" if is_known else "no such run") in str(error)


def test_run_fails_with_its_reason_when_it_cannot_be_trained():
    run = create_run(make_strategy(), {"epochs": 2})
    error, _ = run_failing("run_training", str(run.pk))
    run.refresh_from_db()
    assert error.returncode == 1
    assert (run.state, run.end_cause) == ("failed", "refused")
    assert "import_candles" in run.hint


def test_run_is_left_to_others_when_the_process_is_asked_to_go(run):
    lease, command = claim_run(run.pk, "host:1"), Command()
    train = command.train

    def train_after_sigterm(*args):
        signal.raise_signal(signal.SIGTERM)
        train(*args)

    command.train = train_after_sigterm
    with pytest.raises(CommandError) as caught:
        call_command(command, str(run.pk), token=lease.token)
    run.refresh_from_db()
    assert caught.value.returncode == DRAINED
    assert run.state == "running"
