"""How far a run is, for whom it may concern."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db.models.functions import Now

from ml_training.models import TrainingRun
from ml_training.selectors import list_events, progress_of, runs_of
from ml_training.services.leases import claim_run
from ml_training.services.queue import request_cancel, request_run
from ml_training.services.recorder import RunRecorder
from ml_training.services.runs import close_run, create_run, fail_run
from tests.services.builders import make_run, make_strategy, make_user
from tests.services.engine_events import epoch_ended, finding_made, run_started, trial_judged

pytestmark = pytest.mark.django_db


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


def read(run):
    return TrainingRun.objects.get(pk=run.pk)


def test_user_sees_own_runs_and_staff_all():
    mine, other = make_run(), make_run()
    staff = make_user()
    staff.is_staff = True
    assert list(runs_of(mine.strategy.owner)) == [mine]
    assert set(runs_of(staff)) == {mine, other}
    assert not runs_of(AnonymousUser()).exists()
    assert not runs_of(make_user()).exists()


def test_runs_are_read_with_their_strategies_at_once(django_assert_num_queries):
    owner = make_user()
    for _ in range(3):
        make_run(make_strategy(owner=owner))
    with django_assert_num_queries(1):
        assert {run.strategy.owner for run in runs_of(owner)} == {owner}


def test_progress_has_share_rate_and_eta_while_a_run_trains():
    run, clock = make_run(), Clock()
    recorder = RunRecorder(run, clock=clock)
    recorder(run_started())
    clock.now = 2.0
    recorder(epoch_ended(0))
    recorder.flush()
    told = progress_of(read(run))
    assert (told["epoch"], told["epochs"], told["share"]) == (0, 5, 0.2)
    assert told["rate"] == pytest.approx(10 / 2)
    assert told["eta_s"] == pytest.approx(40 / 5)
    assert (told["train_loss"], told["validation_loss"]) == (0.6, 0.65)
    assert (told["alive"], told["stale"], told["health"]) == (True, False, "training")


def test_progress_knows_nothing_yet_when_a_run_waits():
    told = progress_of(request_run(make_strategy(), {}))
    assert (told["state"], told["share"], told["health"]) == ("queued", 0.0, "waiting")
    assert told["eta_s"] is None
    assert told["alive"] is False


def test_run_is_stale_when_its_worker_is_not_heard():
    run = create_run(make_strategy(), {})
    claim_run(run.pk, "host:1")
    TrainingRun.objects.update(lease_until=Now() - timedelta(seconds=1))
    told = progress_of(read(run))
    assert (told["alive"], told["stale"], told["health"]) == (False, True, "unheard")


def test_run_restarts_when_it_waits_again():
    run = request_run(make_strategy(), {})
    TrainingRun.objects.update(attempt=1)
    assert progress_of(read(run))["health"] == "restarting"


def test_health_names_what_is_tried_and_how_it_ended():
    run = make_run()
    TrainingRun.objects.update(progress={"trying": "clip the gradient"})
    assert progress_of(read(run))["health"] == "repairing"
    TrainingRun.objects.update(progress={"status": "repaired"})
    assert progress_of(read(run))["health"] == "repaired"


def test_share_is_whole_when_a_run_ended_early():
    run = make_run()
    TrainingRun.objects.update(progress={"planned_steps": 100, "step": 30})
    close_run(run, {"verdict": "no_edge"})
    told = progress_of(read(run))
    assert (told["share"], told["verdict"], told["end_cause"]) == (1.0, "no_edge", "finished")


def test_reason_is_told_when_a_run_failed():
    run = make_run()
    fail_run(run, ValueError("no setups"))
    assert progress_of(read(run))["error"] == "no setups"


def test_version_changes_exactly_when_something_else_does():
    run = make_run()
    first = progress_of(read(run))
    assert progress_of(read(run)) == first
    request_cancel(run)
    second = progress_of(read(run))
    assert second["canceling"] is True
    assert second["version"] != first["version"]


def test_progress_asks_the_database_once(django_assert_num_queries):
    run = make_run()
    with django_assert_num_queries(1):
        progress_of(run)


def test_events_are_listed_behind_a_cursor():
    run = make_run()
    recorder = RunRecorder(run)
    for event in (finding_made("plateau"), finding_made("loss_spike"), trial_judged(kept=True)):
        recorder(event)
    recorder.flush()
    events = list_events(run)
    assert [(one["number"], one["problem"]) for one in events] == [
        (1, "plateau"),
        (2, "loss_spike"),
    ]
    assert events[1]["outcome"] == "repaired"
    assert [one["number"] for one in list_events(run, after=1)] == [2]


def test_pace_of_the_training_is_left_out_when_the_run_has_gone_beyond_it():
    told = {"epoch": 1, "planned_steps": 50, "step": 10, "rate": 5.0}
    run = make_run()
    TrainingRun.objects.update(progress=told | {"doing": "Walking forward, step 2 of 5"})
    found = progress_of(read(run))
    assert (found["rate"], found["eta_s"]) == (None, None)
    assert found["doing"] == "Walking forward, step 2 of 5"
