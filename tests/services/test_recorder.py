"""What the engine says becomes rows: all of what matters, in few writes."""

import typing

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from ml_training.core import events
from ml_training.models import FixEvent, MetricPoint
from ml_training.services.recorder import HANDLERS, RunRecorder
from tests.services.builders import make_run
from tests.services.engine_events import (
    PLACE,
    batches_read,
    epoch_ended,
    finding_made,
    make_reading,
    run_started,
    trial_judged,
)

pytestmark = pytest.mark.django_db


class Clock:
    """A clock that moves when told to."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


def record(*told, flush=True, **options):
    """Tell a new run's recorder some events."""
    recorder = RunRecorder(make_run(), **options)
    for event in told:
        recorder(event)
    if flush:
        recorder.finish()
    return recorder


def test_every_event_has_a_handler_when_the_engine_grows():
    assert set(HANDLERS) == {kind.__name__ for kind in typing.get_args(events.Event)}


def test_unknown_event_is_left_alone_when_somebody_sends_one():
    record(object())
    assert not MetricPoint.objects.exists()


def test_epoch_and_its_batches_are_kept_when_an_epoch_ends():
    record(
        run_started(),
        batches_read(epoch=0),
        epoch_ended(0),
        batches_read(epoch=1),
        epoch_ended(1, is_best=True),
    )
    batches = MetricPoint.objects.filter(kind="batch")
    assert [point.step for point in batches] == list(range(20))
    assert batches[0].values == {
        "loss": 0.7,
        "gradient_norm": 1.0,
        "clip_factor": 1.0,
        "learning_rate": "NaN",
    }
    last = MetricPoint.objects.filter(kind="epoch").last()
    assert (last.epoch, last.step, last.attempt) == (1, 20, 0)
    assert last.values["is_best"] is True
    assert last.values["is_trial"] is False
    assert last.values["validation_loss"] == 0.65


def test_readings_are_thinned_when_the_plan_is_long(settings):
    settings.ML_TRAINING = {"batch_points": 10}
    record(run_started(planned_steps=50), batches_read())
    assert MetricPoint.objects.filter(kind="batch").count() == 2


def test_readings_are_thinned_when_an_epoch_has_few_batches(settings):
    settings.ML_TRAINING = {"batch_points": 10}
    record(run_started(planned_steps=50), *[batches_read(make_reading(i)) for i in range(10)])
    assert MetricPoint.objects.filter(kind="batch").count() == 2


def test_attempts_are_not_mixed_when_thinned(settings):
    settings.ML_TRAINING = {"batch_points": 1}
    again = batches_read(make_reading(5), attempt=1)
    record(run_started(planned_steps=50), batches_read(), again, batches_read())
    points = MetricPoint.objects.filter(kind="batch").values_list("attempt", "step")
    assert list(points) == [(0, 0), (1, 5), (0, 0)]


def test_run_shows_how_far_it_is_when_it_goes_on():
    run = record(run_started(), epoch_ended(2)).run
    run.refresh_from_db()
    assert run.progress["planned_steps"] == 50
    assert run.progress["layer_names"] == ["first", "last"]
    assert (run.progress["epoch"], run.progress["step"]) == (2, 30)


def test_finding_and_its_trials_are_one_row_when_judged():
    record(finding_made(), trial_judged(kept=False), trial_judged(kept=True, remedy="lower_rate"))
    event = FixEvent.objects.get()
    assert (event.number, event.problem, event.severity) == (1, "loss_spike", "warning")
    assert (event.epoch, event.step, event.evidence) == (3, 30, {"loss": 9.0})
    assert [trial["verdict"] for trial in event.trials] == ["harmed", "helped"]
    assert event.trials[1]["effect"]["score_with"] == "NaN"
    assert (event.remedy, event.outcome) == ("lower_rate", "repaired")
    assert event.conclusion == "Clipped at 1.0."


def test_trial_joins_its_own_finding_when_there_are_several():
    record(finding_made("plateau"), finding_made("loss_spike"), trial_judged("plateau", kept=True))
    remedies = FixEvent.objects.values_list("problem", "remedy")
    assert list(remedies) == [("plateau", "clip"), ("loss_spike", "")]


