"""Faults that can be planted into the rows and settings of a run on real candles."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

OTHER_UNITS = (1e4, 1e6)  # by turns over the seeds
OUTLIER_FACTOR = 1e3
OUTLIER_SHARES = (0.01, 0.02, 0.03)  # of the training rows, by turns over the seeds
MISSING_SHARE = 0.05  # of the cells of every block
HOT_RATE = 10.0
PLANT_STREAM = 77  # of random numbers, apart from those of training


@dataclass(frozen=True, eq=False)
class Block:
    """Hold one block of the calendar: features, outcomes, weights, times."""

    X: np.ndarray
    y: np.ndarray
    weight: np.ndarray
    t0: np.ndarray
    t1: np.ndarray


@dataclass(frozen=True, eq=False)
class Task:
    """Hold one question asked of the setups of one market, cut into three blocks."""

    name: str
    question: str
    train: Block
    validation: Block
    test: Block


@dataclass(eq=False)
class Plant:
    """Hold what a fault may change: tables of the three blocks, and settings.

    A unit or a hole is there in every block, an outlier in training alone: it is an
    error of collecting, and nobody is asked to predict it.
    """

    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray
    seed: int
    settings: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Copy the tables, and seed what is drawn."""
        self.train, self.validation, self.test = (
            X.copy() for X in (self.train, self.validation, self.test)
        )
        self.rng = np.random.default_rng([PLANT_STREAM, self.seed])

    @property
    def tables(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return the tables of all blocks."""
        return self.train, self.validation, self.test


def plant_unit(plant: Plant) -> None:
    """Give one column that moves another unit."""
    moving = np.flatnonzero(np.nanstd(plant.train, axis=0) > 0)
    column = plant.rng.choice(moving)
    for X in plant.tables:
        X[:, column] *= OTHER_UNITS[plant.seed % len(OTHER_UNITS)]


def plant_outliers(plant: Plant) -> None:
    """Blow up some training rows."""
    share = OUTLIER_SHARES[plant.seed % len(OUTLIER_SHARES)]
    n_rows = max(1, round(share * len(plant.train)))
    rows = plant.rng.choice(len(plant.train), n_rows, replace=False)
    plant.train[rows] *= OUTLIER_FACTOR


def plant_rate(plant: Plant) -> None:
    """Choose a learning rate of 10."""
    plant.settings["learning_rate"] = HOT_RATE


def plant_holes(plant: Plant) -> None:
    """Lose some cells of every block."""
    for X in plant.tables:
        X[plant.rng.random(X.shape) < MISSING_SHARE] = np.nan


def plant_everything(plant: Plant) -> None:
    """Plant all four faults together."""
    for one in (plant_unit, plant_outliers, plant_rate, plant_holes):
        one(plant)


FAULTS: Mapping[str, Callable[[Plant], None]] = {
    "unscaled column": plant_unit,
    "outlier rows": plant_outliers,
    "rate 10": plant_rate,
    "missing cells": plant_holes,
    "all together": plant_everything,
}
