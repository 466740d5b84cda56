"""Runs are counted and read as they were recorded."""

import pytest

from ml_training.models import Instrument, MetricPoint
from ml_training.selectors import count_openings, is_synthetic, list_points
from ml_training.services.runs import close_run, fail_run
from tests.services.builders import make_market, make_run, make_strategy

pytestmark = pytest.mark.django_db


def test_opening_is_counted_when_a_run_has_finished():
    strategy = make_strategy()
    assert count_openings(strategy) == 0
    close_run(make_run(strategy), {})
    fail_run(make_run(strategy), ValueError())
    make_run(strategy)
    close_run(make_run(), {})
    assert count_openings(strategy) == 1


def test_strategy_is_synthetic_when_one_of_its_symbols_is():
    strategy = make_strategy(symbols=["EURUSD", "GBPUSD"])
    make_market("EURUSD")
    make_market("GBPUSD")
    assert not is_synthetic(strategy)
    Instrument.objects.filter(symbol="GBPUSD").update(is_synthetic=True)
    assert is_synthetic(strategy)


def test_points_are_read_after_a_cursor_when_there_are_more():
    run = make_run()
    for step in range(4):
        kind = "epoch" if step == 3 else "batch"
        MetricPoint.objects.create(run=run, kind=kind, epoch=0, step=step, values={"loss": 0.5})
    batches = list_points(run, "batch")
    assert [point["step"] for point in batches] == [0, 1, 2]
    assert batches[0]["loss"] == 0.5
    assert [point["step"] for point in list_points(run, "batch", batches[0]["id"])] == [1, 2]
    assert [point["step"] for point in list_points(run, "epoch")] == [3]
    assert list_points(make_run(), "batch") == []
