"""The command shows both ways of trading the test block, and writes every trade."""

import json

import pytest

from tests.commands.builders import run_command, run_failing, run_json
from tests.services.builders import make_strategy
from tests.services.trained import trained_once

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


@pytest.fixture(scope="module")
def run(django_db_setup, django_db_blocker):
    with trained_once(django_db_blocker) as kept:
        yield kept


def test_both_ways_are_shown_when_a_strategy_is_named(run):
    printed = run_command("backtest", str(run.strategy_id))
    assert f"test block of run {run.pk}: {run.results['test_samples']:,} setups" in printed
    every = run.results["metrics"]["test"]["take_every_setup"]
    (line,) = [line for line in printed.splitlines() if line.startswith("every setup")]
    assert line.split()[2] == f"{every['n']:,}"
    assert line.split()[4] == f"{every['expectancy_r']:+.3f}"


def test_machines_read_the_same_numbers(run):
    told = run_json("backtest", str(run.pk), one_per_symbol=True)
    assert told["ok"] is True
    assert told["run_id"] == str(run.pk)
    assert told["one_per_symbol"] is True
    assert sum(trade["is_traded"] for trade in told["trades"]) == told["filtered"]["n"]


def test_trades_are_written_when_a_file_is_named(run, tmp_path):
    for suffix in (".csv", ".json"):
        path = tmp_path / f"trades{suffix}"
        assert str(path) in run_command("backtest", str(run.pk), output=path)
    n_trades = run.results["test_samples"]
    assert len((tmp_path / "trades.csv").read_text().splitlines()) == n_trades + 1
    assert len(json.loads((tmp_path / "trades.json").read_text())["trades"]) == n_trades


def test_other_endings_are_refused_before_anything_is_done(tmp_path):
    error, _ = run_failing("backtest", "1", output=tmp_path / "trades.xlsx")
    assert "must end in .csv or .json" in str(error)
    assert error.returncode == 2


def test_way_out_is_named_when_nothing_was_trained():
    error, printed = run_failing("backtest", str(make_strategy().pk), json=True)
    assert "Train it first" in json.loads(printed)["error"]
    assert error.returncode == 1
