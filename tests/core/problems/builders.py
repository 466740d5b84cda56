"""Runs of whole trainings for the tests of problems."""

import numpy as np

from ml_training.core.fit import fit
from ml_training.core.settings import TrainSettings
from tests.core.builders import make_network, make_rows


def split(X, y, share=0.7):
    """Return training and validation rows."""
    n = int(share * len(X))
    return X[:n], y[:n], X[n:], y[n:]


def run(parts, model=None, **settings):
    """Train a small network on parts and return the result."""
    chosen = {"max_epochs": 12, "batch_size": 32, "learning_rate": 5e-3, **settings}
    network = make_network(parts[0].shape[1], width=16) if model is None else model
    return fit(network, *parts, settings=TrainSettings(**chosen))


def alarms(result):
    """Return the problems a run raised an alarm for."""
    return {finding.problem for finding in result.findings if finding.is_alarm}


def kept(result):
    """Return the remedies that were kept."""
    return {trial.remedy for trial in result.trials if trial.kept}


def easy_parts(n=600, *, seed=0, n_features=6):
    """Return rows that a small network learns well."""
    return split(*make_rows(n, n_features, seed=seed, noise=0.3))


def score(result, X, y):
    """Return the mean recall of the classes."""
    told = result.predict(X)
    return float(np.mean([(told[y == k] == k).mean() for k in np.unique(y)]))
