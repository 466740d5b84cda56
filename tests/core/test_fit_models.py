"""`fit` with losses and networks of the caller's own."""

import numpy as np
import pytest
import torch
from torch import nn

from ml_training.core.fit import fit
from ml_training.core.settings import TrainSettings
from tests.core.builders import make_classes, make_network, make_rows


def fit_quickly(model, X, y, **settings):
    chosen = TrainSettings(**{"max_epochs": 15, "batch_size": 32, **settings})
    return fit(model, X, y, settings=chosen)


def accuracy(result, X, y):
    return float((result.predict(X) == y).mean())


def plain_log_loss(outputs, targets):
    return nn.functional.binary_cross_entropy(outputs, targets)


def plain_cross_entropy(outputs, targets):
    return nn.functional.cross_entropy(outputs, targets)


@pytest.mark.parametrize("loss", [nn.BCELoss(), nn.MSELoss(), plain_log_loss])
def test_outputs_that_are_probabilities_are_taken_as_such(loss):
    X, y = make_rows()
    model = nn.Sequential(make_network(), nn.Sigmoid())
    result = fit_quickly(model, X, y, loss=loss, max_epochs=25)
    direct = model(torch.tensor(X, dtype=torch.float32))[:, 0].detach().numpy()
    assert np.allclose(result.predict_proba(X)[:, 1], direct, atol=1e-5)


@pytest.mark.parametrize(
    "loss",
    [
        nn.CrossEntropyLoss(),
        nn.CrossEntropyLoss(label_smoothing=0.1),
        nn.MSELoss(),
        plain_cross_entropy,
    ],
)
def test_losses_of_several_classes_get_the_targets_they_expect(loss):
    X, y = make_classes()
    result = fit_quickly(make_network(4, 3), X, y, loss=loss, max_epochs=40, learning_rate=0.01)
    assert accuracy(result, X, y) > 0.9


def test_log_probabilities_are_understood():
    X, y = make_classes()
    model = nn.Sequential(make_network(4, 3), nn.LogSoftmax(dim=1))
    result = fit_quickly(model, X, y, loss=nn.NLLLoss(), max_epochs=30, learning_rate=0.01)
    assert np.allclose(result.predict_proba(X).sum(axis=1), 1.0, atol=1e-5)
    assert accuracy(result, X, y) > 0.9


@pytest.mark.parametrize("dtype", [torch.float64, torch.float16])
def test_other_precisions_are_trained(dtype):
    X, y = make_rows()
    result = fit_quickly(make_network().to(dtype), X, y)
    assert accuracy(result, X, y) > 0.6
