"""A backtest repeats what the run found, trade by trade, or says why it cannot."""

import csv
import io
import json
from dataclasses import replace

import pytest

from ml_training.errors import DataError
from ml_training.models import Checkpoint, Setup, TrainingRun
from ml_training.services.backtests import backtest_run
from ml_training.services.jsonable import to_jsonable
from ml_training.services.market import store_candles
from ml_training.services.served import find_trained
from ml_training.services.spreadsheets import write_table
from tests.services.builders import make_run, make_strategy
from tests.services.trained import trained_once, walk

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


@pytest.fixture(scope="module")
def kept(django_db_setup, django_db_blocker):
    with trained_once(django_db_blocker) as run:
        yield run


@pytest.fixture
def run(kept):
    return TrainingRun.objects.select_related("strategy").get(pk=kept.pk)


def test_sums_are_those_of_the_run_when_all_may_be_open(run):
    found = backtest_run(run).found
    told = run.results["metrics"]["test"]
    assert found.filtered.summary.as_dict() == told["trades"]
    assert found.every.summary.as_dict() == told["take_every_setup"]


def test_trades_are_the_stored_setups_one_by_one(run):
    report = backtest_run(run)
    assert len(report.trades) == run.results["test_samples"]
    for trade in report.trades[:: len(report.trades) // 10]:
        row = Setup.objects.get(
            scan__timeframe=trade.timeframe, entry_at=trade.entry_at, exit_at=trade.exit_at
        )
        assert (row.entry, row.stop, row.target, row.r) == (
            *(trade.entry, trade.stop, trade.target),
            trade.r,
        )
        assert row.get_outcome_display() == trade.outcome
        assert row.get_side_display() == trade.side
        assert trade.is_taken == (trade.probability >= report.threshold)


def test_fewer_are_traded_when_a_symbol_holds_one_position(run):
    free, single = backtest_run(run), backtest_run(run, one_per_symbol=True)
    assert single.found.every.summary.n < free.found.every.summary.n
    assert sum(trade.every_traded for trade in single.trades) == single.found.every.summary.n
    assert all(trade.is_taken for trade in single.trades if trade.is_traded)


def test_report_is_plain_json_and_csv(run):
    report = backtest_run(run)
    stored = json.loads(json.dumps(to_jsonable(report.as_dict()), allow_nan=False))
    every = stored["every"]
    assert every["equity"]["r"][-1] == pytest.approx(every["total_r"])
    rows = list(csv.DictReader(io.StringIO(report.as_csv())))
    assert len(rows) == len(report.trades)
    assert float(rows[0]["r"]) == report.trades[0].r


def test_formulas_are_texts_when_a_table_is_written():
    told = write_table(["=a"], [["=1+1"], ["-x"], [-1.5], [None], ["@b"], ["EURUSD"]])
    assert told.splitlines() == ["'=a", "'=1+1", "'-x", "-1.5", '""', "'@b", "EURUSD"]


def test_backtest_is_the_same_when_candles_were_added_at_the_end(run):
    before = to_jsonable(backtest_run(run).as_dict())
    n_setups = Setup.objects.count()
    store_candles(Setup.objects.first().scan.instrument, "1h", walk(6_400))
    assert to_jsonable(backtest_run(run).as_dict()) == before
    assert Setup.objects.count() > n_setups


def test_backtest_is_refused_when_candles_were_added_and_the_run_is_of_an_earlier_version(run):
    run.results.pop("setups_by_market")
    store_candles(Setup.objects.first().scan.instrument, "1h", walk(6_100))
    with pytest.raises(DataError, match="was judged on the setups") as caught:
        backtest_run(run)
    assert "Candles were corrected or added since" in caught.value.hint


def test_backtest_is_refused_when_an_old_candle_was_corrected(run):
    candles = walk()
    high = candles.high.copy()
    high[2_000:2_200] *= 1.02
    store_candles(Setup.objects.first().scan.instrument, "1h", replace(candles, high=high))
    with pytest.raises(DataError, match="was judged on the setups") as caught:
        backtest_run(run)
    assert "Candles were corrected" in caught.value.hint


def test_model_is_refused_when_the_rules_have_changed(run):
    rules = run.strategy.rules
    run.strategy.rules = {**rules, "exit": {**rules["exit"], "max_bars": 12}}
    run.strategy.save()
    for ask in (backtest_run, lambda run: find_trained(run.strategy_id)):
        with pytest.raises(DataError, match="was trained on the rules"):
            ask(run)


def test_model_is_refused_when_it_is_not_the_one_of_the_run(run):
    Checkpoint.objects.filter(run=run).update(sha256="0" * 64)
    with pytest.raises(DataError, match="and the stored one is 000000000000"):
        backtest_run(run)


def test_model_is_refused_when_it_expects_other_features(run, monkeypatch):
    monkeypatch.setattr("ml_training.data.features.plan.VERSION", 999)
    with pytest.raises(DataError, match="expects the features"):
        backtest_run(run)


def test_newest_fitting_run_is_found_by_id_and_by_strategy(run):
    newer = make_run(run.strategy)
    assert find_trained(str(run.pk)) == run
    assert find_trained(run.strategy_id) == run
    with pytest.raises(DataError, match="has no model"):
        backtest_run(newer)


def test_way_out_is_named_when_there_is_nothing_to_open():
    with pytest.raises(DataError, match="has no model yet"):
        find_trained(make_strategy().pk)
    with pytest.raises(DataError, match="no run has the id"):
        find_trained("00000000-0000-0000-0000-000000000000")
    with pytest.raises(DataError, match="no strategy is called"):
        find_trained("nobody")
