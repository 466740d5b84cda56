"""Training from the command line: a report for people, results for machines."""

import pytest

from ml_training.data.presets import PRESETS
from ml_training.data.rules import parse_rules
from ml_training.errors import DataError
from ml_training.models import Strategy, TrainingRun
from ml_training.services.queue import request_cancel
from ml_training.services.runs import cancel_run, close_run, fail_run, open_run, start_run
from tests.commands.builders import ROOT, run_command, run_failing, run_json
from tests.services.builders import make_market, make_strategy

pytestmark = pytest.mark.django_db
FAST = {"epochs": 2, "local": True}


@pytest.fixture
def strategy():
    make_market()
    return make_strategy(name="Mine")


def test_report_is_printed_and_stored_when_a_strategy_is_trained(strategy):
    printed = run_command("train_strategy", "Mine", **FAST)
    run = strategy.runs.get()
    assert run.state == "succeeded"
    assert "FINAL DIAGNOSTICS REPORT" in printed
    assert run.verdict
    assert run.report.splitlines()[-1] in printed


def test_results_are_one_object_when_machines_ask(strategy):
    told = run_json("train_strategy", str(strategy.pk), **FAST, seed=3)
    run = strategy.runs.get()
    assert told["ok"] is True
    assert told["success"] is True
    assert told["run_id"] == str(run.pk)
    assert told["verdict"] == run.verdict
    assert run.seed == 3


def test_choices_reach_the_run_when_given(strategy):
    chosen = {"batch_size": 32, "learning_rate": 0.01, "no_transfer": True}
    dates = ("--start=2024-01-05", "--end=2024-04-20T12:00+02:00")
    run_command("train_strategy", "Mine", *dates, **FAST, **chosen)
    settings = strategy.runs.get().settings
    assert settings["epochs"] == 2
    assert settings["batch_size"] == 32
    assert settings["learning_rate"] == 0.01
    assert settings["use_transfer_learning"] is False
    assert settings["start_date"] == "2024-01-05T00:00:00+00:00"
    assert settings["end_date"] == "2024-04-20T10:00:00+00:00"


def test_run_is_failed_with_a_way_out_when_there_are_no_setups(strategy):
    never = {"left": "close", "op": "<", "right": 0}
    strategy.rules = strategy.rules | {"long": never, "short": None}
    strategy.save()
    error, _ = run_failing("train_strategy", "Mine", **FAST)
    run = strategy.runs.get()
    assert error.returncode == 1
    assert (run.state, run.error in str(error)) == ("failed", True)
    assert run.hint


def test_run_is_failed_when_candles_are_missing():
    strategy = make_strategy()
    error, _ = run_failing("train_strategy", str(strategy.pk), **FAST)
    assert "import_candles" in str(error)
    assert strategy.runs.get().state == "failed"


def test_wrong_setting_is_told_in_words_when_given(strategy):
    error, _ = run_failing("train_strategy", "Mine", local=True, batch_size=0)
    assert error.returncode == 1
    assert "batch_size" in str(error)
    assert not TrainingRun.objects.filter(state="running").exists()


def test_second_run_is_refused_when_one_is_active(strategy):
    open_run(strategy, {})
    error, _ = run_failing("train_strategy", "Mine", **FAST)
    assert "one active run" in str(error)
    assert error.returncode == 4
    assert strategy.runs.count() == 1


def test_run_is_left_to_a_trainer_when_queued(strategy):
    told = run_json("train_strategy", "Mine", queue=True, epochs=2)
    run = strategy.runs.get()
    assert told == {"ok": True, "run_id": str(run.pk), "state": "queued"}
    assert run.settings["epochs"] == 2
    assert "is queued" in run_command("train_strategy", str(make_strategy().pk), queue=True)


@pytest.fixture
def end_run(monkeypatch):
    """Let a trainer end the run while somebody waits for it."""

    def end_with(end):
        def sleep(seconds):
            run = TrainingRun.objects.get(state="queued")
            start_run(run)
            end(run)

        monkeypatch.setattr("ml_training.management.following.time.sleep", sleep)

    return end_with


def test_report_is_shown_when_the_run_waited_for_succeeded(strategy, end_run):
    end_run(lambda run: close_run(run, {"diagnostics_report": "REPORT", "verdict": "no_edge"}))
    assert "REPORT" in run_command("train_strategy", "Mine", wait=True)


@pytest.mark.parametrize(
    ("end", "code", "words"),
    [
        (
            lambda run: fail_run(run, DataError("no setups", hint="Loosen.")),
            1,
            "no setups. Loosen.",
        ),
        (cancel_run, 3, "was canceled"),
    ],
)
def test_reason_is_told_when_the_run_waited_for_ended_otherwise(
    strategy, end_run, end, code, words
):
    end_run(end)
    error, _ = run_failing("train_strategy", "Mine", wait=True)
    assert (error.returncode, words in str(error)) == (code, True)


def test_trainer_is_asked_for_when_nobody_takes_the_run_up(strategy, monkeypatch):
    monkeypatch.setattr("ml_training.management.following.LONELY_S", 0.0)
    looks = []

    def sleep(seconds):
        looks.append(seconds)
        if len(looks) == 2:
            request_cancel(TrainingRun.objects.get())

    monkeypatch.setattr("ml_training.management.following.time.sleep", sleep)
    _, printed = run_failing("train_strategy", "Mine", wait=True)
    assert printed.count("manage.py trainer") == 1


def test_date_is_refused_when_it_is_none(strategy):
    error, _ = run_failing("train_strategy", "Mine", "--start=yesterday")
    assert "--start: 'yesterday' is not a date such as 2020-01-31" in str(error)


def test_preset_is_trained_over_the_symbols_when_named():
    make_market("EURUSD")
    make_market("USDJPY")
    words = ("--preset=rsi_return", "--symbols", "eurusd", "USDJPY", "--timeframes", "1h", "4h")
    told = run_json("train_strategy", *words, epochs=2)
    strategy = Strategy.objects.get(pk=told["strategy_id"])
    assert strategy.symbols == ["EURUSD", "USDJPY"]
    assert strategy.timeframes == ["1h", "4h"]
    assert strategy.rules == parse_rules(PRESETS["rsi_return"].document).document
    assert not strategy.owner.has_usable_password()


def test_real_data_path_of_the_readme_names_arguments_that_exist():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (line,) = [line for line in readme.splitlines() if "train_strategy --preset" in line]
    words = line.split("manage.py train_strategy")[1].split()
    error, _ = run_failing("train_strategy", *words)
    assert "no candles of AUDUSD" in str(error)
    assert not Strategy.objects.exists()


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["Mine", "--preset=tce"],
        ["--preset=tce"],
        ["--preset=tce", "--symbols", "EURUSD"],
        ["Mine", "--timeframes", "1h"],
    ],
)
def test_usage_is_told_when_it_is_not_clear_what_to_train(words):
    error, _ = run_failing("train_strategy", *words)
    assert error.returncode == 2
    assert "--preset NAME with --symbols and --timeframes" in str(error)


def test_presets_are_listed_when_the_name_is_unknown():
    error, _ = run_failing("train_strategy", "--preset=rsi", "--symbols", "EURUSD")
    assert "rsi_return" in str(error)
