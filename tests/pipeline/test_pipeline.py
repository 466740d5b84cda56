"""The pipeline from a stored strategy to a stored model, with rows for everything."""

import json
import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pytest

from ml_training.errors import DataError
from ml_training.models import Checkpoint, FixEvent, Instrument, MetricPoint, TrainingRun
from ml_training.pipeline import MLTrainingPipeline
from ml_training.services.checkpoints import local_copy
from ml_training.services.runs import RunConflictError, open_run
from ml_training.services.setups import collect_setups
from ml_training.study.page import WIDTH
from ml_training.study.serving import load_served
from tests.data.builders import MONDAY, random_candles
from tests.services.builders import make_market, make_strategy

pytestmark = pytest.mark.django_db
ROOT = Path(__file__).resolve().parents[2]
PROMISED = {
    *("success", "strategy_id", "run_id", "verdict", "final_accuracy", "metrics", "baselines"),
    *("training_samples", "validation_samples", "test_samples", "fixes_applied", "fix_events"),
    *("diagnostics_report", "stopped_early", "epochs_run", "training_time_s", "model_path"),
    *("data_quality", "transfer", "history"),
}
METRICS = {
    *("accuracy", "balanced_accuracy", "precision", "recall", "f1_score", "auc", "log_loss"),
    *("true_positives", "false_positives", "true_negatives", "false_negatives"),
}


def make_trainable(**changes):
    """Store a random walk with a few hundred setups and a strategy on it."""
    make_market(candles=random_candles(6_000, volatility=0.003))
    return make_strategy(**changes)


def train(strategy, **options):
    return MLTrainingPipeline().train_strategy_model(
        strategy.pk, **{"epochs": 3, "device": "cpu", **options}
    )


@pytest.fixture
def strategy():
    return make_trainable()


def test_results_hold_what_the_interface_promises(strategy):
    results = train(strategy)
    assert set(results) >= PROMISED
    for part in (results["metrics"], results["metrics"]["test"], results["metrics"]["validation"]):
        assert set(part) >= METRICS
    assert results["success"] is True
    assert results["strategy_id"] == strategy.pk
    assert results["epochs_run"] <= 3
    assert json.loads(json.dumps(results, allow_nan=False)) == results


def test_row_tells_the_same_as_the_results(strategy):
    results = train(strategy)
    run = TrainingRun.objects.get(pk=results["run_id"])
    assert run.state == TrainingRun.State.SUCCEEDED
    assert run.results == results
    assert run.verdict == results["verdict"]
    assert run.report == results["diagnostics_report"]
    assert run.settings["epochs"] == 3
    assert run.seed == 0


def test_hash_chain_is_complete_when_a_run_succeeded(strategy):
    run = TrainingRun.objects.get(pk=train(strategy)["run_id"])
    names = ("rules", "candles", "setups", "feature", "model", "report")
    assert all(len(getattr(run, f"{name}_digest")) == 64 for name in names)
    assert run.setups_digest == collect_setups(strategy).digest()


def test_readings_and_epochs_are_recorded_when_a_run_succeeded(strategy):
    results = train(strategy)
    points = MetricPoint.objects.filter(run=results["run_id"])
    epochs = points.filter(kind="epoch")
    assert epochs.filter(values__is_trial=False).count() >= results["epochs_run"]
    assert points.filter(kind="batch").exists()
    events = FixEvent.objects.filter(run=results["run_id"])
    assert events.count() == len(results["fix_events"])


def test_stored_model_scores_as_reported_when_read_back(strategy):
    results = train(strategy)
    checkpoint = Checkpoint.objects.get(run=results["run_id"], kind="best")
    assert checkpoint.sha256 == results["model_sha256"]
    assert results["model_path"].endswith(checkpoint.file.name)
    with local_copy(checkpoint) as path:
        served = load_served(path)
    dataset = collect_setups(strategy)
    test = dataset.take(np.arange(len(dataset) - results["test_samples"], len(dataset)))
    taken = served.take(test.X)
    assert int(np.sum(taken & (test.y == 1))) == results["metrics"]["test"]["true_positives"]
    assert served.feature_names == dataset.feature_names


def without_times(results):
    report = [
        line
        for line in results["diagnostics_report"].splitlines()
        if not line.startswith(("Time:", "Model saved", "ML TRAINING PIPELINE"))
    ]
    events = json.dumps(results["fix_events"])
    return report, events, results["metrics"], results["history"], results["model_sha256"]


