"""What a network has to end in, and where a run stands against guessing."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from ml_training.core.endings import (
    describe_ending,
    has_far_targets,
    is_ending_right,
    scale_far_targets,
    wanted_ending,
)
from ml_training.core.history import EpochScore
from ml_training.core.objective import Objective
from ml_training.core.standing import (
    best_over_naive,
    is_far_below_guessing,
    is_near_guessing,
    last_signals,
)
from tests.core.builders import (
    make_classes,
    make_network,
    make_observations,
    make_run,
    make_values,
)


def observe(*losses, naive_loss=1.0, signals=()):
    """Return what is seen after epochs with these validation losses."""
    seen = make_observations(naive_loss=naive_loss)
    for epoch, loss in enumerate(losses):
        seen.history.add_score(
            EpochScore(
                epoch=epoch,
                step=epoch,
                train_loss=1.0,
                validation_loss=loss,
                validation_score=0.5,
                learning_rate=0.1,
                signals=dict(signals[epoch]) if signals else {},
            )
        )
    return seen


def test_the_best_epoch_counts_when_later_ones_are_worse():
    assert best_over_naive(observe(2.0, 0.5, 9.0, naive_loss=2.0)) == pytest.approx(0.25)


def test_epochs_without_a_loss_do_not_count():
    assert best_over_naive(observe(np.nan, 0.8, np.inf)) == pytest.approx(0.8)


@pytest.mark.parametrize(
    "seen",
    [
        observe(),
        observe(np.nan, np.inf),
        observe(0.5, naive_loss=np.nan),
        observe(0.5, naive_loss=0.0),
    ],
    ids=["no epoch", "no number", "no naive loss", "nothing to beat"],
)
def test_a_run_has_the_benefit_of_the_doubt_when_nothing_is_known(seen):
    assert np.isnan(best_over_naive(seen))
    assert not is_near_guessing(seen)
    assert not is_far_below_guessing(seen)


@pytest.mark.parametrize(
    ("loss", "is_near", "is_far"),
    [(1.5, True, False), (0.99, True, False), (0.9, False, False), (0.1, False, True)],
)
def test_a_run_is_near_or_far_from_guessing_by_its_best_loss(loss, is_near, is_far):
    seen = observe(7.0, loss)
    assert (is_near_guessing(seen), is_far_below_guessing(seen)) == (is_near, is_far)


def test_the_signals_of_the_last_epoch_are_found_by_how_they_begin():
    first, last = {"gap_a": 9.0}, {"gap_a": 1.0, "gap_b": 2.0, "size_gap_": 3.0}
    seen = observe(1.0, 1.0, signals=(first, last))
    assert last_signals(seen, "gap_") == {"a": 1.0, "b": 2.0}
    assert last_signals(observe(), "gap_") == {}


def ended(ending, n_outputs=1, n_features=6):
    """Return a network that ends in this module."""
    return nn.Sequential(*make_network(n_features, n_outputs), ending)


@pytest.mark.parametrize(
    ("loss", "right", "wrong"),
    [
        ("auto", nn.Identity(), nn.Sigmoid()),
        (nn.BCEWithLogitsLoss(), nn.Identity(), nn.Tanh()),
        (nn.BCELoss(), nn.Sigmoid(), nn.Hardsigmoid()),
    ],
    ids=["auto", "logits", "shares"],
)
def test_the_ending_of_one_output_is_judged_by_its_loss(loss, right, wrong):
    state = make_run(ended(right), loss=loss).state
    assert isinstance(wanted_ending(state), type(right))
    assert is_ending_right(state)
    assert not is_ending_right(make_run(ended(wrong), loss=loss).state)


@pytest.mark.parametrize(
    ("loss", "right"),
    [("auto", nn.Identity()), (nn.NLLLoss(), nn.LogSoftmax(dim=-1))],
    ids=["auto", "log shares"],
)
def test_the_wanted_ending_gives_the_loss_what_it_is_made_for(loss, right):
    X, y = make_classes()
    state = make_run(ended(right, 3, 4), X, y, loss=loss).state
    ending = wanted_ending(state)
    logits = torch.randn(5, 3, generator=torch.Generator().manual_seed(0))
    shares = state.objective.probabilities(ending(logits))
    np.testing.assert_allclose(shares, logits.softmax(dim=1), rtol=1e-5)
    assert is_ending_right(state)


def test_a_bent_ending_is_wrong_when_values_are_learned():
    X, y = make_values()
    assert is_ending_right(make_run(make_network(4), X, y).state)
    bent = make_run(ended(nn.ReLU(), n_features=4), X, y).state
    assert not is_ending_right(bent)
    assert describe_ending(bent) == "ReLU"


def state_of_targets(y):
    """Return a state whose targets are as given, whatever the start made of them."""
    X, _ = make_values(len(y))
    state = make_run(make_network(4), X, y).state
    state.objective = Objective("regression", "auto", 0)
    state.objective.bind(torch.zeros(2, 1))
    state.data = replace(state.data, targets=state.objective.targets)
    return state


@pytest.mark.parametrize(
    ("centre", "width", "is_far"),
    [
        (0.0, 1.0, False),
        (3.0, 2.0, False),
        (40.0, 1.0, True),
        (-40.0, 1.0, True),
        (0.0, 30.0, True),
        (0.0, 0.01, True),
    ],
)
def test_targets_are_far_when_centre_or_width_is_not_near_one(centre, width, is_far):
    y = centre + width * np.random.default_rng(0).normal(size=300)
    assert has_far_targets(state_of_targets(y)) is is_far


def test_far_targets_are_learned_around_zero_once_and_said_so():
    state = state_of_targets(5e3 + 100.0 * np.random.default_rng(0).normal(size=300))
    before = describe_ending(state)
    scale_far_targets(state)
    learned = state.data.train.y.double()
    assert float(learned.mean()) == pytest.approx(0.0, abs=1e-3)
    assert float(learned.std(correction=0)) == pytest.approx(1.0, rel=1e-3)
    assert not has_far_targets(state)
    assert describe_ending(state) != before
    scaled = state.objective.target_scale
    scale_far_targets(state)
    assert state.objective.target_scale == scaled


def test_scaled_targets_give_back_the_first_units():
    state = state_of_targets(5e3 + 100.0 * np.random.default_rng(0).normal(size=300))
    scale_far_targets(state)
    back = state.objective.in_first_units(state.data.train.y)
    np.testing.assert_allclose(back, state.data.raw_train.y, rtol=1e-6)


def test_near_targets_and_classes_stay_as_they_are():
    for state in (make_run().state, state_of_targets(make_values()[1])):
        before = state.objective
        scale_far_targets(state)
        assert state.objective is before


def test_targets_that_never_change_are_not_called_far():
    assert not has_far_targets(state_of_targets(make_values()[1] * 0.0 + 1e6))
