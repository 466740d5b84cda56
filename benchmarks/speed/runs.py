"""Whole runs, from the arrays to the trained model: by hand, by us, by scikit-learn."""

import time
import warnings
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier

from benchmarks.speed.loops import make_bare_loop
from benchmarks.speed.rows import CLIP_NORM, LEARNING_RATE, Ends, Plan
from ml_training.core.events import BatchesRead, EpochEnded
from ml_training.core.fit import fit
from ml_training.core.network import WIDTHS
from ml_training.core.settings import TrainSettings


def run_bare(plan: Plan) -> Ends:
    """Train by the loop written by hand; it neither clips nor stops early."""
    ends, n_steps = Ends(), 0
    epoch = make_bare_loop(plan)
    for _ in range(plan.n_epochs):
        n_steps += epoch()
        ends.at.append(time.process_time())
        ends.steps.append(n_steps)
    return ends


def run_ours(plan: Plan, watch: str) -> Ends:
    """Train by `fit`, as it comes: surveys, repairs and reports included."""
    ends, n_steps = Ends(), 0

    def hear(event: Any) -> None:
        nonlocal n_steps
        if isinstance(event, BatchesRead):
            n_steps += len(event.readings)
        if isinstance(event, EpochEnded) and not event.is_trial:
            ends.at.append(time.process_time())
            ends.steps.append(n_steps)

    settings = TrainSettings(
        batch_size=plan.batch_size,
        max_epochs=plan.n_epochs,
        patience=plan.n_epochs,
        clip_norm=CLIP_NORM,
        watch=watch,
    )
    ends.said = fit(None, *plan.train, *plan.validation, settings=settings, emit=hear).status
    return ends


def run_mlp(plan: Plan) -> Ends:
    """Train scikit-learn's network of the same widths; no normalisation, no dropout.

    It takes its validation rows out of the table itself, as many as the others have.
    """
    X, y = (np.concatenate(parts) for parts in zip(plan.train, plan.validation, strict=True))
    model = MLPClassifier(
        WIDTHS,
        batch_size=plan.batch_size,
        learning_rate_init=LEARNING_RATE,
        max_iter=plan.n_epochs,
        early_stopping=True,
        validation_fraction=len(plan.validation[0]) / len(X),
        n_iter_no_change=plan.n_epochs + 1,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # all epochs were used
        model.fit(X, y)
    n_steps = -(-len(plan.train[0]) // plan.batch_size) * model.n_iter_
    return Ends(steps=[n_steps])
