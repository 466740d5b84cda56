"""The demo needs nothing but the checkout, and may be run again."""

import http.client
import signal
import socket
import sqlite3
import time

import pytest

from ml_training.models import Checkpoint, Instrument, Strategy, TrainingRun
from tests.commands.builders import manage, run_command, run_json, start_manage
from tests.runs.site import is_gone, list_tree

COUNT_MODELS = "SELECT count(*) FROM ml_training_checkpoint WHERE kind != 'base'"
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
    assert Checkpoint.objects.filter(kind="base").count() == 1
    first, second = TrainingRun.objects.all()
    assert first.model_digest == second.model_digest
    assert first.setups_digest == second.setups_digest


@pytest.mark.slow
@pytest.mark.django_db
def test_run_starts_from_the_base_model_that_was_made_before_it():
    out = run_command("demo", *SMALL)
    (base,) = Checkpoint.objects.filter(kind="base")
    assert f"{base.meta['name']} is stored as base model {base.pk}" in out
    assert base.meta["is_synthetic"] is True
    transfer = TrainingRun.objects.get().results["transfer"]
    assert transfer["base_model"]["id"] == base.pk
    assert transfer["refitted"] is False


@pytest.mark.slow
@pytest.mark.django_db
def test_demo_goes_on_without_a_base_model_when_its_market_is_too_short():
    out = run_command("demo", "--bars", "900", "--epochs", "2")
    assert "A base model needs at least 300 effective setups" in out
    assert "FINAL DIAGNOSTICS REPORT" in out


@pytest.mark.slow
@pytest.mark.django_db
def test_five_symbols_and_three_timeframes_are_scanned():
    run_command("demo", *SMALL)
    scans = Strategy.objects.get().scans.values_list("instrument__symbol", "timeframe")
    assert len(set(scans)) == 15


@pytest.mark.slow
def test_pages_are_served_and_runs_trained_when_asked_to_serve(tmp_path):
    port = find_free_port()
    process = start_manage(tmp_path / "var", "demo", *SMALL, "--serve", f"--port={port}")
    line = next(line for line in process.stdout if line.startswith("Open http"))
    assert line.startswith(f"Open http://127.0.0.1:{port}/ - user demo, password ")
    tree = list_tree(process.pid)
    assert wait_for_answer(port) < 500
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=20)
    assert process.returncode == 0
    assert [pid for pid in [*tree, *list_tree(process.pid)] if not is_gone(pid)] == []


def find_free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def wait_for_answer(port: int) -> int:
    """Return the status of the first page, once somebody answers."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
            connection.request("GET", "/")
            return connection.getresponse().status
        except ConnectionRefusedError:
            time.sleep(0.2)
        finally:
            connection.close()
    raise AssertionError("nobody answers")


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
        n_files = database.execute(COUNT_MODELS).fetchone()[0]
    assert [state for state, _ in rows] == ["canceled"]
    assert rows[0][1] is not None
    assert n_files == 0
    assert not any((folder / "checkpoints").rglob("*.zip"))