def test_trial_makes_its_row_when_no_finding_was_told():
    record(trial_judged("outliers", kept=True))
    event = FixEvent.objects.get()
    assert (event.problem, event.severity, len(event.trials)) == ("outliers", "info", 1)


def test_row_says_so_when_nothing_helped():
    unresolved = events.ProblemUnresolved(problem="loss_spike", message="Nothing helped.", **PLACE)
    record(finding_made(), trial_judged(kept=False), unresolved)
    event = FixEvent.objects.get()
    assert (event.outcome, event.conclusion, event.remedy) == ("unresolved", "Nothing helped.", "")


def test_row_grows_when_it_was_written_before():
    recorder = record(finding_made())
    recorder(trial_judged(kept=True))
    recorder.flush()
    event = FixEvent.objects.get()
    assert (event.remedy, len(event.trials)) == ("clip", 1)


def test_failed_part_becomes_a_row_when_training_goes_on():
    record(events.PartFailed(part="plateau", message="ZeroDivisionError", **PLACE))
    event = FixEvent.objects.get()
    assert (event.problem, event.message) == ("part_failed", "plateau: ZeroDivisionError")


def test_branches_are_listed_when_history_is_rewound_and_shown_again():
    rewound = events.HistoryRewound(from_step=30, to_step=20, attempt=1)
    run = record(rewound, events.BranchShown(attempt=0, step=50)).run
    run.refresh_from_db()
    assert run.progress["branches"] == [
        {"kind": "HistoryRewound", "from_step": 30, "to_step": 20, "attempt": 1},
        {"kind": "BranchShown", "attempt": 0, "step": 50},
    ]


def test_remedy_is_named_only_while_it_is_tried():
    trial = events.TrialStarted(problem="p", remedy="clip", title="clip the gradient", **PLACE)
    recorder = record(trial)
    recorder.run.refresh_from_db()
    assert recorder.run.progress["trying"] == "clip the gradient"
    recorder(trial_judged(kept=True))
    recorder.flush()
    recorder.run.refresh_from_db()
    assert "trying" not in recorder.run.progress


def test_end_is_written_at_once_when_training_ends():
    ended = events.RunEnded(
        status="healthy",
        stopped_because="early stopping",
        n_steps=50,
        n_epochs=5,
        best_epoch=2,
        best_loss=float("inf"),
        best_score=0.6,
    )
    run = record(epoch_ended(), ended, flush=False, clock=Clock()).run
    run.refresh_from_db()
    assert (run.progress["status"], run.progress["best_loss"]) == ("healthy", "Infinity")
    assert MetricPoint.objects.filter(run=run).exists()


def test_database_is_left_in_peace_when_epochs_are_fast():
    clock = Clock()
    recorder = record(run_started(), flush=False, clock=clock)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        for epoch in range(200):
            clock.now += 0.001
            recorder(batches_read(epoch=epoch))
            recorder(epoch_ended(epoch))
    assert len(queries) == 0
    clock.now = 1.0
    recorder(epoch_ended(200))
    assert MetricPoint.objects.filter(kind="epoch").count() == 201


def test_every_row_is_written_once_when_flushed_often():
    recorder = record(epoch_ended(0))
    recorder.flush()
    recorder(epoch_ended(1))
    recorder.flush()
    assert MetricPoint.objects.filter(kind="epoch").count() == 2


@pytest.mark.django_db(transaction=True)
def test_rows_wait_when_the_database_is_away():
    clock = Clock()
    recorder = record(flush=False, clock=clock)
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE ml_training_metricpoint RENAME TO away")
        clock.now = 5.0
        recorder(epoch_ended(0))
        recorder(finding_made())
        cursor.execute("ALTER TABLE away RENAME TO ml_training_metricpoint")
    assert not FixEvent.objects.exists()
    clock.now = 7.0
    recorder(epoch_ended(1))
    assert MetricPoint.objects.filter(kind="epoch").count() == 2
    assert FixEvent.objects.count() == 1


def test_reading_of_a_poisoned_batch_is_kept_in_words():
    odd = make_reading(5, loss=float("nan"), skipped=True, layer_norms=[1.0, float("inf")])
    record(batches_read(make_reading(4), odd))
    values = MetricPoint.objects.get(kind="batch", step=5).values
    assert (values["loss"], values["skipped"]) == ("NaN", True)
    assert values["layer_norms"] == [1.0, "Infinity"]
