"""Without repair nothing is touched: weights are those of a loop by hand."""

import copy

import numpy as np
import pytest
import torch
from torch import nn

from ml_training.core.buffers import FlatParameters
from ml_training.core.problems import PROBLEMS
from tests.core.builders import are_equal, make_network, make_rows, weights_of
from tests.core.robustness.fitting import fit_quickly

N_TRAIN, BATCH, EPOCHS, RATE, SEED = 320, 32, 6, 0.01, 3
EPOCHS_APART = 1_000_003  # the order of an epoch is seeded by seed * this + epoch


def train_by_hand(model, X, y, *, rate=RATE, optimizer=torch.optim.AdamW):
    """Return the model with the lowest validation loss, trained without the engine.

    Its weights lie in one vector as they do in the engine: fused Adam rounds the last
    cells of a tensor otherwise than those it takes in eights.
    """
    torch.manual_seed(SEED)
    rows, targets = torch.tensor(X, dtype=torch.float32), torch.tensor(y, dtype=torch.float32)
    flat = FlatParameters(model)
    steps = optimizer([flat.vector], lr=rate, fused=True)
    loss_of, shuffle = nn.BCEWithLogitsLoss(), torch.Generator()
    best, best_loss = copy.deepcopy(model), float("inf")
    for epoch in range(EPOCHS):
        shuffle.manual_seed(SEED * EPOCHS_APART + epoch)
        model.train()
        for places in torch.randperm(N_TRAIN, generator=shuffle).split(BATCH):
            flat.zero_gradients()
            loss_of(model(rows[places])[:, 0], targets[places]).backward()
            steps.step()
        model.eval()
        with torch.no_grad():
            loss = loss_of(model(rows[N_TRAIN:])[:, 0].double(), targets[N_TRAIN:].double()).item()
        if loss < best_loss:
            best, best_loss = copy.deepcopy(model), loss
    return best


def make_dropping():
    return nn.Sequential(*make_network()[:-1], nn.Dropout(0.3), nn.Linear(16, 1))


def unscaled(X):
    X = X.copy()
    X[:, 4] *= 1e4
    return X


def holed(X):
    X = X.copy()
    X[::7, 2] = 1e3
    return X


@pytest.mark.parametrize("optimizer", ["adamw", "adam", "sgd"])
@pytest.mark.parametrize("make", [make_network, make_dropping])
@pytest.mark.parametrize(
    ("change", "rate"), [(np.array, RATE), (unscaled, RATE), (np.array, 1.0), (holed, RATE)]
)
def test_weights_are_those_of_a_bare_loop_without_repair(optimizer, make, change, rate):
    X, y = make_rows(420)
    X = change(X)
    torch.manual_seed(9)
    model = make()
    kind = {"adamw": torch.optim.AdamW, "adam": torch.optim.Adam, "sgd": torch.optim.SGD}
    by_hand = train_by_hand(copy.deepcopy(model), X, y, rate=rate, optimizer=kind[optimizer])
    settings = {"optimizer": optimizer, "learning_rate": rate, "batch_size": BATCH, "seed": SEED}
    result = fit_quickly(
        model, X[:N_TRAIN], y[:N_TRAIN], X[N_TRAIN:], y[N_TRAIN:],
        repair=False, max_epochs=EPOCHS, **settings,
    )  # fmt: skip
    assert not result.trials
    assert are_equal(weights_of(result.model), weights_of(by_hand))


FAULTS = {
    "rate": {"learning_rate": 1e12},
    "slow": {"learning_rate": 1e-9},
    "unscaled": {},
}


@pytest.mark.parametrize("fault", sorted(FAULTS))
def test_the_first_findings_are_the_same_with_and_without_repair(fault):
    X, y = make_rows()
    X = unscaled(X) if fault == "unscaled" else X
    repaired, watched = (
        fit_quickly(make_network(), X, y, repair=repair, **FAULTS[fault])
        for repair in (True, False)
    )
    assert str(watched.findings[0]) == str(repaired.findings[0])  # NaN is not NaN
    assert repaired.trials
    assert not watched.trials


def test_nothing_is_touched_when_every_problem_is_switched_off():
    X, y = make_rows()
    spared = fit_quickly(make_network(), unscaled(X), y, switched_off=set(PROBLEMS))
    watched = fit_quickly(make_network(), unscaled(X), y, repair=False)
    assert are_equal(weights_of(spared.model), weights_of(watched.model))


@pytest.mark.parametrize("repair", [True, False])
@pytest.mark.parametrize("settings", [{}, {"learning_rate": 1e12}, {"learning_rate": 1e-9}])
def test_a_seed_gives_the_same_bytes_whatever_was_repaired(repair, settings):
    X, y = make_rows()
    first, second = (fit_quickly(None, X, y, repair=repair, seed=5, **settings) for _ in range(2))
    assert str(first.findings) == str(second.findings)  # NaN is not NaN
    assert [t.verdict for t in first.trials] == [t.verdict for t in second.trials]
    if first.model is None:
        assert second.model is None
        return
    assert are_equal(weights_of(first.model), weights_of(second.model))
