"""What is measured at the end of an epoch, and whether that is a time to look."""

import math
from collections.abc import Collection
from dataclasses import replace

from ml_training.core.history import EpochScore, RunHistory
from ml_training.core.probes import ALWAYS_MEASURED, measure_epoch
from ml_training.core.scores import evaluate
from ml_training.core.state import TrainingState
from ml_training.core.structure import copy_model

STEPS_BETWEEN_LOOKS = 20  # chosen: a look costs what six steps of a small network cost
STEPS_WHILE_BETTER = 60  # chosen: who has just become better can wait for three looks
FIRST_EPOCHS = 3  # of which each is looked at; chosen: most ills show early


def is_time_to_look(state: TrainingState, patience: int | None) -> bool:
    """Tell whether the epoch that ends is examined; of tiny ones not every one is.

    Nor is every one that has just given the best model so far.
    """
    n_since = state.progress.n_epochs_since
    every = STEPS_BETWEEN_LOOKS if n_since else STEPS_WHILE_BETTER
    n_before = (state.step - state.batch) // every
    is_due = state.epoch < FIRST_EPOCHS or state.step // every > n_before
    is_last = state.epoch + 1 >= state.knobs.max_epochs
    return is_due or is_last or (patience is not None and n_since >= patience)


def score_epoch(
    state: TrainingState, history: RunHistory, needs: Collection[str], patience: int | None
) -> EpochScore:
    """Evaluate on the early-stopping rows; keep the model when it is the best.

    Parameters
    ----------
    state : TrainingState
        At the end of an epoch.
    history : RunHistory
        With the readings of its batches.
    needs : collection of str
        Probes that the problems in use need when the epoch is looked at.
    patience : int or None
        As in `TrainSettings`.
    """
    measured = evaluate(
        state.model,
        state.objective,
        state.data.stopping,
        chunk=state.knobs.batch_size,
        is_balanced=state.knobs.is_balanced,
    )
    progress = state.progress
    is_best = measured.loss < progress.best_loss
    state.progress = (
        replace(
            progress,
            best_loss=measured.loss,
            best_score=measured.score,
            best_epoch=state.epoch,
            best_step=state.step,
            best=copy_model(state.model),
            n_epochs_since=0,
        )
        if is_best
        else replace(progress, n_epochs_since=progress.n_epochs_since + 1)
    )
    wanted = needs if is_time_to_look(state, patience) else ALWAYS_MEASURED
    return EpochScore(
        epoch=state.epoch,
        step=state.step,
        train_loss=mean_loss(state, history),
        validation_loss=measured.loss,
        validation_score=measured.score,
        learning_rate=state.learning_rate,
        is_best=is_best,
        signals=measure_epoch(state, wanted, measured.outputs),
    )


def mean_loss(state: TrainingState, history: RunHistory) -> float:
    """Return the mean loss of the batches of this epoch that were trained on."""
    losses = history.last("loss", state.batch)
    trained = losses[history.last("skipped", state.batch) == 0]
    return float(trained.mean()) if len(trained) else math.nan
