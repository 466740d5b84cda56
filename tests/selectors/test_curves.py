"""What a run recorded comes back as plain numbers, in a fixed number of queries."""

import pytest

from ml_training.models import Checkpoint, FixEvent, MetricPoint
from ml_training.selectors.curves import read_curves
from tests.services.builders import make_run

pytestmark = pytest.mark.django_db


def add_point(run, kind, step, **values):
    MetricPoint.objects.create(run=run, kind=kind, epoch=0, step=step, attempt=1, values=values)


def test_points_keep_their_place_when_read():
    run = make_run()
    add_point(run, "batch", 3, loss=0.5)
    add_point(run, "epoch", 9, train_loss=0.4)
    curves = read_curves(run)
    assert curves.batches == [{"loss": 0.5, "attempt": 1, "epoch": 0, "step": 3}]
    assert curves.epochs == [{"train_loss": 0.4, "attempt": 1, "epoch": 0, "step": 9}]


def test_points_of_other_runs_stay_out_when_read():
    run, other = make_run(), make_run()
    add_point(other, "batch", 1, loss=1.0)
    assert read_curves(run).batches == []


def test_events_and_turns_come_along_when_there_are_some():
    run = make_run()
    run.progress = {"branches": [{"kind": "BranchShown"}], "layer_names": ["a"]}
    run.save()
    place = {"epoch": 1, "step": 2, "message": "flat", "severity": "info", "problem": "plateau"}
    FixEvent.objects.create(run=run, number=1, **place)
    Checkpoint.objects.create(run=run, kind="best", file="x", sha256="0" * 64, size=1, epoch=4)
    curves = read_curves(run)
    assert curves.layer_names == ("a",)
    assert curves.branches == [{"kind": "BranchShown"}]
    assert curves.checkpoints == [{"kind": "best", "epoch": 4}]
    assert curves.events[0]["message"] == "flat"


@pytest.mark.parametrize("n_points", [1, 60])
def test_queries_do_not_grow_when_points_do(django_assert_num_queries, n_points):
    run = make_run()
    for step in range(n_points):
        add_point(run, "batch", step, loss=1.0)
    with django_assert_num_queries(4):
        read_curves(run)
