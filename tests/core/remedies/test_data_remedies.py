"""What the remedies that treat rows, classes and targets do to training."""

import numpy as np
import pytest
import torch
from torch import nn

from ml_training.core.remedies.balanced_sampling import BalancedSampling
from ml_training.core.remedies.class_weights import ClassWeights
from ml_training.core.remedies.cool_down import CoolDown
from ml_training.core.remedies.drop_copies import DropCopies
from ml_training.core.remedies.drop_doubtful import DropDoubtful
from ml_training.core.remedies.drop_feature import DropFeature
from ml_training.core.remedies.drop_outliers import WIDEST_CELL, DropOutliers
from ml_training.core.remedies.larger_batch import LargerBatch
from ml_training.core.remedies.robust_scaling import RobustScaling
from ml_training.core.remedies.scale_targets import ScaleTargets
from ml_training.core.remedies.smooth_labels import USUAL, SmoothLabels
from ml_training.core.remedies.weight_decay import WeightDecay
from ml_training.core.remedies.winsorise_cells import WinsoriseCells
from ml_training.core.treatments import apply_all
from tests.core.builders import (
    make_classes,
    make_finding,
    make_network,
    make_rows,
    make_run,
    make_values,
)


def make_uneven(n=300, *, n_rare=30, seed=0):
    """Return rows of which few belong to the second class."""
    rng = np.random.default_rng(seed)
    y = np.zeros(n, dtype=int)
    y[rng.choice(n, n_rare, replace=False)] = 1
    return rng.normal(size=(n, 6)) + y[:, None], y


def treat(remedy, run, **evidence):
    """Apply a remedy that must not object, and return what it says."""
    assert remedy.objection(run.state) == ""
    return remedy.apply(run.state, make_finding(**evidence))


def test_classes_of_like_size_are_not_weighed():
    X, y = make_rows()
    assert "as frequent" in ClassWeights().objection(make_run(make_network(), X, y).state)
    X, y = make_uneven(n_rare=60)
    assert not ClassWeights().objection(make_run(make_network(), X, y).state)


def test_only_cells_beyond_the_fence_are_pulled_back():
    X, y = make_rows()
    X[7, 2], X[11, 3] = 1e6, -1e6
    run = make_run(make_network(), X, y)
    before = run.state.data.train.X.clone()
    change = treat(WinsoriseCells(), run)
    after = run.state.data.train.X
    assert {(int(r), int(c)) for r, c in (before != after).nonzero()} == {(7, 2), (11, 3)}
    assert 5 < float(after.abs().max()) < 15
    assert "pulled 2 cells" in change.sentence
    assert "no cell" in WinsoriseCells().objection(run.state)


def test_cells_of_later_rows_are_pulled_back_as_well():
    X, y = make_rows()
    X[7, 2] = 1e6
    run = make_run(make_network(), X, y)
    treat(WinsoriseCells(), run)
    later = apply_all(run.state.data.treatments, np.full((1, 6), 1e9))
    assert later.max() < 15


def test_scaled_cells_need_no_fence():
    X, y = make_rows()
    X[7, 2] = 1e6
    run = make_run(make_network(), X, y)
    treat(RobustScaling(), run)
    assert "no cell" in WinsoriseCells().objection(run.state)


def step_by_hand(run, make_loss):
    """Return the loss of the next batch by hand, and that of the step taken on it."""
    state = run.state
    state.model.train()
    batch = state.next_batch()
    with torch.no_grad():
        wanted = make_loss(state.model(batch.X), batch.y)
    return float(wanted), run.step_once(state, batch).loss


def test_rare_rows_weigh_as_the_hand_says_when_classes_are_weighted():
    X, y = make_uneven()
    run = make_run(make_network(is_normalised=False), X, y)
    treat(ClassWeights(), run)
    counts = np.bincount(run.state.data.raw_train.y)
    by_class = torch.tensor(counts.sum() / (2 * counts), dtype=torch.float32)

    def weighted(outputs, targets):
        losses = nn.functional.binary_cross_entropy_with_logits(
            outputs[:, 0], targets, reduction="none"
        )
        weights = by_class[targets.long()]
        return (losses * weights).sum() / weights.sum()

    wanted, found = step_by_hand(run, weighted)
    assert found == pytest.approx(wanted, rel=1e-5)


