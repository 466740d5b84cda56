"""Scanning says what was found where, and when nothing had to be done."""

import json

import pytest

from ml_training.models import Setup
from tests.commands.builders import run_command, run_failing, run_json
from tests.services.builders import make_market, make_strategy

pytestmark = pytest.mark.django_db


def test_setups_are_stored_and_counted_when_scanned():
    make_market()
    strategy = make_strategy(timeframes=["1h", "4h"])
    printed = run_command("scan_setups", str(strategy.pk)).splitlines()
    assert printed[0].startswith("[1/2] EURUSD 1h: ")
    assert printed[0].endswith("scanned")
    assert printed[1].endswith("(4h bars built from 1h candles)")
    n_setups = Setup.objects.count()
    assert printed[-1].startswith(f"{n_setups:,} setups, ")


def test_scan_is_up_to_date_when_done_twice():
    make_market()
    make_strategy(name="Mine")
    run_command("scan_setups", "Mine")
    assert "up to date" in run_command("scan_setups", "Mine")


def test_machines_read_the_same_numbers():
    make_market()
    strategy = make_strategy()
    told = run_json("scan_setups", str(strategy.pk))
    assert told["ok"] is True
    assert told["strategy"] == strategy.pk
    (scan,) = told["scans"]
    assert scan["n_setups"] == Setup.objects.count()
    assert (scan["symbol"], scan["timeframe"], scan["is_new"]) == ("EURUSD", "1h", True)


@pytest.mark.parametrize("reference", ["Nobody", "999"])
def test_way_out_is_named_when_the_strategy_is_unknown(reference):
    error, _ = run_failing("scan_setups", reference)
    assert "no strategy is called" in str(error)


def test_way_out_is_named_when_candles_are_missing():
    strategy = make_strategy()
    error, printed = run_failing("scan_setups", str(strategy.pk), json=True)
    assert error.returncode == 1
    assert "import_candles" in json.loads(printed)["error"]
