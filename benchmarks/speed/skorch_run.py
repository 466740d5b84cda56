"""The same run in skorch, as its own documentation would write it.

skorch is a development dependency: see requirements-bench.txt.
"""

import tempfile
import time
from typing import Any

import numpy as np
import torch
from skorch import NeuralNetClassifier  # type: ignore[import-not-found, unused-ignore]
from skorch.callbacks import (  # type: ignore[import-not-found, unused-ignore]
    Callback,
    Checkpoint,
    EarlyStopping,
    GradientNormClipping,
)
from skorch.dataset import Dataset  # type: ignore[import-not-found, unused-ignore]
from skorch.helper import predefined_split  # type: ignore[import-not-found, unused-ignore]

from benchmarks.speed.rows import CLIP_NORM, LEARNING_RATE, N_FEATURES, Ends, Plan, Rows
from ml_training.core.network import HouseNetwork


class EpochClock(Callback):  # type: ignore[misc, unused-ignore]
    """Note when each epoch ended, its validation included.

    Parameters
    ----------
    ends : Ends
        Where to.
    """

    def __init__(self, ends: Ends) -> None:
        self.ends = ends

    def on_epoch_end(self, net: Any, **kwargs: Any) -> None:
        """Note the time."""
        del kwargs
        n_now = len(net.history[-1]["batches"]) - 1  # the last one is of validation
        n_before = self.ends.steps[-1] if self.ends.steps else 0
        self.ends.at.append(time.process_time())
        self.ends.steps.append(n_before + n_now)


def as_floats(rows: Rows) -> Rows:
    """Return rows in the type the network computes in."""
    return rows[0].astype(np.float32), rows[1].astype(np.int64)


def run(plan: Plan, *, is_fused: bool = False) -> Ends:
    """Train with the best checkpoint, early stopping, clipping; nothing is printed."""
    ends = Ends()
    with tempfile.TemporaryDirectory() as folder:
        net = NeuralNetClassifier(
            HouseNetwork,
            module__n_features=N_FEATURES,
            module__n_outputs=2,
            criterion=torch.nn.CrossEntropyLoss,
            optimizer=torch.optim.AdamW,
            optimizer__fused=True if is_fused else None,
            lr=LEARNING_RATE,
            max_epochs=plan.n_epochs,
            batch_size=plan.batch_size,
            iterator_train__shuffle=True,
            iterator_valid__batch_size=len(plan.validation[0]),
            train_split=predefined_split(Dataset(*as_floats(plan.validation))),
            callbacks=[
                GradientNormClipping(CLIP_NORM),
                EarlyStopping(patience=plan.n_epochs, sink=lambda words: None),
                Checkpoint(dirname=folder, monitor="valid_loss_best", f_history=None),
                EpochClock(ends),
            ],
            verbose=0,
        )
        net.fit(*as_floats(plan.train))
    return ends
