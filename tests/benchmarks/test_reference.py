"""The plain loop trains, measures, and reproduces what the document measured."""

import math

import numpy as np
import pytest

from benchmarks.faults.cases import build_workload
from benchmarks.faults.reference import Care, PlainLoop, measure, predict
from tests.benchmarks.builders import make_case, make_dataset, read_given

GIVEN = read_given()
needs_given = pytest.mark.skipif(not GIVEN, reason="the case file is not beside the checkout")


def test_loss_falls_and_score_is_high_when_the_case_is_easy():
    measured = measure(build_workload(make_case(epochs=15), 0))
    assert measured["train_loss_last_epoch"] < 0.5 * measured["train_loss_first_epoch"]
    assert measured["val_balanced_accuracy"] > 0.95
    assert measured["test_balanced_accuracy"] > 0.9
    assert measured["steps"] == 15 * 7


def test_numbers_are_the_same_when_trained_twice():
    first, second = (measure(build_workload(make_case(), 3)) for _ in range(2))
    assert first == second


def test_first_broken_step_is_recorded_when_a_batch_is_poisoned():
    case = make_case(events=[{"at_step": 9, "op": "nan_batch"}])
    measured = measure(build_workload(case, 0))
    assert measured["first_nonfinite_step"] == 9
    assert measured["largest_predicted_class_share"] == 1
    assert math.isinf(measured["largest_loss_over_median"])


def test_training_ends_before_the_plan_when_patience_runs_out():
    care = Care(patience=2, restore_best=True)
    noisy = make_dataset("plane", {"op": "label_noise", "fraction": 0.3})
    case = make_case(dataset=noisy, epochs=60)
    loop = PlainLoop(build_workload(case, 0), care)
    seen = loop.train()
    assert len(seen.train_losses) < 60
    assert seen.val_losses[-3] == min(seen.val_losses)


def test_best_weights_return_when_they_are_restored():
    case = make_case(optimizer={"name": "sgd", "lr": 20.0}, epochs=12)
    workload = build_workload(case, 1)
    kept = measure(workload, Care(restore_best=True))["val_balanced_accuracy"]
    assert kept >= measure(workload)["val_balanced_accuracy"]


def test_steps_stay_small_when_gradients_are_clipped():
    case = make_case(optimizer={"name": "sgd", "lr": 1.0})
    workload = build_workload(case, 0)
    before = [p.detach().clone() for p in workload.model().parameters()]
    loop = PlainLoop(workload, Care(clip_norm=1e-6))
    loop.train()
    moved = sum(
        float((now.detach() - then).abs().sum())
        for now, then in zip(loop.model.parameters(), before, strict=True)
    )
    assert moved < 1e-3


def test_schedule_is_stepped_by_epochs_when_there_is_one():
    loop = PlainLoop(build_workload(make_case(scheduler={"name": "exponential", "gamma": 0.5}), 0))
    loop.train()
    assert loop.optimizer.param_groups[0]["lr"] == pytest.approx(0.02 * 0.5**6)


def test_dead_units_are_counted_when_biases_start_low():
    network = {"hidden": [8], "activation": "relu", "init": "zeros", "bias_init": "constant_-9"}
    measured = measure(build_workload(make_case(model=network), 0))
    assert measured["dead_relu_share"] == 1


@pytest.mark.parametrize(
    ("loss", "answer"),
    [
        ("bce_on_probs", 0),
        ("bce_with_logits", 1),
    ],
)
def test_output_is_read_as_its_loss_reads_it_when_predicting(loss, answer):
    says_four_tenths = {"hidden": [], "activation": "relu", "init": "zeros"}
    says_four_tenths["bias_init"] = "constant_0.4"
    workload = build_workload(make_case(model=says_four_tenths, loss=loss), 0)
    told = predict(workload.model(), workload, workload.parts.X_val)
    np.testing.assert_array_equal(told, answer)


def test_first_class_is_told_when_outputs_are_not_numbers():
    dataset = make_dataset("wine", args={}, unseen=0)
    workload = build_workload(make_case(dataset=dataset, loss="cross_entropy"), 0)
    told = predict(workload.model(), workload, np.full((3, 13), np.nan))
    np.testing.assert_array_equal(told, 0)


@needs_given
@pytest.mark.parametrize("key", ["fit_too_few_epochs", "dc_flipped_gradient"])
def test_document_scores_return_when_the_plain_loop_trains(key):
    case = GIVEN[key]
    wanted = case.measured["as_given"]["val_balanced_accuracy"]
    found = [measure(build_workload(case, seed))["val_balanced_accuracy"] for seed in range(3)]
    assert np.mean(found) == pytest.approx(np.mean(wanted), abs=0.02)


@needs_given
def test_document_breaks_at_the_same_step_when_it_breaks():
    for key in ("spike_nan_batch", "sm_nan_cells", "init_large_std"):
        case = GIVEN[key].overridden({"epochs": 8})
        wanted = case.measured["as_given"]["first_nonfinite_step"][0]
        assert measure(build_workload(case, 0))["first_nonfinite_step"] == wanted


@needs_given
def test_every_given_case_can_be_built_when_read():
    for case in GIVEN.values():
        for version in (case, case.cured()) if case.is_repairable else (case,):
            workload = build_workload(version, 0)
            workload.settings()
            workload.loss()
            assert workload.model() is not None
