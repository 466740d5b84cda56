"""The rows of one case while they are split, spoiled and scaled."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Rows = NDArray[Any]


@dataclass
class Parts:
    """Hold training, validation and unseen rows.

    Parameters
    ----------
    X_train, y_train : array
        What is fitted.
    X_val, y_val : array
        What is handed to training as validation; scores of the document come from here.
    X_test, y_test : array
        Rows that no training sees, treated like validation; possibly none.
    is_regression : bool
        Whether y is a quantity.
    """

    X_train: Floats
    y_train: Rows
    X_val: Floats
    y_val: Rows
    X_test: Floats
    y_test: Rows
    is_regression: bool = False

    def keep_train(self, rows: Rows) -> None:
        """Keep some of the training rows, by mask or index."""
        self.X_train, self.y_train = self.X_train[rows], self.y_train[rows]

    def keep_val(self, rows: Rows) -> None:
        """Keep some of the validation rows, by mask or index."""
        self.X_val, self.y_val = self.X_val[rows], self.y_val[rows]

    def keep_test(self, rows: Rows) -> None:
        """Keep some of the unseen rows, by mask or index."""
        self.X_test, self.y_test = self.X_test[rows], self.y_test[rows]

    def scale_features(self, centre: Floats, spread: Floats) -> None:
        """Replace every X by (X - centre) / spread."""
        self.X_train = (self.X_train - centre) / spread
        self.X_val = (self.X_val - centre) / spread
        self.X_test = (self.X_test - centre) / spread

    def scale_targets(self, centre: float, spread: float) -> None:
        """Replace every y by (y - centre) / spread."""
        self.y_train = (self.y_train - centre) / spread
        self.y_val = (self.y_val - centre) / spread
        self.y_test = (self.y_test - centre) / spread


def finite_only(X: Floats) -> Floats:
    """Return a copy with NaN for infinite cells, so that statistics can skip them."""
    return np.where(np.isfinite(X), X, np.nan)


def standardize_features(parts: Parts) -> None:
    """Scale X to zero mean and unit deviation over the training rows."""
    X = finite_only(parts.X_train)
    spread = np.nanstd(X, axis=0)
    parts.scale_features(np.nanmean(X, axis=0), np.where(spread > 0, spread, 1.0))


def standardize_both(parts: Parts) -> None:
    """Scale X and y to zero mean and unit deviation over the training rows."""
    standardize_features(parts)
    y = parts.y_train[np.isfinite(parts.y_train)]
    parts.scale_targets(float(y.mean()), float(y.std()) or 1.0)


def squeeze_features(parts: Parts) -> None:
    """Scale X to [0, 1] over the training rows; constants become 0."""
    X = finite_only(parts.X_train)
    low = np.nanmin(X, axis=0)
    spread = np.nanmax(X, axis=0) - low
    parts.scale_features(low, np.where(spread > 0, spread, 1.0))


def leave_raw(parts: Parts) -> None:
    """Do nothing."""


PREPROCESSES = {
    "none": leave_raw,
    "standardize": standardize_features,
    "standardize_x": standardize_features,
    "standardize_xy": standardize_both,
    "minmax": squeeze_features,
}
