"""Epochs as a detector sees them, and small trainings that go wrong."""

from dataclasses import replace

import numpy as np

from ml_training.core.facts import PlanFacts
from ml_training.core.fit import fit
from ml_training.core.history import EpochScore, Observations, Reading, RunHistory
from ml_training.core.settings import TrainSettings
from tests.core.builders import make_facts, make_network, make_rows


def make_epochs(
    train,
    validation=None,
    *,
    score=0.9,
    rival=0.5,
    steps_per_epoch=30,
    noise=0.02,
    norms=1.0,
    naive_loss=0.7,
    rates=None,
    n_stopping_rows=400,
    patience=15.0,
    seed=0,
    **signals,
) -> Observations:
    """Return what a detector sees after epochs with these mean losses.

    Batches scatter around the mean of their epoch; a signal is one number, or one for
    each epoch.
    """
    rng = np.random.default_rng(seed)
    validation = train if validation is None else validation
    history = RunHistory(("one",))
    step = 0
    best = np.inf
    for epoch, (loss, held) in enumerate(zip(train, validation, strict=True)):
        for _ in range(steps_per_epoch):
            norm = float(norms if np.isscalar(norms) else rng.choice(norms))
            reading = Reading(
                epoch=epoch, step=step, loss=loss + noise * rng.normal(), gradient_norm=norm
            )
            history.add(reading)
            step += 1
        history.add_score(
            EpochScore(
                epoch=epoch,
                step=step,
                train_loss=loss,
                validation_loss=held,
                validation_score=score,
                learning_rate=0.001 if rates is None else rates[epoch],
                is_best=held < best,
                signals={
                    key: float(value if np.isscalar(value) else value[epoch])
                    for key, value in signals.items()
                },
            )
        )
        best = min(best, held)
    data = replace(
        make_facts(naive_loss=naive_loss),
        n_stopping_rows=n_stopping_rows,
        ask_rival=lambda: rival,
    )
    plan = PlanFacts(
        task="binary",
        steps_per_epoch=steps_per_epoch,
        planned_steps=steps_per_epoch * 20,
        is_house_network=False,
        options={"patience": patience},
    )
    return Observations(history, data, plan, len(train), max(step - 1, 0))


def train_rows(*, n=900, noise=0.3, model=None, **settings):
    """Train a small network on rows with a clear signal, and return the result."""
    X, y = make_rows(n, noise=noise)
    chosen = {"max_epochs": 12, "batch_size": 32, "learning_rate": 0.01, **settings}
    network = make_network(is_normalised=False) if model is None else model
    return fit(network, X, y, settings=TrainSettings(**chosen))


def alarms_of(result) -> set[str]:
    """Return the problems a result reports as alarms."""
    return {finding.problem for finding in result.findings if finding.is_alarm}
