import math

import numpy as np
import pytest
import torch
from torch import nn

from ml_training.core.events import BatchesRead, EpochEnded, PartFailed
from ml_training.core.loop import advance, describe_anew, train, why_stop
from ml_training.core.scores import evaluate
from ml_training.core.state import seeded
from ml_training.core.structure import put_back
from tests.core.builders import (
    Listener,
    PoisonedAt,
    are_equal,
    make_network,
    make_rows,
    make_run,
    weights_of,
)


def test_all_epochs_are_trained_when_nothing_ends_it():
    run = make_run(max_epochs=4, patience=None)
    assert train(run) == "all_epochs_trained"
    assert run.state.epoch == 4
    assert run.state.step == run.plan.planned_steps == run.n_steps_taken


def test_training_stops_when_the_loss_has_stopped_improving():
    run = make_run(max_epochs=200, patience=3, learning_rate=0.05, repair=False)
    assert train(run) == "early_stopping"
    scores = run.history.scores
    best = min(range(len(scores)), key=lambda i: scores[i].validation_loss)
    assert len(scores) - 1 - best == 3
    assert run.state.progress.best_epoch == best


def test_the_best_model_is_the_one_of_the_best_epoch_batch_statistics_included():
    kept = {}

    def keep(event):
        if isinstance(event, EpochEnded):
            kept[event.score.epoch] = weights_of(run.state.model)

    run = make_run(emit=keep, max_epochs=30, learning_rate=0.05, patience=None, repair=False)
    train(run)
    best = run.state.progress.best_epoch
    assert best < 29
    put_back(run.state.progress.best)
    assert are_equal(weights_of(run.state.model), kept[best])
    assert not are_equal(kept[best], kept[29])
    measured = evaluate(run.state.model, run.state.objective, run.state.data.stopping, chunk=32)
    assert measured.loss == run.state.progress.best_loss


def test_the_run_stops_within_some_steps_when_told_to():
    asked = []

    def should_stop():
        asked.append(1)
        return len(asked) > 2

    run = make_run(max_epochs=1000, patience=None, should_stop=should_stop)
    assert train(run) == "cancelled"
    assert run.state.epoch <= 3


def test_the_budget_ends_a_run():
    run = make_run(max_epochs=50, patience=None)
    run.step_budget = 20
    assert train(run) == "budget_spent"
    assert run.n_steps_taken < 20 + run.plan.steps_per_epoch


def test_every_batch_is_handed_out_once_and_in_order():
    listener = Listener()
    run = make_run(emit=listener, max_epochs=3)
    train(run)
    steps = [reading.step for event in listener.of(BatchesRead) for reading in event.readings]
    assert steps == list(range(run.state.step))


def test_readings_are_told_before_their_epoch():
    listener = Listener()
    train(make_run(emit=listener, max_epochs=2))
    kinds = [type(event).__name__ for event in listener.events]
    assert kinds == ["BatchesRead", "EpochEnded"] * 2


def test_train_loss_is_the_mean_of_the_batches_of_the_epoch():
    listener = Listener()
    train(make_run(emit=listener, max_epochs=2))
    for readings, ended in zip(listener.of(BatchesRead), listener.of(EpochEnded), strict=True):
        losses = [reading.loss for reading in readings.readings]
        assert ended.score.train_loss == pytest.approx(sum(losses) / len(losses))


def test_a_schedule_moves_once_an_epoch():
    run = make_run(
        max_epochs=3,
        scheduler=lambda o: torch.optim.lr_scheduler.StepLR(o, 1, gamma=0.5),
        learning_rate=0.8,
        repair=False,
    )
    train(run)
    assert [score.learning_rate for score in run.history.scores] == [0.8, 0.4, 0.2]


def test_a_schedule_that_watches_the_loss_gets_it():
    run = make_run(
        max_epochs=10,
        patience=None,
        learning_rate=0.5,
        scheduler=lambda o: torch.optim.lr_scheduler.ReduceLROnPlateau(o, patience=0, factor=0.1),
    )
    train(run)
    assert run.state.learning_rate < 0.5


