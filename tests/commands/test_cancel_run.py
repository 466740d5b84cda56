"""Canceling a run waits until it has stopped."""

import threading
import time
import uuid

import pytest

from ml_training.models import TrainingRun
from ml_training.services.queue import request_run
from ml_training.services.runs import cancel_run, close_run
from tests.commands.builders import run_command, run_failing, run_json
from tests.services.builders import make_run, make_strategy

pytestmark = pytest.mark.django_db


def test_queued_run_is_canceled_at_once():
    run = request_run(make_strategy(), {})
    assert run_json("cancel_run", str(run.pk)) == {
        "ok": True,
        "run_id": str(run.pk),
        "state": "canceled",
    }


def test_command_fails_when_the_run_ended_otherwise():
    run = make_run()
    close_run(run, {})
    error, printed = run_failing("cancel_run", str(run.pk))
    assert error.returncode == 1
    assert "is succeeded" in printed


def test_command_says_so_when_there_is_no_such_run():
    error, _ = run_failing("cancel_run", str(uuid.uuid4()))
    assert "there is no run" in str(error)


@pytest.mark.django_db(transaction=True)
def test_command_waits_until_a_running_run_has_stopped():
    run = make_run()

    def stop_when_asked() -> None:
        while TrainingRun.objects.get(pk=run.pk).cancel_requested_at is None:
            time.sleep(0.05)
        cancel_run(run)

    holder = threading.Thread(target=stop_when_asked)
    holder.start()
    printed = run_command("cancel_run", str(run.pk))
    holder.join()
    assert f"run {run.pk} is canceled" in printed
