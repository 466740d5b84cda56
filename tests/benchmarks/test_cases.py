"""A case and a seed become everything a training needs."""

import numpy as np
import pytest
import torch
from torch import nn

from benchmarks.faults.cases import build_workload
from benchmarks.faults.events import StruckModel
from benchmarks.faults.losses import BinaryCrossEntropy
from tests.benchmarks.builders import make_case, make_dataset


def test_settings_repeat_the_plan_when_built():
    case = make_case(clip_norm=0.5, optimizer={"name": "sgd", "lr": 0.1, "momentum": 0.9})
    settings = build_workload(case, 7).settings()
    assert (settings.optimizer, settings.learning_rate) == ("sgd", 0.1)
    assert dict(settings.optimizer_options) == {"momentum": 0.9}
    assert (settings.batch_size, settings.max_epochs, settings.clip_norm) == (16, 6, 0.5)
    assert (settings.seed, settings.task) == (7, "binary")
    assert isinstance(settings.loss, nn.BCEWithLogitsLoss)


def test_patience_is_the_default_unless_the_case_brings_one():
    default = build_workload(make_case(), 0).settings().patience
    stopping = {"monitor": "val_loss", "patience": 4, "restore_best": True}
    assert build_workload(make_case(early_stopping=stopping), 0).settings().patience == 4
    assert default not in {4, None}


def test_settings_can_be_overridden_when_asked():
    assert build_workload(make_case(), 0).settings(repair=False).repair is False


def test_optimizer_is_a_factory_when_its_rate_jumps():
    event = {"at_epoch": 2, "op": "scale_lr", "factor": 100}
    workload = build_workload(make_case(events=[event]), 0)
    optimizer = workload.settings().optimizer([nn.Parameter(torch.ones(1))])
    for _ in range(2 * workload.steps_per_epoch + 1):
        optimizer.step()
    assert optimizer.param_groups[0]["lr"] == pytest.approx(2.0)


def test_model_is_wrapped_only_when_batches_are_struck():
    event = {"at_step": 3, "op": "nan_batch"}
    assert isinstance(build_workload(make_case(events=[event]), 0).model(), StruckModel)
    assert isinstance(build_workload(make_case(), 0).model(), nn.Sequential)


def test_events_are_fresh_when_a_second_model_is_built():
    workload = build_workload(make_case(events=[{"at_step": 0, "op": "nan_batch"}]), 0)
    for _ in range(2):
        assert workload.model()(torch.zeros(1, 4)).isnan().all()


def test_rows_stay_and_weights_change_when_the_seed_changes():
    first, second = (build_workload(make_case(), seed) for seed in (0, 1))
    np.testing.assert_array_equal(first.parts.X_train, second.parts.X_train)
    assert not torch.equal(first.model()[0].weight, second.model()[0].weight)


def test_epoch_counts_the_short_last_batch_when_rows_do_not_divide():
    assert build_workload(make_case(batch_size=50), 0).steps_per_epoch == 3  # of 112 rows


@pytest.mark.parametrize(
    ("name", "loss", "task", "n_outputs"),
    [
        ("plane", "bce_with_logits", "binary", 1),
        ("plane", "cross_entropy", "multiclass", 2),
        ("wine", "cross_entropy", "multiclass", 3),
        ("friedman1", "mse", "regression", 1),
    ],
)
def test_task_follows_data_and_loss_when_built(name, loss, task, n_outputs):
    dataset = make_dataset(name, args={"n": 90}, unseen=0)
    workload = build_workload(make_case(dataset=dataset, loss=loss), 0)
    assert (workload.task, workload.n_outputs) == (task, n_outputs)


def test_loss_is_weighted_by_training_rows_when_balanced():
    rare = make_dataset("plane", {"op": "minority_fraction", "fraction": 0.1})
    loss = build_workload(make_case(dataset=rare, loss="bce_with_logits_balanced"), 0).loss()
    assert isinstance(loss, BinaryCrossEntropy)
    assert loss.weights[1] > 5 * loss.weights[0]