def test_weighting_many_classes_agrees_with_the_weights_of_torch():
    X, y = make_classes(n_classes=3)
    y[(y == 2) & (np.arange(len(y)) % 4 > 0)] = 0
    run = make_run(make_network(4, 3, is_normalised=False), X, y)
    treat(ClassWeights(), run)
    loss = nn.CrossEntropyLoss(weight=torch.tensor(run.state.knobs.class_weights))
    wanted, found = step_by_hand(run, loss)
    assert found == pytest.approx(wanted, rel=1e-5)


def test_all_classes_weigh_the_same_in_sum_when_weighted():
    X, y = make_uneven()
    run = make_run(None, X, y)
    change = treat(ClassWeights(), run)
    counts = np.bincount(run.state.data.raw_train.y)
    in_sum = counts * np.array(run.state.knobs.class_weights)
    assert in_sum[0] == pytest.approx(in_sum[1])
    assert in_sum.sum() == pytest.approx(counts.sum())
    assert change.after == list(run.state.knobs.class_weights)


def test_classes_come_up_equally_often_when_drawn_balanced():
    X, y = make_uneven(2000, n_rare=100)
    run = make_run(None, X, y, batch_size=2000)
    assert float(run.state.next_batch().y.mean()) < 0.1
    treat(BalancedSampling(), run)
    assert float(run.state.next_batch().y.mean()) == pytest.approx(0.5, abs=0.06)


@pytest.mark.parametrize("first", [ClassWeights(), BalancedSampling()], ids=lambda r: r.key)
def test_classes_are_not_balanced_twice(first):
    run = make_run(None, *make_uneven())
    treat(first, run)
    assert "already" in ClassWeights().objection(run.state)
    assert "already" in BalancedSampling().objection(run.state)


@pytest.mark.parametrize(
    "remedy",
    [ClassWeights(), BalancedSampling(), DropDoubtful(), SmoothLabels(), CoolDown()],
    ids=lambda r: r.key,
)
def test_what_needs_classes_objects_when_values_are_learned(remedy):
    assert remedy.objection(make_run(None, *make_values()).state)


def test_weights_are_refused_when_the_loss_takes_none():
    def loss(outputs, targets):
        return nn.functional.binary_cross_entropy_with_logits(outputs, targets)

    assert "cannot reach" in ClassWeights().objection(make_run(loss=loss).state)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_smoothed_labels_agree_with_the_smoothing_of_torch(n_classes):
    X, y = make_classes(n_classes=n_classes)
    run = make_run(make_network(4, n_classes, is_normalised=False), X, y)
    treat(SmoothLabels(), run)
    wanted, found = step_by_hand(run, nn.CrossEntropyLoss(label_smoothing=USUAL))
    assert found == pytest.approx(wanted, rel=1e-5)
    assert SmoothLabels().objection(run.state)


def test_one_output_is_drawn_to_the_middle_when_labels_are_smoothed():
    run = make_run()
    treat(SmoothLabels(), run)
    smoothed = run.state.objective.smoothed(torch.tensor([0.0, 1.0]))
    assert smoothed.tolist() == pytest.approx([USUAL / 2, 1 - USUAL / 2])


def test_the_first_of_each_group_stays_when_copies_are_dropped():
    X, y = make_rows(120)
    X, y = np.concatenate([X, X[:40], X[:10]]), np.concatenate([y, 1 - y[:40], y[:10]])
    run = make_run(None, X, y)
    before = run.state.data.raw_train
    change = treat(DropCopies(), run)
    after = run.state.data.raw_train
    _, first = np.unique(before.X, axis=0, return_index=True)
    np.testing.assert_array_equal(after.X, before.X[np.sort(first)])
    np.testing.assert_array_equal(after.y, before.y[np.sort(first)])
    assert (change.before, change.after) == (len(before), len(after))
    assert len(run.state.data.train) == len(first) < len(before)
    assert DropCopies().objection(run.state)


