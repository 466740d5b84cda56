"""The demo needs nothing but the checkout, and may be run again."""

import signal
import sqlite3

import pytest

from ml_training.models import Instrument, Strategy, TrainingRun
from tests.commands.builders import manage, run_command, run_json, start_manage

SMALL = ("--bars", "6000", "--epochs", "2")


@pytest.mark.slow
def test_report_is_printed_when_there_was_nothing_before(tmp_path):
    folder = tmp_path / "var"
    code, out, err = manage(folder, "demo", *SMALL)
    assert (code, err) == (0, "")
    assert "synthetic" in out.lower()
    assert "FINAL DIAGNOSTICS REPORT" in out


@pytest.mark.slow
@pytest.mark.django_db
def test_nothing_is_made_twice_when_run_again():
    run_command("demo", *SMALL)
    assert run_json("demo", *SMALL)["success"] is True
    assert Strategy.objects.count() == 1
    assert Instrument.objects.count() == 5
    assert all(one.is_synthetic for one in Instrument.objects.all())
    assert list(TrainingRun.objects.values_list("state", flat=True)) == ["succeeded"] * 2
    first, second = TrainingRun.objects.all()
    assert first.model_digest == second.model_digest
    assert first.setups_digest == second.setups_digest


@pytest.mark.slow
@pytest.mark.django_db
def test_five_symbols_and_three_timeframes_are_scanned():
    run_command("demo", *SMALL)
    scans = Strategy.objects.get().scans.values_list("instrument__symbol", "timeframe")
    assert len(set(scans)) == 15


@pytest.mark.slow
def test_run_is_canceled_and_frees_the_strategy_when_interrupted(tmp_path):
    folder = tmp_path / "var"
    process = start_manage(folder, "demo", "--bars", "6000", "--epochs", "100000")
    for line in process.stdout:
        if line.startswith("STEP 5"):
            break
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 3, err
    assert "Traceback" not in err
    with sqlite3.connect(folder / "db.sqlite3") as database:
        rows = database.execute("SELECT state, ended_at FROM ml_training_trainingrun").fetchall()
        n_files = database.execute("SELECT count(*) FROM ml_training_checkpoint").fetchone()[0]
    assert [state for state, _ in rows] == ["canceled"]
    assert rows[0][1] is not None
    assert n_files == 0
    assert not any((folder / "checkpoints").rglob("*.zip"))
