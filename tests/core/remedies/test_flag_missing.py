"""Gaps that tell something: found, marked, learned from, marked again in prediction."""

import numpy as np
import pytest
import torch
from torch import nn

from ml_training.core.events import TrialStarted
from ml_training.core.fit import fit
from ml_training.core.network import HouseNetwork
from ml_training.core.remedies.fallback_network import FallbackNetwork
from ml_training.core.remedies.flag_missing import FlagMissing, find_entrance, find_telling
from ml_training.core.remedies.robust_scaling import RobustScaling
from ml_training.core.result import FitResult
from ml_training.core.settings import TrainSettings
from tests.core.builders import (
    Listener,
    are_equal,
    make_classes,
    make_finding,
    make_network,
    make_rows,
    make_run,
    make_values,
    take_steps,
    weights_of,
)


def make_gaps(n=400, *, telling=(2,), idle=(3,), seed=0):
    """Return rows with gaps that depend on the class in some columns only."""
    X, y = make_rows(n, seed=seed)
    rng = np.random.default_rng(seed)
    for column in telling:
        X[rng.random(n) < np.where(y == 1, 0.45, 0.05), column] = np.nan
    for column in idle:
        X[rng.random(n) < 0.25, column] = np.nan
    return X, y


def make_patient(model=None, **gaps):
    return make_run(make_network() if model is None else model, *make_gaps(**gaps))


def treat(run):
    assert FlagMissing().objection(run.state) == ""
    return FlagMissing().apply(run.state, make_finding())


def test_only_columns_whose_gaps_tell_something_are_marked():
    run = make_patient(telling=(0, 4), idle=(1, 3))
    assert find_telling(run.state) == (0, 4)


def test_gaps_that_come_together_are_marked_once():
    X, y = make_gaps(idle=())
    X[np.isnan(X[:, 2]), 5] = np.nan
    assert find_telling(make_run(make_network(), X, y).state) == (2,)


def test_a_class_of_many_can_be_told_by_gaps():
    X, y = make_classes(400)
    X[(y == 2) & (np.arange(400) % 2 == 0), 1] = np.nan
    assert find_telling(make_run(make_network(4, 3), X, y).state) == (1,)


def test_values_can_be_told_by_gaps():
    X, y = make_values(400)
    X[(y > 1.0) & (np.arange(400) % 2 == 0), 3] = np.nan
    assert find_telling(make_run(make_network(4), X, y).state) == (3,)


def test_rare_gaps_are_left_as_they_are():
    X, y = make_rows(400)
    X[np.flatnonzero(y)[:10], 2] = np.nan
    assert "no column has gaps" in FlagMissing().objection(make_run(make_network(), X, y).state)


def test_random_gaps_are_rarely_taken_for_telling():
    found = [
        len(find_telling(make_patient(telling=(), idle=range(6), seed=seed).state))
        for seed in range(30)
    ]
    assert sum(found) <= 1  # of 30 tables; by chance one in 1,000


@pytest.mark.parametrize("make", [make_network, lambda: HouseNetwork(6, 1)])
def test_the_network_answers_as_before_until_it_is_trained(make):
    run = make_patient(make())
    state = run.state
    state.model.eval()
    with torch.no_grad():
        before = state.model(state.data.stopping.X)
        treat(run)
        after = state.model.eval()(state.data.stopping.X)
    assert state.data.train.X.shape[1] == 7
    torch.testing.assert_close(after, before)


def test_the_marks_are_where_the_gaps_are():
    X, y = make_gaps()
    run = make_run(make_network(), X, y)
    treat(run)
    rows = run.state.data
    for part, raw in ((rows.train, rows.raw_train), (rows.judging, rows.raw_judging)):
        assert np.array_equal(part.X[:, 6].numpy(), np.isnan(raw.X[:, 2]))
        assert torch.isfinite(part.X).all()


def test_training_gives_the_marks_a_weight():
    run = make_patient()
    treat(run)
    weights = find_entrance(run.state).module.weight.detach()[:, 6:]
    assert not weights.any()
    take_steps(run, 20)
    assert weights.all()


def test_asking_leaves_the_network_alone():
    run = make_patient()
    layers, before = list(run.state.model.modules()), weights_of(run.state.model)
    place = torch.get_rng_state()
    FlagMissing().objection(run.state)
    assert torch.equal(torch.get_rng_state(), place)
    assert list(run.state.model.modules()) == layers
    assert are_equal(before, weights_of(run.state.model))