def test_flipped_labels_go_and_others_stay_when_neighbours_contradict():
    rng = np.random.default_rng(0)
    y = np.arange(300) % 2
    X = rng.normal(size=(300, 4)) + 20.0 * y[:, None]
    told = y.copy()
    flipped = rng.choice(300, 15, replace=False)
    told[flipped] = 1 - told[flipped]
    run = make_run(make_network(4), X, told)
    treat(DropDoubtful(), run)
    kept = run.state.data.raw_train
    np.testing.assert_array_equal(kept.y, (kept.X.mean(axis=1) > 10).astype(int))
    assert DropDoubtful().objection(run.state)


def test_far_rows_go_and_later_ones_are_pulled_back_when_outliers_are_dropped():
    X, y = make_rows(400)
    X[::100, 2] = 1e7
    run = make_run(None, X, y)
    before = run.state.data.raw_train
    n_far = int((before.X[:, 2] > 1e6).sum())
    change = treat(DropOutliers(), run)
    data = run.state.data
    assert n_far > 0
    assert change.before - change.after == n_far
    assert data.raw_train.X.max() < 1e3
    assert data.treated(before.X).max() == WIDEST_CELL
    assert DropOutliers().objection(run.state)


def test_targets_are_measured_on_the_rows_that_stay_when_some_lay_far():
    X, y = make_values(400)
    y[::100] = 1e8
    run = make_run(make_network(4), X, y)
    treat(DropOutliers(), run)
    state = run.state
    assert state.data.raw_train.y.max() < 1e3
    assert state.objective.target_scale[1] < 10.0
    assert float(state.data.train.y.std(correction=0)) == pytest.approx(1.0, rel=1e-4)


def test_a_feature_that_stood_still_says_nothing_in_any_part_when_dropped():
    X, y = make_rows(600)
    X[:, 3] *= np.where(np.arange(600) < 480, 1e-9, 1.0)
    run = make_run(None, X, y)
    assert np.ptp(run.state.data.raw_train.X[:, 3]) < 1e-7
    change = treat(DropFeature(), run)
    data = run.state.data
    for rows in (data.train, data.stopping, data.judging):
        assert np.ptp(rows.X[:, 3].numpy()) == 0
        assert np.ptp(rows.X[:, 2].numpy()) > 1
    assert change.after[-1] == "silence"
    assert DropFeature().objection(run.state)
    new = np.random.default_rng(1).normal(size=(5, 6))
    assert np.ptp(apply_all(data.treatments, new)[:, 3]) == 0


def test_targets_are_learned_in_units_of_their_own_when_they_lie_far():
    X, y = make_values()
    run = make_run(make_network(4), X, 1e4 + 300.0 * y)
    treat(ScaleTargets(), run)
    found = run.state.data.train.y
    assert float(found.mean()) == pytest.approx(0.0, abs=1e-3)
    assert float(found.std(correction=0)) == pytest.approx(1.0, rel=1e-3)


def test_guesses_stay_and_certainty_falls_when_cooled():
    run = make_run()
    logits = torch.linspace(-4, 4, 9)
    treat(CoolDown(), run, temperature=2.5)
    objective = run.state.objective
    np.testing.assert_allclose(objective.as_predicted(logits), logits / 2.5, rtol=1e-6)
    assert CoolDown().objection(run.state)


def test_batches_grow_and_the_rate_falls_when_gradients_are_noisy():
    run = make_run(batch_size=4, learning_rate=0.1)
    treat(LargerBatch(rate_factor=0.5), run)
    assert len(run.state.next_batch().X) == 32
    assert run.state.learning_rate == pytest.approx(0.05)


def test_every_group_decays_when_decay_is_asked_for():
    run = make_run(optimizer="sgd")
    change = treat(WeightDecay(strength=0.25), run)
    groups = run.state.optimizer.param_groups
    assert [group["weight_decay"] for group in groups] == [0.25] * len(groups)
    assert change.after == 0.25
