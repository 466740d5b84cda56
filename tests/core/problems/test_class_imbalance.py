import numpy as np
import pytest
import torch
from torch.nn import functional

from tests.core.builders import make_network
from tests.core.problems.builders import alarms, kept, run, score, split


def rare_parts(n=2_000, share=0.03, *, seed=0, apart=2.0):
    rng = np.random.default_rng(seed)
    y = (rng.uniform(size=n) < share).astype(int)
    return split(rng.normal(size=(n, 5)) + apart * y[:, None] * np.array([1, 1, 0, 0, 0]), y)


SLOW = {"optimizer": "sgd", "learning_rate": 0.02, "max_epochs": 20}


def own_loss(outputs, targets):
    return functional.binary_cross_entropy_with_logits(outputs, targets)


@pytest.mark.slow
@pytest.mark.parametrize("loss", ["auto", own_loss, torch.nn.BCEWithLogitsLoss()])
def test_a_class_given_up_is_found_again_whatever_the_loss(loss):
    parts = rare_parts()
    result = run(parts, make_network(5, is_normalised=False), loss=loss, **SLOW)
    assert "class_imbalance" in alarms(result)
    assert "balanced_sampling" in kept(result)
    assert score(result, *parts[2:]) > 0.8


def test_a_rare_class_that_is_recognised_stays_silent():
    result = run(rare_parts(apart=6.0), max_epochs=8)
    assert "class_imbalance" not in alarms(result)


def test_one_in_five_stays_silent():
    result = run(rare_parts(800, share=0.2), max_epochs=6)
    assert alarms(result) == set()


def test_an_answer_that_is_mostly_the_base_rate_stays_silent():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(1_500, 5))
    y = (rng.uniform(size=1_500) < 1 / (1 + np.exp(1.0 - 0.4 * X[:, 0]))).astype(int)
    assert "class_imbalance" not in alarms(run(split(X, y), learning_rate=1e-3))