def test_a_schedule_that_raises_is_left_out_and_named():
    def make_schedule(optimizer):
        return torch.optim.lr_scheduler.LambdaLR(optimizer, lambda epoch: 1 / (2 - epoch))

    listener = Listener()
    run = make_run(emit=listener, max_epochs=5, scheduler=make_schedule)
    assert train(run) == "all_epochs_trained"
    assert run.state.schedule is None
    assert listener.of(PartFailed)[0].part == "schedule"


def test_a_poisoned_batch_is_found_at_its_step():
    run = make_run(PoisonedAt(13))
    found = []
    while not found:
        found = advance(run)
    assert found[0].problem == "nan_inf_loss"
    assert found[0].step == 12


def test_nothing_is_touched_when_repair_is_off():
    run = make_run(PoisonedAt(13), repair=False)
    assert train(run) == "beyond_repair"
    assert not run.medic.trials
    assert [finding.step for finding in run.monitor.findings] == [12]


def test_nothing_is_touched_when_the_problem_is_switched_off():
    run = make_run(PoisonedAt(13), switched_off=["nan_inf_loss"])
    train(run)
    assert not run.medic.trials
    assert run.monitor.findings


def test_a_repaired_run_goes_on_to_its_end():
    listener = Listener()
    run = make_run(PoisonedAt(13), emit=listener, max_epochs=8)
    assert train(run) == "all_epochs_trained"
    assert run.medic.trials[0].kept
    assert math.isfinite(run.history.scores[-1].train_loss)


def test_attempts_in_events_are_those_of_the_history():
    listener = Listener()
    run = make_run(PoisonedAt(13), emit=listener, max_epochs=8)
    train(run)
    told = [(e.attempt, r.step) for e in listener.of(BatchesRead) for r in e.readings]
    kept = run.history.as_dict()["batches"]
    assert told == list(zip(kept["attempt"], kept["step"], strict=True))


def test_visible_readings_have_every_step_once_after_a_repair():
    run = make_run(PoisonedAt(13), max_epochs=8)
    train(run)
    assert run.history.last("step").tolist() == list(range(run.state.step))


def test_two_runs_are_the_same_to_the_bit_when_the_seed_is():
    found = []
    for _ in range(2):
        with seeded(0, 1):
            run = make_run(
                PoisonedAt(13, torch.nn.Sequential(make_network(), torch.nn.Dropout(0.2)))
            )
            train(run)
            found.append(weights_of(run.state.model))
    assert are_equal(*found)


def test_a_run_says_nothing_while_it_may_go_on():
    assert why_stop(make_run()) == ""


def test_the_last_lone_row_is_trained_on():
    X, y = make_rows(81)  # 65 rows train, 16 validate
    run = make_run(make_network(), X, y, batch_size=32)
    advance(run)
    assert run.state.step == 2


@pytest.mark.parametrize("repair", [True, False])
def test_an_epoch_ends_when_its_last_batch_is_poisoned(repair):
    run = make_run(PoisonedAt(16), max_epochs=8, repair=repair)  # 8 batches an epoch
    found = []
    while not found:
        found = advance(run)
    assert run.state.has_epoch_ended()
    advance(run)
    assert run.state.epoch == 2


def test_rows_are_described_again_only_when_a_treatment_changed_them():
    run = make_run(make_network())
    before = run.data
    run.state.scale_learning_rate(0.5)
    describe_anew(run)
    assert run.data is before
    run.state.data = run.state.data.with_training(run.state.data.raw_train.at(np.arange(100)))
    describe_anew(run)
    assert run.data.n_rows == 100
    first = run.data
    run.state.turn(draws_balanced=True)  # what guessing costs depends on it
    describe_anew(run)
    assert run.data is not first


def test_the_network_is_measured_again_before_the_next_problem_is_asked_about():
    X, y = make_rows()
    network = nn.Sequential(nn.Linear(X.shape[1], 16), nn.ReLU(), nn.Linear(16, 1))
    nn.init.zeros_(network[0].weight)
    nn.init.zeros_(network[0].bias)
    run = make_run(network, X, y)
    assert run.network.layers[0].alike
    train(run)
    assert any(trial.kept and trial.problem == "poor_init" for trial in run.medic.trials)
    assert not run.network.layers[0].alike
