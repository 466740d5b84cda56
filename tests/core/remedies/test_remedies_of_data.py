"""What the remedies of rows and targets do to a state, one by one."""

import numpy as np
import pytest
import torch
from torch.nn import functional

from ml_training.core.remedies.balanced_sampling import BalancedSampling
from ml_training.core.remedies.class_weights import ClassWeights
from ml_training.core.remedies.drop_copies import DropCopies
from ml_training.core.remedies.drop_doubtful import DropDoubtful, knows_more
from ml_training.core.remedies.drop_outliers import DropOutliers
from ml_training.core.remedies.scale_targets import ScaleTargets
from ml_training.core.remedies.smooth_labels import SmoothLabels
from ml_training.core.treatments import Silence, Winsorise, load_treatment
from tests.core.builders import make_finding, make_network, make_rows, make_state, make_values


def rare_state(**settings):
    X, y = make_rows(1_000)
    keep = (y == 0) | (np.arange(1_000) % 20 == 0)
    return make_state(X=X[keep], y=y[keep], **settings)


def two_arguments(outputs, targets):
    return functional.binary_cross_entropy_with_logits(outputs, targets)


def test_an_epoch_holds_every_class_equally_often_after_balancing():
    state = rare_state(loss=two_arguments)
    BalancedSampling().apply(state, make_finding())
    seen = []
    while not state.has_epoch_ended():
        batch = state.next_batch()
        seen.append(batch.y)
        state.position += len(batch.y)
    assert float(torch.cat(seen).mean()) == pytest.approx(0.5, abs=0.08)


def test_drawing_gives_the_same_rows_after_an_interruption():
    state = rare_state()
    BalancedSampling().apply(state, make_finding())
    state.position = 32
    first = state.next_batch().X.clone()
    state.batches.take(state.data.train, epoch=1, position=0, batch_size=32)
    assert torch.equal(first, state.next_batch().X)


def test_class_weights_have_a_mean_row_of_one():
    state = rare_state()
    ClassWeights().apply(state, make_finding())
    weights = np.array(state.knobs.class_weights)[state.data.raw_train.y]
    assert weights.mean() == pytest.approx(1.0)


def test_class_weights_object_when_they_cannot_reach_the_loss():
    assert "loss" in ClassWeights().objection(rare_state(loss=two_arguments))


@pytest.mark.parametrize("remedy", [BalancedSampling(), ClassWeights(), SmoothLabels()])
def test_values_have_no_classes_to_treat(remedy):
    X, y = make_values()
    assert remedy.objection(make_state(X=X, y=y, model=make_network(4)))


def test_the_first_of_equal_rows_is_kept():
    X, y = make_rows(100)
    state = make_state(X=np.vstack([X[:40], X]), y=np.concatenate([y[:40], y]))
    DropCopies().apply(state, make_finding())
    kept = state.data.raw_train.X
    assert len(np.unique(kept, axis=0)) == len(kept)
    assert np.array_equal(kept[:40], X[:40])


def test_far_rows_go_and_their_scale_with_them():
    X, y = make_rows()
    X[:4] += 1e6
    state = make_state(X=X / 1e5, y=y)
    DropOutliers().apply(state, make_finding())
    assert len(state.data.raw_train) == 236
    assert 0.5 < float(state.data.train.X.std()) < 2.0


def test_the_label_of_a_row_beside_its_equals_is_in_doubt():
    X, y = make_rows(400, noise=0.0)
    wrong = np.arange(400) % 10 == 0
    state = make_state(X=X, y=np.where(wrong, 1 - y, y))
    DropDoubtful().apply(state, make_finding())
    assert 250 < len(state.data.raw_train) < 310


def test_rows_stay_when_neighbours_only_guess():
    X, _ = make_rows()
    y = np.random.default_rng(0).integers(0, 2, len(X))
    assert "guessing" in DropDoubtful().objection(make_state(X=X, y=y))


@pytest.mark.parametrize(
    ("n_rows", "share", "knows"), [(300, 0.44, False), (700, 0.41, True), (150, 0.37, True)]
)
def test_few_rows_must_be_right_more_often_to_be_believed(n_rows, share, knows):
    doubtful = np.arange(n_rows) < share * n_rows
    assert knows_more(doubtful, np.arange(n_rows) % 2) is knows


def test_doubt_about_most_rows_is_no_reason_to_drop_them():
    X, _ = make_rows(40)
    state = make_state(X=X, y=np.arange(40) % 2, batch_size=8)
    state.data.raw_train.y[:] = np.arange(len(state.data.raw_train)) % 2
    remedy = DropDoubtful()
    if not remedy.objection(state):
        remedy.apply(state, make_finding())
    assert len(state.data.raw_train) >= 16


def test_targets_are_scaled_and_losses_compared_in_the_units_of_the_caller():
    X, y = make_values()
    state = make_state(X=X, y=1_000.0 + 50.0 * y, model=make_network(4))
    ScaleTargets().apply(state, make_finding())
    assert float(state.data.train.y.std()) == pytest.approx(1.0, abs=0.01)
    back = state.objective.in_first_units(state.data.train.y)
    assert np.allclose(back.numpy(), state.data.raw_train.y)


def test_targets_near_one_are_left_alone():
    X, y = make_values()
    assert ScaleTargets().objection(make_state(X=X, y=y, model=make_network(4)))


def test_smoothing_draws_targets_to_the_middle():
    state = make_state()
    SmoothLabels().apply(state, make_finding())
    told = state.objective.smoothed(torch.tensor([0.0, 1.0]))
    assert told.tolist() == pytest.approx([0.05, 0.95])


@pytest.mark.parametrize(
    "treatment",
    [Silence((1,), (0.5,)), Winsorise(low=np.array([-1.0, -2.0]), high=np.array([1.0, 2.0]))],
)
def test_a_treatment_survives_its_file(treatment):
    X = 5.0 * np.random.default_rng(0).normal(size=(20, 2))
    again = load_treatment(treatment.as_dict())
    assert np.array_equal(again.apply(X), treatment.apply(X))
    assert not np.array_equal(treatment.apply(X), X)
