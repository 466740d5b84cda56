"""Curved rows, stacks of layers and short runs for the ills of networks."""

import itertools

import numpy as np
import torch
from torch import nn

from ml_training.core.facts import LayerFacts, NetworkFacts
from ml_training.core.fit import fit
from ml_training.core.history import EpochScore, Observations, Reading
from ml_training.core.settings import TrainSettings
from tests.core.builders import make_observations


def make_ring(n=400, *, seed=0):
    """Return features whose distance from the centre decides the class."""
    X = np.random.default_rng(seed).normal(size=(n, 4))
    return X, ((X[:, :2] ** 2).sum(axis=1) > 1.4).astype(int)


def make_stack(activation=nn.ReLU, *, width=8, depth=2, n_features=4, seed=0):
    """Return dense layers with an activation behind each."""
    torch.manual_seed(seed)
    sizes = [n_features] + [width] * depth
    layers = []
    for n_in, n_out in itertools.pairwise(sizes):
        layers += [nn.Linear(n_in, n_out), activation()]
    return nn.Sequential(*layers, nn.Linear(width, 1))


def draw(model, how):
    """Draw the weights of all dense layers, biases at zero; return the model."""
    for module in model.modules():
        if isinstance(module, nn.Linear):
            how(module.weight)
            nn.init.zeros_(module.bias)
    return model


def fit_briefly(model, X, y, **settings):
    """Train for some epochs, as a user would."""
    chosen = {"max_epochs": 12, "batch_size": 32, "learning_rate": 0.01, **settings}
    return fit(model, X, y, settings=TrainSettings(**chosen))


def alarms_of(result):
    """Return the problems that a run raised alarms for."""
    return {finding.problem for finding in result.findings if finding.is_alarm}


def kept_of(result):
    """Return the remedies that a run kept."""
    return [trial.remedy for trial in result.trials if trial.kept]


def make_layer(name="0", **facts):
    """Return a sound layer, or one with other facts."""
    sound = {
        "n_inputs": 8, "n_units": 16, "weight_size": 0.35, "deviation_in": 1.0,
        "deviation_out": 1.0, "size_out": 1.0, "gradient": 0.1, "alike": 0.0,
        "activation": "blocking", "size_after": 0.7,
    }  # fmt: skip
    return LayerFacts(name=name, **{**sound, **facts})


def see_network(*layers, **facts) -> Observations:
    """Return what a detector sees before training, of hidden layers and an output."""
    seen = make_observations()
    output = make_layer("out", activation="", n_units=1)
    network = NetworkFacts(layers=(*layers, output), **facts)
    return Observations(seen.history, seen.data, seen.plan, network=network)


def see_epoch(*, loss=0.7, norms=((1.0, 1.0),), **signals) -> Observations:
    """Return what a detector sees after an epoch, where guessing would cost 0.7."""
    seen = make_observations()
    for step in range(20):
        layers = norms[step % len(norms)]
        seen.history.add(
            Reading(epoch=0, step=step, loss=loss, gradient_norm=1.0, layer_norms=layers)
        )
    seen.history.add_score(
        EpochScore(
            epoch=0, step=20, train_loss=loss, validation_loss=loss, validation_score=0.5,
            learning_rate=0.01, signals={k.replace("_of_", "."): v for k, v in signals.items()},
        )
    )  # fmt: skip
    return seen
