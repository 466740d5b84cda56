"""The rows of a run: raw as they came, and treated as the network sees them."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from ml_training.core.arrays import Floats
from ml_training.core.batches import Rows
from ml_training.core.treatments import Flag, Treatment, apply_all

FEWEST_TO_SPLIT = 400  # chosen: 200 rows see 3.5 points of accuracy (one s.e.)


@dataclass(frozen=True, eq=False)
class RawRows:
    """Hold one part of the data before any treatment.

    Parameters
    ----------
    X : array of shape (n, n_features)
        NaN marks missing cells.
    y : array of shape (n,)
        Class indices 0..k-1, or values.
    weight : array of shape (n,), (n, n_members) or None
        Mean one; None when all rows count the same. Members of an ensemble may each
        have their own.
    places : array of shape (n,) or None
        Where the rows stood in the table they were taken from; None for all of it.
    """

    X: Floats
    y: npt.NDArray[Any]
    weight: Floats | None = None
    places: npt.NDArray[np.int64] | None = None

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.X)

    def at(self, index: npt.NDArray[Any]) -> "RawRows":
        """Return the rows at these places, or under this mask."""
        weight = None if self.weight is None else self.weight[index]
        places = np.arange(len(self)) if self.places is None else self.places
        return RawRows(self.X[index], self.y[index], weight, places[index])

    def by_weight(self) -> "RawRows":
        """Return as many rows as there are, each about as often as it weighs."""
        if self.weight is None:
            return self
        weight = self.weight if self.weight.ndim == 1 else self.weight.mean(axis=1)
        upto = np.floor(np.cumsum(weight) / weight.mean() + 0.5).astype(np.int64)
        index = np.repeat(np.arange(len(self)), np.diff(upto, prepend=0))
        return RawRows(self.X[index], self.y[index])


@dataclass(frozen=True, eq=False)
class TableData:
    """Hold the rows as the network sees them, and the treatments that made them so.

    Parameters
    ----------
    raw_train, raw_stopping, raw_judging : RawRows
        Training rows; validation rows for early stopping and for judging repairs (the
        same rows when there are few).
    treatments : tuple of Treatment
        Applied in order to raw features, here and in every later prediction.
    targets : callable
        Class indices or values -> targets in the form the loss expects.
    device, dtype : torch.device, torch.dtype
        Of the model.
    """

    raw_train: RawRows
    raw_stopping: RawRows
    raw_judging: RawRows
    treatments: tuple[Treatment, ...]
    targets: Callable[[torch.Tensor], torch.Tensor]
    device: torch.device
    dtype: torch.dtype
    train: Rows = field(init=False)
    stopping: Rows = field(init=False)
    judging: Rows = field(init=False)

    def __post_init__(self) -> None:
        """Treat the rows once; the loop reads the results."""
        train, stopping = self._treated(self.raw_train), self._treated(self.raw_stopping)
        shared = self.raw_judging is self.raw_stopping
        judging = stopping if shared else self._treated(self.raw_judging)
        object.__setattr__(self, "train", train)
        object.__setattr__(self, "stopping", stopping)
        object.__setattr__(self, "judging", judging)

    @property
    def raw_validation(self) -> RawRows:
        """Return all validation rows, those of both slices."""
        if self.raw_judging is self.raw_stopping:
            return self.raw_stopping
        parts = self.raw_stopping, self.raw_judging
        return RawRows(
            np.concatenate([part.X for part in parts]), np.concatenate([part.y for part in parts])
        )

    def treated(self, X: Floats) -> Floats:
        """Return raw features after the present treatments, in double."""
        return apply_all(self.treatments, X)

    def treated_train(self) -> Floats:
        """Return the training features after the present treatments, in double."""
        return self.treated(self.raw_train.X)

    def with_training(self, rows: RawRows) -> "TableData":
        """Return the same treatments of other training rows."""
        return replace(self, raw_train=rows)

    def treated_with(self, treatment: Treatment) -> "TableData":
        """Return the same rows with one more treatment."""
        return replace(self, treatments=(*self.treatments, treatment))

    def flagged(self, columns: tuple[int, ...]) -> "TableData":
        """Return the same rows with marks where cells of some columns are missing."""
        return replace(self, treatments=(Flag(columns), *self.treatments))

    def _treated(self, raw: RawRows) -> Rows:
        X = apply_all(self.treatments, raw.X)
        weight = None if raw.weight is None else self._tensor(raw.weight)
        return Rows(
            X=self._tensor(X),
            y=self.targets(torch.from_numpy(np.ascontiguousarray(raw.y))).to(self.device),
            weight=weight,
        )

    def _tensor(self, values: Floats) -> torch.Tensor:
        return torch.from_numpy(np.ascontiguousarray(values)).to(self.device, self.dtype)


def split_validation(rows: RawRows, n_classes: int) -> tuple[RawRows, RawRows]:
    """Return one slice for early stopping and one for judging repairs.

    Rows alternate between the slices, class by class, so that both see the same mix
    and the same times. Below `FEWEST_TO_SPLIT` rows both slices are all rows.
    """
    if len(rows) < FEWEST_TO_SPLIT:
        return rows, rows
    order = np.argsort(rows.y, kind="stable") if n_classes else np.arange(len(rows))
    is_judging = np.zeros(len(rows), dtype=bool)
    is_judging[order[1::2]] = True
    return rows.at(~is_judging), rows.at(is_judging)