def test_same_seed_gives_the_same_model_and_report_when_trained_twice(strategy):
    first = without_times(train(strategy))
    assert without_times(train(strategy)) == first
    twin = make_strategy()
    assert without_times(train(twin)) == first
    assert without_times(train(strategy, seed=1)) != first


def test_test_block_is_counted_as_opened_again_when_settings_differ(strategy):
    train(strategy)
    assert "opened 2 times" not in train(strategy)["diagnostics_report"]
    assert "opened 2 times" in " ".join(train(strategy, seed=5)["diagnostics_report"].split())


def test_progress_hears_the_steps_in_order_and_the_report_last(strategy):
    heard = []
    results = train(strategy, progress=heard.append)
    steps = [progress.step for progress in heard]
    assert steps == sorted(steps)
    assert set(steps) == {1, 2, 3, 4, 5, 6}
    told = [line for progress in heard for line in progress.lines]
    assert max(len(line) for line in told if not line.startswith("Model saved")) <= WIDTH
    assert [line for line in told if line.startswith("STEP")] == [
        line for line in results["diagnostics_report"].splitlines() if line.startswith("STEP")
    ]
    scans = [progress for progress in heard if progress.step == 1 and progress.total]
    assert [(scan.done, scan.total) for scan in scans] == [(1, 1)]


def test_lines_are_written_when_progress_is_true(strategy, capsys):
    train(strategy, progress=True)
    out = capsys.readouterr().out
    for words in ("ML TRAINING PIPELINE", "STEP 5", "Epoch   1/3", "VERDICT", "Model saved"):
        assert words in out


@pytest.mark.parametrize("progress", [False, None])
def test_nothing_is_written_when_progress_is_off(strategy, capsys, progress):
    train(strategy, progress=progress)
    assert capsys.readouterr().out == ""


def test_plain_ascii_is_written_when_the_terminal_knows_no_more(strategy, monkeypatch, tmp_path):
    with (tmp_path / "out.txt").open("w", encoding="ascii") as out:
        monkeypatch.setattr(sys, "stdout", out)
        train(strategy, progress=True)
    assert "  * " in (tmp_path / "out.txt").read_text(encoding="ascii")


def test_setups_keep_to_the_dates_when_dates_are_given(strategy):
    start, end = datetime(2024, 1, 20, tzinfo=UTC), datetime(2024, 8, 1, tzinfo=UTC)
    results = train(strategy, start_date=start, end_date=end)
    assert f"{start:%Y-%m}" in results["diagnostics_report"]
    run = TrainingRun.objects.get(pk=results["run_id"])
    assert run.settings["start_date"] == "2024-01-20T00:00:00+00:00"
    same = train(make_strategy(), start_date=date(2024, 1, 20), end_date=datetime(2024, 8, 1))  # noqa: DTZ001
    assert same["metrics"] == results["metrics"]


def test_bars_built_from_finer_ones_are_named_in_the_report(strategy):
    results = train(make_strategy(timeframes=["1h", "4h"]))
    report = " ".join(results["diagnostics_report"].split())
    assert "! EURUSD: 4h bars built from 1h candles" in report


def test_synthetic_market_is_said_so_in_the_report(strategy):
    assert "Synthetic market" not in train(strategy)["diagnostics_report"]
    Instrument.objects.update(is_synthetic=True)
    assert "Synthetic market" in train(strategy)["diagnostics_report"]


def test_training_can_be_stopped_when_asked(strategy):
    results = train(strategy, epochs=50, should_stop=lambda: True)
    assert results["stopped_because"] == "cancelled"
    assert results["epochs_run"] < 50


def check_failed(strategy, words):
    run = TrainingRun.objects.get(strategy=strategy)
    assert run.state == TrainingRun.State.FAILED
    assert words in run.error
    assert run.hint
    assert run.results == {}
    assert not Checkpoint.objects.filter(run=run).exists()


def test_run_fails_in_words_when_candles_are_missing():
    strategy = make_strategy(symbols=["GBPUSD"])
    with pytest.raises(DataError, match="candles are missing"):
        train(strategy)
    check_failed(strategy, "candles are missing")


def test_run_fails_in_words_when_there_are_too_few_setups():
    make_market(candles=random_candles(300))
    strategy = make_strategy()
    with pytest.raises(DataError, match=r"effective setups|no labelled setup"):
        train(strategy)
    check_failed(strategy, "setup")


