"""Runs open, end once, and never stand in each other's way."""

import hashlib
import subprocess
import sys
from datetime import timedelta

import pytest
from django.db import IntegrityError

from ml_training.errors import DataError
from ml_training.models import Strategy, TrainingRun
from ml_training.services.checkpoints import store_checkpoint
from ml_training.services.runs import (
    RunConflictError,
    RunStateError,
    cancel_run,
    close_run,
    create_run,
    fail_run,
    is_worker_gone,
    name_worker,
    note_digests,
    open_run,
    running,
    start_run,
)
from tests.services.builders import make_run, make_strategy

pytestmark = pytest.mark.django_db


def dead_worker() -> str:
    """Name a process of this host that has ended."""
    done = subprocess.Popen([sys.executable, "-c", ""])
    done.wait()
    return name_worker().rpartition(":")[0] + f":{done.pid}"


def end_elsewhere(strategy: Strategy, error: Exception) -> None:
    """Cancel the active run as another process would, then fail in this one."""
    cancel_run(strategy.runs.get())
    raise error


def test_run_holds_what_was_asked_when_opened():
    strategy = make_strategy()
    run = open_run(strategy, {"seed": 7, "epochs": 50, "start": None})
    assert run.state == "running"
    assert run.seed == 7
    assert run.settings == {"seed": 7, "epochs": 50, "start": None}
    assert run.rules_digest == strategy.rules_digest
    # SQLite's clock counts whole milliseconds, the row's own time microseconds.
    assert run.started_at > run.queued_at - timedelta(milliseconds=1)
    assert run.worker == name_worker()


def test_run_waits_when_created_only():
    run = create_run(make_strategy(), {})
    assert (run.state, run.started_at) == ("queued", None)
    start_run(run)
    assert run.state == "running"


def test_run_starts_once_when_two_claim_it():
    run = create_run(make_strategy(), {})
    other = TrainingRun.objects.get(pk=run.pk)
    start_run(run)
    with pytest.raises(RunStateError, match="expected to be queued, but it is running"):
        start_run(other)


def test_second_run_is_refused_when_one_is_active():
    strategy = make_strategy()
    first = open_run(strategy, {})
    with pytest.raises(RunConflictError, match=str(first.pk)) as caught:
        open_run(strategy, {})
    assert caught.value.run == first
    assert strategy.runs.count() == 1


@pytest.mark.parametrize("seed", [-1, 2**63, 1.5, "7", "x"])
def test_seed_is_refused_in_words_when_it_cannot_be_one(seed):
    strategy = make_strategy()
    with pytest.raises(DataError, match="`seed` must be a whole number"):
        open_run(strategy, {"seed": seed})
    assert not strategy.runs.exists()


@pytest.mark.parametrize("seed", [None, 0, 2**63 - 1])
def test_seed_is_kept_when_it_fits(seed):
    assert make_run(seed=seed).seed == (seed or 0)


def test_other_refusals_of_the_database_are_no_conflict():
    strategy = make_strategy()
    strategy.rules_digest = None
    with pytest.raises(IntegrityError, match="rules_digest"):
        open_run(strategy, {})


def test_other_strategies_train_when_one_is_active():
    make_run()
    assert make_run().state == "running"


@pytest.mark.parametrize("end", [fail_run, lambda run, _: cancel_run(run)])
def test_next_run_opens_when_the_last_has_ended(end):
    strategy = make_strategy()
    end(open_run(strategy, {}), ValueError("no"))
    assert open_run(strategy, {}).state == "running"


def test_run_keeps_its_results_when_closed(tmp_path):
    run = make_run()
    model = tmp_path / "model.safetensors"
    model.write_bytes(b"weights")
    checkpoint = store_checkpoint(run, "best", model)
    results = {"verdict": "no_edge", "diagnostics_report": "No edge.", "auc": float("nan")}
    close_run(run, results)
    assert (run.state, run.verdict, run.report) == ("succeeded", "no_edge", "No edge.")
    assert run.results["auc"] == "NaN"
    assert run.model_digest == checkpoint.sha256
    assert run.report_digest == hashlib.sha256(b"No edge.").hexdigest()
    assert run.ended_at >= run.started_at


def test_run_says_why_when_it_failed():
    run = make_run()
    fail_run(run, DataError("no setups were found", hint="Loosen the rules."))
    assert (run.state, run.error, run.hint) == (
        "failed",
        "no setups were found",
        "Loosen the rules.",
    )


def test_run_names_the_error_when_it_has_no_words():
    run = make_run()
    fail_run(run, MemoryError())
    assert run.error == "MemoryError"


@pytest.mark.parametrize("state", ["succeeded", "failed", "canceled"])
def test_ended_run_stays_as_it_is_when_somebody_writes(state):
    run = make_run()
    TrainingRun.objects.filter(pk=run.pk).update(state=state)
    for write in (lambda: close_run(run, {}), lambda: fail_run(run, ValueError())):
        with pytest.raises(RunStateError):
            write()
    with pytest.raises(RunStateError, match="has ended"):
        cancel_run(run)
    assert TrainingRun.objects.get(pk=run.pk).state == state


def test_block_fails_its_run_when_it_raises():
    with pytest.raises(DataError), running(make_strategy(), {}) as run:
        raise DataError("candles are missing", hint="Import them.")
    assert (run.state, run.hint) == ("failed", "Import them.")


def test_block_cancels_its_run_when_interrupted():
    with pytest.raises(KeyboardInterrupt), running(make_strategy(), {}) as run:
        raise KeyboardInterrupt
    assert run.state == "canceled"


def test_block_raises_its_own_error_when_the_run_was_ended_elsewhere():
    strategy = make_strategy()
    with pytest.raises(DataError, match="no setups"), running(strategy, {}):
        end_elsewhere(strategy, DataError("no setups"))
    assert strategy.runs.get().state == "canceled"


def test_orphan_fails_and_frees_its_strategy_when_its_process_is_dead():
    strategy = make_strategy()
    orphan = open_run(strategy, {})
    TrainingRun.objects.filter(pk=orphan.pk).update(worker=dead_worker())
    assert open_run(strategy, {}).state == "running"
    orphan.refresh_from_db()
    assert orphan.state == "failed"
    assert "ended without a word" in orphan.error


def test_worker_counts_as_alive_when_nothing_else_is_known():
    assert not is_worker_gone("another-host:1")
    assert not is_worker_gone("")
    assert not is_worker_gone(name_worker())
    assert not is_worker_gone(name_worker().rpartition(":")[0] + ":1")
    assert is_worker_gone(dead_worker())


def test_chain_of_hashes_grows_when_noted():
    run = make_run()
    note_digests(run, candles="c" * 64, setups="s" * 64, feature="f" * 64)
    run.refresh_from_db()
    assert (run.candles_digest, run.setups_digest, run.feature_digest) == (
        "c" * 64,
        "s" * 64,
        "f" * 64,
    )
