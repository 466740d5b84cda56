"""The rows every contestant trains on, and the numbers all of them share."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

N_ROWS, N_VALIDATION, N_FEATURES = 850, 280, 45  # the size of engine.md's own figures
LEARNING_RATE = 1e-3
CLIP_NORM = 1.0  # the value of Lightning's own examples

Rows = tuple[np.ndarray, np.ndarray]


def make_rows(n: int, seed: int) -> Rows:
    """Return rows with a clear signal and a little noise: runs on them are healthy."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, N_FEATURES))
    noise = rng.normal(size=n)
    return X, (X[:, :8].sum(axis=1) + 0.5 * noise > 0).astype(int)


@dataclass(frozen=True)
class Plan:
    """Say what a whole run trains on, and for how long.

    Parameters
    ----------
    batch_size, n_epochs : int
        Of the run; nobody stops earlier.
    train, validation : tuple of array
        Features and classes.
    """

    batch_size: int
    n_epochs: int
    train: Rows = field(default_factory=lambda: make_rows(N_ROWS, 0))
    validation: Rows = field(default_factory=lambda: make_rows(N_VALIDATION, 1))


@dataclass
class Ends:
    """Hold when each epoch ended, in CPU time, and how many steps were taken by then.

    Parameters
    ----------
    at : list of float
        One entry per epoch.
    steps : list of int
        Taken by then.
    said : str
        How the run ended in its own words; empty when it says nothing.
    """

    at: list[float] = field(default_factory=list)
    steps: list[int] = field(default_factory=list)
    said: Any = ""
