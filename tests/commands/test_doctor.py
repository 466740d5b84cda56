"""The doctor names what is wrong and the way out."""

import os
import re
import uuid
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.db.models.functions import Now
from django.utils import timezone
from django_q.models import Task

from ml_training.models import TrainingRun
from ml_training.services.checkpoints import store_bytes
from ml_training.services.endings import end_attempt
from ml_training.services.leases import claim_run
from ml_training.services.runs import create_run
from tests.commands.builders import run_command, run_failing, run_json
from tests.services.builders import make_run, make_strategy

pytestmark = pytest.mark.django_db


@pytest.fixture
def trainer():
    """Let a worker have answered just now."""
    now = timezone.now()
    return Task.objects.create(
        id="c", name="canary", func="f", group="canary", success=True, started=now, stopped=now
    )


def test_all_is_well_when_a_trainer_answers(trainer):
    told = run_json("doctor")
    assert told["ok"] is True
    assert {one["name"] for one in told["symptoms"]} == {
        "settings",
        "database",
        "checkpoints",
        "trainer",
        "leases",
        "failed attempts",
        "saved states",
    }
    words = r"\[ok\] trainer: answered \d+ s ago, 0 run\(s\) at work, 0 waiting"
    assert re.search(words, run_command("doctor"))


def test_way_out_is_told_when_no_trainer_answers():
    error, printed = run_failing("doctor")
    assert error.returncode == 1
    assert "[!!] trainer: never heard of" in printed
    assert "manage.py trainer" in printed


def test_old_answer_does_not_count(trainer):
    Task.objects.update(stopped=timezone.now() - timedelta(hours=1))
    _, printed = run_failing("doctor")
    assert "[!!] trainer: answered 3600 s ago" in printed


def test_worker_that_is_busy_counts_as_alive():
    claim_run(create_run(make_strategy(), {}).pk, "host:1")
    assert "[ok] trainer: never heard of, 1 run(s) at work" in run_command("doctor")


def test_lost_and_poisoned_runs_are_named(trainer, settings):
    settings.ML_TRAINING = {"max_failures": 1}
    poison = create_run(make_strategy(), {})
    end_attempt(claim_run(poison.pk, "host:1"), "boom")
    lost = create_run(make_strategy(), {})
    claim_run(lost.pk, "host:2")
    TrainingRun.objects.filter(pk=lost.pk).update(lease_until=Now() - timedelta(hours=1))
    _, printed = run_failing("doctor")
    assert f"[!!] leases: run {lost.pk} of host:2" in printed
    assert f"[!!] failed attempts: run {poison.pk}: 1 attempts in a row" in printed


def test_settings_are_named_when_they_do_not_fit(trainer, settings):
    settings.Q_CLUSTER = settings.Q_CLUSTER | {"timeout": 60}
    _, printed = run_failing("doctor")
    assert "[!!] settings: Q_CLUSTER['timeout'] is 60 s" in printed


def test_disk_is_named_when_it_cannot_be_written(trainer, checkpoint_folder, monkeypatch):
    def refuse(*args: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("django.core.files.storage.FileSystemStorage._save", refuse)
    _, printed = run_failing("doctor")
    assert "[!!] checkpoints: [Errno 13] Permission denied" in printed


def test_disk_is_named_when_it_is_low(trainer, monkeypatch):
    monkeypatch.setattr("shutil.disk_usage", lambda path: SimpleNamespace(free=5e8))
    _, printed = run_failing("doctor")
    assert "[!!] checkpoints: the disk is low: 0.50 GB free, less than 1 GB" in printed
    assert "Make room" in printed


def test_states_that_nobody_needs_are_named(trainer, checkpoint_folder):
    run = make_run()
    store_bytes(run, "resume", b"state", ".state")
    TrainingRun.objects.filter(pk=run.pk).update(state="succeeded", ended_at=Now())
    lost = checkpoint_folder / str(uuid.uuid4()) / f"resume-{uuid.uuid4()}.state"
    lost.parent.mkdir()
    lost.write_bytes(b"state")
    os.utime(lost, (0, 0))
    _, printed = run_failing("doctor")
    lost.unlink()
    assert "[!!] saved states: 1 file(s) that no run knows, 1 of runs that ended" in printed
    assert "manage.py reconcile" in printed
