"""A training that is interrupted and goes on ends as one that was not."""

import pytest

from ml_training.models import Checkpoint, TrainingRun
from ml_training.pipeline import train_claimed_run
from ml_training.services.endings import requeue_drained
from ml_training.services.leases import Halted, claim_run
from ml_training.services.queue import request_cancel, requeue
from ml_training.services.resuming import Drain
from ml_training.services.runs import create_run
from ml_training.study.progress import ignore
from tests.data.builders import random_candles
from tests.services.builders import make_market, make_strategy

pytestmark = pytest.mark.django_db
SETTINGS = {"epochs": 12, "batch_size": 2, "learning_rate": 0.003, "device": "cpu"}
"""Batches so small that the engine has something to repair."""


@pytest.fixture(autouse=True)
def eager(settings):
    """Save wherever it is possible."""
    settings.ML_TRAINING = {"checkpoint_s": 0.0}


@pytest.fixture(scope="module")
def candles():
    return random_candles(6_000, volatility=0.003)


@pytest.fixture
def run(candles):
    make_market(candles=candles)
    return create_run(make_strategy(), SETTINGS)


def train(run, *, n_signs=None):
    """Train; when asked to go after so many signs of life, say what came of it."""
    lease = claim_run(run.pk, "host:1")
    drain, signs = Drain(), []

    def keep():
        signs.append(1)
        if n_signs is not None and len(signs) >= n_signs and drain.asked_at is None:
            drain.ask()
        drain.check()

    try:
        train_claimed_run(TrainingRun.objects.get(pk=run.pk), keep, ignore, drain)
    except Halted as halted:
        requeue_drained(lease)
        return halted.why
    return "done"


def read_end(run):
    """Return the end of a run without times and names."""
    run.refresh_from_db()
    marks = ("Time:", "Model saved", "ML TRAINING PIPELINE")
    report = [line for line in run.report.splitlines() if not line.startswith(marks)]
    points = run.points.order_by("number").values_list("number", "kind", "attempt", "step")
    events = run.events.order_by("number").values_list("number", "problem", "remedy", "outcome")
    stored = [row["values"] for row in run.points.order_by("number").values("values")]
    return run.state, run.model_digest, report, list(points), stored, list(events)


@pytest.fixture
def undisturbed(run):
    other = create_run(make_strategy(), SETTINGS)
    train(other)
    return read_end(other)


@pytest.mark.slow
def test_run_ends_as_if_nothing_had_happened_when_interrupted_again_and_again(run, undisturbed):
    # More signs each time: what follows the network's own training is done in one go.
    n_times = 0
    while train(run, n_signs=round(60 * 1.2**n_times)) == "drained":
        n_times += 1
        assert n_times < 100
    assert n_times >= 4
    assert read_end(run) == undisturbed
    assert undisturbed[0] == "succeeded"
    assert undisturbed[-1], "the engine had nothing to repair: choose other settings"
    assert not Checkpoint.objects.filter(kind="resume").exists()


@pytest.mark.slow
def test_canceled_run_goes_on_from_its_state_when_requeued(run, undisturbed):
    assert train(run, n_signs=40) == "drained"
    run.refresh_from_db()
    request_cancel(run)
    assert Checkpoint.objects.filter(run=run, kind="resume").exists()
    requeue(run)
    assert train(run) == "done"
    assert run.points.exists()
    assert read_end(run) == undisturbed
    assert run.progress["resumed_from"] is not None


@pytest.mark.slow
def test_run_goes_on_from_the_state_before_when_the_newest_is_damaged(run, undisturbed):
    assert train(run, n_signs=40) == "drained"
    newest = Checkpoint.objects.filter(run=run, kind="resume").first()
    with newest.file.storage.open(newest.file.name, "r+b") as file:
        file.seek(newest.size // 2)
        byte = file.read(1)
        file.seek(newest.size // 2)
        file.write(bytes([byte[0] ^ 1]))
    assert train(run) == "done"
    assert read_end(run) == undisturbed