def test_run_fails_in_words_when_the_period_holds_no_setups(strategy):
    with pytest.raises(DataError, match="no labelled setup"):
        train(strategy, start_date=date(2050, 1, 1))
    check_failed(strategy, "no labelled setup")


def test_run_fails_in_words_when_a_setting_is_impossible(strategy):
    with pytest.raises(DataError, match="batch_size"):
        train(strategy, batch_size=1)
    check_failed(strategy, "batch_size")
    assert not strategy.scans.exists()  # told before the long work, not after it


def test_run_fails_and_the_error_goes_on_when_the_listener_raises(strategy):
    def break_down(progress):
        raise RuntimeError("the listener broke")

    with pytest.raises(RuntimeError, match="the listener broke"):
        train(strategy, progress=break_down)
    run = TrainingRun.objects.get(strategy=strategy)
    assert (run.state, run.error) == (TrainingRun.State.FAILED, "the listener broke")


def test_run_is_canceled_when_interrupted(strategy):
    def interrupt(progress):
        if progress.done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(strategy, progress=interrupt)
    assert TrainingRun.objects.get(strategy=strategy).state == TrainingRun.State.CANCELED


def test_strategy_can_be_trained_again_after_a_failure(strategy):
    with pytest.raises(DataError):
        train(strategy, batch_size=1)
    assert train(strategy)["success"]


def test_second_run_is_refused_while_one_is_active(strategy):
    open_run(strategy, {})
    with pytest.raises(RunConflictError):
        train(strategy)


def test_unknown_strategy_is_refused_in_words():
    with pytest.raises(DataError, match="no strategy"):
        MLTrainingPipeline().train_strategy_model(4711)
    assert not TrainingRun.objects.exists()


def test_unknown_option_is_refused_with_the_nearest_name(strategy):
    with pytest.raises(TypeError, match="no option `epoch`; did you mean `epochs`"):
        train(strategy, epoch=3)
    assert not TrainingRun.objects.exists()


def test_door_of_the_first_document_leads_to_the_pipeline():
    from strategy_builder.ml_training import MLTrainingPipeline as door  # noqa: N813, PLC0415

    assert door is MLTrainingPipeline


def test_torch_stays_out_when_the_pipeline_is_only_imported():
    code = (
        "import os, sys, django\n"
        "os.environ['DJANGO_SETTINGS_MODULE'] = 'strategy_builder.settings'\n"
        "django.setup()\n"
        "import strategy_builder.ml_training\n"
        "print('torch' in sys.modules, 'sklearn' in sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["False", "False"]


def test_candles_start_on_the_monday_the_dates_assume():
    assert datetime.fromtimestamp(MONDAY, tz=UTC) == datetime(2024, 1, 1, tzinfo=UTC)


def test_choices_reach_the_row_and_the_report_when_given(strategy):
    results = train(strategy, epochs=2, batch_size=32, learning_rate=0.002, seed=7)
    run = TrainingRun.objects.get(pk=results["run_id"])
    assert run.seed == 7
    assert run.settings["batch_size"] == 32
    assert run.settings["learning_rate"] == 0.002
    report = " ".join(results["diagnostics_report"].split())
    assert "learning rate 0.002000, batch size 32, at most 2 epochs, device cpu, seed 7" in report


def test_transfer_learning_is_left_out_in_words_when_switched_off(strategy):
    results = train(strategy, use_transfer_learning=False)
    assert "switched off" in results["transfer"]["reason"]
    assert "Transfer learning was switched off" in results["diagnostics_report"]


@pytest.mark.parametrize(
    ("option", "value"), [("device", "abacus"), ("learning_rate", -1.0), ("epochs", 0)]
)
def test_impossible_choice_is_refused_in_words(strategy, option, value):
    with pytest.raises(DataError) as caught:
        train(strategy, **{option: value})
    run = TrainingRun.objects.get(strategy=strategy)
    assert run.state == TrainingRun.State.FAILED
    assert str(value) in str(caught.value)


def test_none_means_the_default_when_given_for_any_option(strategy):
    results = train(strategy, batch_size=None, seed=None, should_stop=None)
    assert results["model_sha256"] == train(make_strategy())["model_sha256"]


def test_strategy_is_found_by_its_name_when_it_is_the_only_one(strategy):
    results = MLTrainingPipeline().train_strategy_model(strategy.name, epochs=1, device="cpu")
    assert results["strategy_id"] == strategy.pk
