"""Rows are put right by hand as well."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now

from ml_training.models import TrainingRun
from ml_training.services.checkpoints import store_bytes
from ml_training.services.leases import claim_run
from ml_training.services.runs import create_run
from tests.commands.builders import run_command, run_json
from tests.services.builders import make_run, make_strategy

pytestmark = pytest.mark.django_db


def test_nothing_is_put_right_when_all_is_well():
    assert "Nothing to put right." in run_command("reconcile")


def test_lost_run_is_told_and_queued_when_its_lease_expired():
    run = create_run(make_strategy(), {})
    claim_run(run.pk, "gone:1")
    TrainingRun.objects.update(lease_until=Now() - timedelta(hours=1))
    assert "1 run(s) went on after their worker died." in run_command("reconcile")
    run.refresh_from_db()
    assert run.state == "queued"


def test_counts_are_one_object_when_machines_ask():
    create_run(make_strategy(), {})
    told = run_json("reconcile")
    assert (told["ok"], told["n_hinted"], told["n_requeued"]) == (True, 1, 0)


def test_states_that_nobody_needs_are_told_when_deleted():
    run = make_run()
    store_bytes(run, "resume", b"state", ".state")
    TrainingRun.objects.update(state="succeeded", ended_at=Now())
    assert "1 saved state(s) that nobody needs were deleted." in run_command("reconcile")
    assert run_json("reconcile")["n_states"] == 0
