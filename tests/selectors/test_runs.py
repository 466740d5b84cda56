"""Runs are counted and read as they were recorded."""

import pytest

from ml_training.models import MetricPoint
from ml_training.selectors import count_openings, digest_scanned_candles, list_points
from ml_training.services.runs import close_run, fail_run, note_digests
from ml_training.services.setups import scan_strategy
from tests.services.builders import make_market, make_run, make_strategy

pytestmark = pytest.mark.django_db


def finish(strategy, **settings):
    """Train to the end, as far as the rows are concerned."""
    run = make_run(strategy, **settings)
    close_run(run, {})
    return run


def test_every_way_of_training_counts_when_the_test_block_was_opened():
    strategy = make_strategy()
    finish(strategy, seed=1)
    finish(strategy, seed=2)
    finish(make_strategy(), seed=3)
    fail_run(make_run(strategy, seed=4), ValueError())
    assert count_openings(make_run(strategy, seed=5)) == 3


def test_repeated_run_counts_once_when_nothing_differs():
    strategy = make_strategy()
    finish(strategy, seed=1)
    assert count_openings(make_run(strategy, seed=1)) == 1


def test_run_counts_again_when_its_setups_differ():
    strategy = make_strategy()
    first = make_run(strategy)
    note_digests(first, setups="a" * 64)
    close_run(first, {})
    run = make_run(strategy)
    note_digests(run, setups="b" * 64)
    assert count_openings(run) == 2


def test_candles_have_one_hash_when_several_scans_read_them():
    make_market("EURUSD")
    make_market("GBPUSD")
    strategy = make_strategy(symbols=["EURUSD", "GBPUSD"])
    scan_strategy(strategy)
    before = digest_scanned_candles(strategy)
    strategy.symbols = ["EURUSD"]
    strategy.save()
    assert digest_scanned_candles(strategy) != before
    strategy.symbols = ["GBPUSD", "EURUSD"]
    strategy.save()
    assert digest_scanned_candles(strategy) == before


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
