"""Candle files go into the database once, whole, or not at all."""

import json
import os
import signal
import sqlite3

import pytest

from ml_training.models import CandleChunk, Instrument
from tests.commands.builders import (
    daily_rows,
    manage,
    run_command,
    run_failing,
    run_json,
    start_manage,
    write_csv,
)
from tests.data.builders import REAL_DATA

REAL = REAL_DATA / "candles" / "AUDUSD_1d.csv"


@pytest.fixture
def days(tmp_path):
    return write_csv(tmp_path / "EURUSD_1d.csv", daily_rows())


@pytest.mark.django_db
def test_bars_are_stored_and_counted_when_a_file_is_imported(days):
    printed = run_command("import_candles", str(days))
    assert "EURUSD 1d" in printed
    assert "40 new, 0 changed, 0 unchanged" in printed
    assert sum(CandleChunk.objects.values_list("bar_count", flat=True)) == 40


@pytest.mark.django_db
def test_nothing_changes_when_a_file_is_imported_twice(days):
    run_command("import_candles", str(days))
    before = list(CandleChunk.objects.values())
    told = run_json("import_candles", str(days))
    assert told["files"][0]["counts"] == {"n_new": 0, "n_changed": 0, "n_unchanged": 40}
    assert list(CandleChunk.objects.values()) == before


@pytest.mark.django_db
@pytest.mark.skipif(not REAL.exists(), reason=f"real candles are not at {REAL}")
def test_second_import_changes_nothing_when_the_candles_are_real():
    first, second = (run_json("import_candles", str(REAL))["files"][0] for _ in range(2))
    assert first["symbol"] == "AUDUSD"
    assert first["timeframe"] == "1d"
    assert first["counts"] == {"n_new": 2400, "n_changed": 0, "n_unchanged": 0}
    assert second["counts"] == {"n_new": 0, "n_changed": 0, "n_unchanged": 2400}
    assert Instrument.objects.get().pip == 0.0001


@pytest.mark.django_db
def test_labels_are_taken_from_the_options_when_given(days):
    told = run_json("import_candles", str(days), symbol="gbpusd", timeframe="D1")
    assert (told["files"][0]["symbol"], told["files"][0]["timeframe"]) == ("GBPUSD", "1d")


@pytest.mark.django_db
def test_finer_timeframe_is_refused_when_the_data_are_daily(days):
    error, _ = run_failing("import_candles", str(days), timeframe="1h")
    assert error.returncode == 1
    assert not Instrument.objects.exists()


@pytest.mark.django_db
def test_other_files_are_imported_when_one_is_broken(tmp_path, days):
    broken = write_csv(
        tmp_path / "GBPUSD_1d.csv", [*daily_rows(5), "2024-03-01T00:00:00Z,x,1,1,1,1"]
    )
    error, printed = run_failing("import_candles", str(broken), str(days))
    assert error.returncode == 1
    assert "EURUSD 1d" in printed
    assert list(Instrument.objects.values_list("symbol", flat=True)) == ["EURUSD"]


BAD_FILES = {
    "unknown layout": ["a,b,c", "1,2,3"],
    "missing column": ["timestamp,open,high,low", "2024-01-01T00:00:00Z,1,1,1"],
    "non-numeric cell": ["timestamp,open,high,low,close", "2024-01-01T00:00:00Z,1,1,1,abc"],
    "empty file": [],
    "header only": ["timestamp,open,high,low,close,volume"],
    "high below low": [
        "timestamp,open,high,low,close",
        "2024-01-01T00:00:00Z,1,1,2,1",
        "2024-01-02T00:00:00Z,1,1,1,1",
    ],
    "not a number": [
        "timestamp,open,high,low,close",
        "2024-01-01T00:00:00Z,1,NaN,1,1",
        "2024-01-02T00:00:00Z,1,1,1,1",
    ],
    "infinity": [
        "timestamp,open,high,low,close",
        "2024-01-01T00:00:00Z,1,inf,1,1",
        "2024-01-02T00:00:00Z,1,1,1,1",
    ],
}


@pytest.mark.django_db
@pytest.mark.parametrize("name", BAD_FILES)
def test_nothing_is_written_and_the_file_is_named_when_it_is_bad(name, tmp_path):
    path = tmp_path / "EURUSD_1d.csv"
    path.write_text("\n".join(BAD_FILES[name]))
    error, printed = run_failing("import_candles", str(path), json=True)
    assert error.returncode == 1
    (told,) = json.loads(printed)["files"]
    assert told["ok"] is False
    assert "EURUSD_1d.csv" in told["error"]
    assert not Instrument.objects.exists()
    assert not CandleChunk.objects.exists()


def test_exit_codes_tell_what_happened_when_run_as_a_program(tmp_path, folder):
    code, _, err = manage(folder, "import_candles", str(tmp_path / "missing.csv"))
    assert code == 1
    assert "missing.csv" in err
    assert "Traceback" not in err
    code, _, err = manage(folder, "import_candles")
    assert code == 2


def test_nothing_is_half_written_when_interrupted(tmp_path, days, folder):
    pipe = tmp_path / "GBPUSD_1d.csv"  # reading it waits for ever
    os.mkfifo(pipe)
    process = start_manage(folder, "import_candles", str(days), str(pipe))
    assert "EURUSD 1d" in process.stdout.readline()
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 3
    assert "canceled" in err
    assert "Traceback" not in err
    with sqlite3.connect(folder / "db.sqlite3") as database:
        symbols = database.execute("SELECT symbol FROM ml_training_instrument").fetchall()
    assert symbols == [("EURUSD",)]


def test_no_bar_is_lost_when_imports_of_one_symbol_run_together(tmp_path, folder):
    rows = daily_rows(160)
    parts = [write_csv(tmp_path / f"EURUSD_{at}.csv", rows[at : at + 80]) for at in (0, 40, 80)]
    running = [start_manage(folder, "import_candles", str(part)) for part in parts]
    ends = [process.communicate(timeout=120) for process in running]
    assert [process.returncode for process in running] == [0, 0, 0], ends
    with sqlite3.connect(folder / "db.sqlite3") as database:
        (n_bars,) = database.execute(
            "SELECT sum(bar_count) FROM ml_training_candlechunk"
        ).fetchone()
    assert n_bars == 160
