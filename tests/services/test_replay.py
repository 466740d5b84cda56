"""A run that is taken up again neither leaves a gap nor says anything twice."""

import json

import pytest

from ml_training.models import FixEvent, MetricPoint, TrainingRun
from ml_training.services.recorder import RunRecorder
from ml_training.services.runs import open_run
from tests.services.builders import make_strategy
from tests.services.engine_events import (
    batches_read,
    epoch_ended,
    finding_made,
    make_reading,
    run_started,
    trial_judged,
)

pytestmark = pytest.mark.django_db
STORY = [
    run_started(),
    batches_read(epoch=0),
    epoch_ended(0),
    finding_made(),
    batches_read(make_reading(10, loss=float("nan")), attempt=1),
    epoch_ended(1, attempt=1),
    trial_judged(kept=True),
    batches_read(epoch=1),
    epoch_ended(1),
    finding_made("plateau"),
    batches_read(epoch=2),
    epoch_ended(2),
]


@pytest.fixture
def run():
    return open_run(make_strategy(), {})


def tell(run, events, *, memory=None, is_finished=False):
    """Tell a recorder some events, as one attempt at the run would."""
    recorder = RunRecorder(TrainingRun.objects.get(pk=run.pk))
    if memory is not None:
        recorder.remember(memory)
    for event in events:
        recorder(event)
    recorder.finish() if is_finished else recorder.flush()
    return recorder


def read_rows(run):
    """Return what is stored, without keys and times."""
    columns = ("number", "kind", "attempt", "epoch", "step", "values")
    points = [tuple(row) for row in run.points.order_by("number").values_list(*columns)]
    columns = ("number", "problem", "message", "trials", "remedy", "outcome", "conclusion")
    return points, list(run.events.order_by("number").values_list(*columns))


@pytest.fixture
def whole(run):
    """Return the rows of a run that nothing disturbed."""
    other = open_run(make_strategy(), {})
    tell(other, STORY, is_finished=True)
    return read_rows(other)


@pytest.mark.parametrize(("n_before", "epoch"), [(0, 0), (len(STORY), 2)])
def test_recorder_says_after_which_epoch_it_was_taken_up(run, n_before, epoch):
    memory = json.loads(json.dumps(tell(run, STORY[:n_before]).memory()))
    assert "resumed_from" not in memory["progress"]
    again = tell(run, [], memory=memory)
    assert again.progress["resumed_from"] == epoch  # 0: within the first


@pytest.mark.parametrize("n_before", range(len(STORY) + 1))
def test_rows_are_those_of_an_undisturbed_run_when_told_again(run, whole, n_before):
    tell(run, STORY[:n_before])
    keys = set(run.points.values_list("pk", flat=True))
    tell(run, STORY, is_finished=True)
    assert read_rows(run) == whole
    assert keys <= set(run.points.values_list("pk", flat=True))  # not written anew


@pytest.mark.parametrize("n_saved", range(1, len(STORY)))
@pytest.mark.parametrize("batch_points", [2_000, 7])
def test_rows_are_those_of_an_undisturbed_run_when_it_goes_on(
    run, settings, n_saved, batch_points
):
    settings.ML_TRAINING = {"batch_points": batch_points}
    other = open_run(make_strategy(), {})
    tell(other, STORY, is_finished=True)
    recorder = tell(run, STORY[:n_saved])
    memory = json.loads(json.dumps(recorder.memory()))
    for event in STORY[n_saved : n_saved + 3]:  # told, stored, and lost with the process
        recorder(event)
    recorder.flush()
    tell(run, STORY[n_saved:], memory=memory, is_finished=True)
    assert read_rows(run) == read_rows(other)


def test_points_of_another_story_make_way_when_it_is_told_otherwise(run, whole, caplog):
    tell(run, [run_started(), batches_read(epoch=0), epoch_ended(0, train_loss=0.9)])
    tell(run, [run_started(), batches_read(epoch=0)])
    tell(run, STORY, is_finished=True)
    assert read_rows(run) == whole
    assert "tells another point" in caplog.text


def test_rows_beyond_the_end_make_way_when_the_run_ends_earlier(run):
    tell(run, STORY)
    recorder = tell(run, STORY[:3])
    recorder.is_complete = True
    recorder.flush()
    assert run.points.count() == 11
    assert not FixEvent.objects.exists()


def test_points_are_numbered_without_a_gap(run):
    tell(run, STORY, is_finished=True)
    numbers = list(run.points.order_by("pk").values_list("number", flat=True))
    assert numbers == list(range(len(numbers)))


def test_readings_that_wait_for_more_are_not_written_before_the_end(run, settings):
    settings.ML_TRAINING = {"batch_points": 10}
    told = [run_started(planned_steps=50), batches_read(*map(make_reading, range(7)))]
    recorder = tell(run, told)
    assert MetricPoint.objects.count() == 1
    recorder.finish()
    assert MetricPoint.objects.count() == 2
