"""The list of runs says how far each one is."""

import pytest

from ml_training.services.queue import request_run
from ml_training.services.runs import fail_run
from tests.commands.builders import run_command, run_json
from tests.services.builders import make_run, make_strategy

pytestmark = pytest.mark.django_db


def test_way_to_start_is_told_when_there_are_no_runs():
    assert "train_strategy" in run_command("runs")


def test_runs_are_told_with_state_and_reason_when_there_are_some():
    failed = make_run(make_strategy(name="Broken"))
    fail_run(failed, ValueError("no setups"))
    queued = request_run(make_strategy(name="Patient"), {})
    told = run_command("runs")
    assert f"{failed.pk}  failed  0%  Broken  - no setups" in told
    assert f"{queued.pk}  queued  0%  Patient" in told


def test_running_run_tells_its_health_and_attempt():
    make_run()
    assert "(training, attempt 1)" in run_command("runs")


def test_runs_are_chosen_by_state_and_number_when_machines_ask():
    for _ in range(3):
        request_run(make_strategy(), {})
    make_run()
    told = run_json("runs", state="queued", limit=2)
    assert [run["state"] for run in told["runs"]] == ["queued", "queued"]
