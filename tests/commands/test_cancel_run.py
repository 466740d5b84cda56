"""Canceling by command; tests/runs cancels a run that a trainer is at work on."""

import uuid

import pytest

from ml_training.services.queue import request_run
from ml_training.services.runs import close_run
from tests.commands.builders import run_failing, run_json
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
