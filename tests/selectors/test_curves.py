"""What a run recorded comes back as plain numbers, in a fixed number of queries."""

import pytest
from django.core.cache import cache

from ml_training.models import Checkpoint, FixEvent, MetricPoint
from ml_training.selectors import curves as curves_module
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
    with django_assert_num_queries(7):
        read_curves(run)


@pytest.fixture
def long_run(monkeypatch):
    """Return a run of more points than are read one and all, with a single spike."""
    monkeypatch.setattr(curves_module, "MOST_READ", 100)
    monkeypatch.setattr(curves_module, "N_SAMPLED", 20)
    cache.clear()
    run = make_run()
    norms = [1.0 + step / 1_000 for step in range(500)]
    norms[333] = 9_999.0
    MetricPoint.objects.bulk_create(
        MetricPoint(run=run, kind="batch", epoch=0, step=step, values={"gradient_norm": norm})
        for step, norm in enumerate(norms)
    )
    add_point(run, "epoch", 500, train_loss=0.4)
    return run


def test_sample_keeps_what_stands_out_when_a_run_was_very_long(long_run, monkeypatch):
    monkeypatch.setattr(curves_module, "N_SPIKES", 3)
    curves = read_curves(long_run)
    steps = [point["step"] for point in curves.batches]
    assert steps == sorted(steps)
    assert {333, 498, 499} <= set(steps)
    assert 20 <= len(steps) <= 23
    assert len(curves.epochs) == 1


def test_spikes_are_known_to_the_hasty_when_somebody_looked_before(long_run):
    hasty = read_curves(long_run, is_thorough=False)
    assert 20 <= len(hasty.batches) <= 21
    read_curves(long_run)
    again = read_curves(long_run, is_thorough=False)
    assert 333 in [point["step"] for point in again.batches]


def test_spikes_are_looked_for_again_when_the_run_went_on(long_run):
    read_curves(long_run)
    add_point(long_run, "batch", 501, gradient_norm=88_888.0)
    assert 501 in [point["step"] for point in read_curves(long_run).batches]