def test_a_layer_without_bias_stays_without_when_it_grows():
    run = make_patient(nn.Sequential(nn.Linear(6, 8, bias=False), nn.ReLU(), nn.Linear(8, 1)))
    treat(run)
    assert run.state.model[0].bias is None
    assert run.state.model[0].weight.shape == (8, 7)
    assert torch.isfinite(torch.tensor(take_steps(run, 5))).all()


class Shortcut(nn.Module):
    """Add one feature to the outputs, past the layers."""

    def __init__(self, column) -> None:
        super().__init__()
        self.layers, self.column = make_network(), column

    def forward(self, rows):
        return self.layers(rows)[:, 0] + rows[:, self.column]


class Halves(nn.Module):
    """Send the features through two entrances."""

    def __init__(self) -> None:
        super().__init__()
        self.left, self.right = nn.Linear(6, 4), nn.Linear(6, 4)

    def forward(self, rows):
        return (self.left(rows) * self.right(rows)).sum(dim=1)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Shortcut(-1), "something else"),
        (Halves, "one dense layer"),
        (lambda: nn.Sequential(nn.BatchNorm1d(6), nn.Linear(6, 1)), "one dense layer"),
        (lambda: nn.Linear(6, 1), "single module"),
    ],
)
def test_networks_that_cannot_grow_only_have_their_gaps_filled(make, words):
    assert words in FlagMissing().objection(make_patient(make()).state)


def test_a_shortcut_that_does_not_mind_further_columns_stays():
    run = make_patient(Shortcut(0))
    treat(run)
    take_steps(run, 5)
    assert run.state.model.layers[0].in_features == 7


@pytest.mark.parametrize("remedy", [RobustScaling(), FallbackNetwork()], ids=lambda r: r.key)
def test_later_remedies_work_on_the_wider_table(remedy):
    run = make_patient()
    treat(run)
    remedy.apply(run.state, make_finding())
    losses = take_steps(run, 12)
    assert np.isfinite(losses).all()


def test_marks_stand_behind_columns_that_were_scaled_before():
    run = make_patient()
    RobustScaling().apply(run.state, make_finding())
    scaled = run.state.data.train.X
    treat(run)
    assert torch.equal(run.state.data.train.X[:, :6], scaled)
    assert set(run.state.data.train.X[:, 6].tolist()) == {0.0, 1.0}


def train(model, **settings):
    """Train on rows whose gaps say more than their features."""
    X, y = make_gaps(1_000, telling=(0, 4), idle=())
    return fit(
        model,
        X[:700],
        y[:700],
        X[700:],
        y[700:],
        settings=TrainSettings(max_epochs=12, batch_size=32, learning_rate=3e-3, **settings),
    )


@pytest.mark.parametrize("make", [lambda: None, lambda: make_network(is_normalised=False)])
def test_marks_are_kept_where_they_help_and_travel_with_the_model(make, tmp_path):
    result = train(make())
    assert [t.verdict for t in result.trials if t.remedy == "flag_missing"] == ["helped"]
    X, y = make_gaps(2_000, telling=(0, 4), idle=(), seed=7)
    without = train(make(), switched_off=frozenset({"nan_inf_input"}))
    assert (result.predict(X) == y).mean() > (without.predict(X) == y).mean()
    result.save(tmp_path / "model")
    again = FitResult.load(tmp_path / "model", model=make())
    assert np.array_equal(again.predict_proba(X), result.predict_proba(X))
    alone = np.vstack([result.predict_proba(row[None]) for row in X[:20]])
    np.testing.assert_allclose(alone, result.predict_proba(X[:20]), atol=1e-6)


def test_nothing_is_tried_or_called_unresolved_when_gaps_tell_nothing():
    X, y = make_gaps(600, telling=(), idle=(0, 3))
    listener = Listener()
    result = fit(make_network(), X, y, settings=TrainSettings(max_epochs=8), emit=listener)
    assert "nan_inf_input" in {finding.problem for finding in result.findings}
    assert not [e for e in listener.of(TrialStarted) if e.problem == "nan_inf_input"]
    assert "nan_inf_input" not in result.report.unresolved


def test_filling_remains_the_treatment_when_marks_do_not_help():
    X, y = make_gaps(600, telling=(0,), idle=())
    y = np.random.default_rng(0).permutation(y)  # nothing to learn but what chance left
    X[(y == 1) & (np.arange(600) < 420) & (np.arange(600) % 2 == 0), 0] = np.nan
    result = fit(make_network(), X[:420], y[:420], X[420:], y[420:])
    tried = [t for t in result.trials if t.problem == "nan_inf_input"]
    assert [t.kept for t in tried] == [False]
    assert "nan_inf_input" not in result.report.unresolved
