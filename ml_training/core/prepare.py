"""Arguments of a run turned into rows, classes and facts; unusable ones are refused."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from ml_training.core.arrays import as_column, as_rows, as_weights
from ml_training.core.errors import DataError
from ml_training.core.table import RawRows

VALIDATION_SHARE = 0.2  # of the training rows, when no validation rows are given
FEWEST_TO_SHARE = 10  # chosen: below it the training rows validate themselves, and say so
LARGEST_TARGET = 1e150  # squares of larger values leave double precision


@dataclass(frozen=True, eq=False)
class Prepared:
    """Hold checked rows with class indices, and what had to be done to them.

    Parameters
    ----------
    task : str
        ``"binary"``, ``"multiclass"`` or ``"regression"``.
    classes : array
        Labels as the caller knows them, sorted; empty for regression.
    train, validation : RawRows
        Usable rows.
    notes : tuple of str
        Sentences for the report.
    """

    task: str
    classes: npt.NDArray[Any]
    train: RawRows
    validation: RawRows
    notes: tuple[str, ...] = field(default=())

    @property
    def n_classes(self) -> int:
        """Return the number of classes; 0 for regression."""
        return len(self.classes)

    @property
    def has_one_answer(self) -> bool:
        """Tell whether all training targets are the same: nothing can be learned."""
        return bool(np.all(self.train.y == self.train.y[0]))

    @property
    def has_one_question(self) -> bool:
        """Tell whether all training rows look the same: nothing tells them apart."""
        return np.array_equal(
            self.train.X, np.broadcast_to(self.train.X[0], self.train.X.shape), equal_nan=True
        )


def prepare(
    X_train: Any, y_train: Any, X_val: Any, y_val: Any, *, task: str, sample_weight: Any
) -> Prepared:
    """Check and convert the arguments of `fit`.

    Raises
    ------
    DataError
        If rows, lengths, types or classes cannot be used; the message says which.
    """
    X = as_rows(X_train, name="X_train")
    y = as_column(y_train, name="y_train", n_rows=len(X))
    weight = as_weights(sample_weight, n_rows=len(X))
    X_held, y_held = _held_out(X_val, y_val, n_features=X.shape[1])
    task = decide_task(y, task)
    notes: list[str] = []
    classes, y = _encode(y, task)
    train = _usable(RawRows(X, y, weight), "training", notes)
    if y_held is None or X_held is None:
        train, validation = _hold_out(train, len(classes), notes)
    else:
        known = np.isin(y_held, classes) if len(classes) else np.ones(len(y_held), dtype=bool)
        places = np.searchsorted(classes, y_held[known]) if len(classes) else _as_values(y_held)
        validation = _usable(RawRows(X_held[known], places), "validation", notes)
        if not known.all():
            notes.append(
                f"{(~known).sum()} validation rows of classes unknown to training left out"
            )
    if len(validation) == 0:
        train, validation = _hold_out(train, len(classes), notes)
    if train.weight is not None and not train.weight.any():
        raise DataError(
            f"`sample_weight` must count some of the {len(train)} rows left for training, got "
            "zero for all of them",
            hint="hand in validation rows, or weigh rows from the whole table",
        )
    return Prepared(task, classes, train, validation, tuple(notes))


def decide_task(y: npt.NDArray[Any], task: str) -> str:
    """Return the task the targets call for, or check the one asked for.

    Whole numbers, truth values and text are classes; so are floats that are all 0 or 1.
    """
    is_float = y.dtype.kind == "f"
    values = np.unique(y[np.isfinite(y)]) if is_float else np.unique(y)
    looks_like_values = is_float and not np.isin(values, (0.0, 1.0)).all()
    if task == "auto":
        if looks_like_values:
            return "regression"
        return "multiclass" if len(values) > 2 else "binary"
    if task == "binary" and len(values) > 2:
        raise DataError(
            f"`task='binary'` needs at most 2 classes, got {len(values)}",
            hint="use 'multiclass', or 'regression' for numbers",
        )
    return task


def _held_out(X_val: Any, y_val: Any, *, n_features: int) -> tuple[Any, Any]:
    if (X_val is None) != (y_val is None):
        raise DataError(
            "`X_val` and `y_val` must be given together",
            hint="leave out both to validate on the last part of the training rows",
        )
    if X_val is None or np.shape(X_val)[:1] == (0,):
        return None, None
    X = as_rows(X_val, name="X_val")
    if X.shape[1] != n_features:
        raise DataError(
            f"`X_val` must have the {n_features} features of `X_train`, got {X.shape[1]}",
            hint="compute both with the same plan of features",
        )
    return X, as_column(y_val, name="y_val", n_rows=len(X))


def _encode(y: npt.NDArray[Any], task: str) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    if task == "regression":
        return np.array([]), _as_values(y)
    if y.dtype.kind == "f" and not np.isfinite(y).all():
        raise DataError(
            "class labels must not be NaN or Inf", hint="drop the rows without a label"
        )
    classes, places = np.unique(y, return_inverse=True)
    return classes, places.astype(np.int64)


def _as_values(y: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    try:
        values = y.astype(np.float64)
        return np.where(np.abs(values) <= LARGEST_TARGET, values, np.nan)
    except (TypeError, ValueError) as error:
        raise DataError(
            f"targets of a regression must be numbers: {error}", hint="use task='multiclass'"
        ) from error


def _usable(rows: RawRows, part: str, notes: list[str]) -> RawRows:
    """Leave out rows whose target is not a number."""
    keep = np.isfinite(rows.y)
    if keep.all():
        return rows
    if part == "training" and not keep.any():
        raise DataError(
            f"no training row has a finite target of at most {LARGEST_TARGET:g}",
            hint="check how y was made",
        )
    notes.append(f"{(~keep).sum()} {part} rows without a finite target left out")
    return rows.at(keep)


def _hold_out(train: RawRows, n_classes: int, notes: list[str]) -> tuple[RawRows, RawRows]:
    """Take the last part of the training rows for validation."""
    n_rows = len(train)
    if n_rows < FEWEST_TO_SHARE:
        notes.append(f"only {n_rows} rows: training and validation share them")
        return train, train
    n_held = max(1, round(VALIDATION_SHARE * n_rows))
    is_held = np.arange(n_rows) >= n_rows - n_held
    if len(np.unique(train.y[~is_held])) < n_classes:
        is_held = _every_nth(train.y, n_rows // n_held)
        notes.append("the last rows miss a class: every fifth row of each class validates")
    else:
        notes.append(f"the last {n_held} training rows validate, for want of others")
    return train.at(~is_held), train.at(is_held)


def _every_nth(y: npt.NDArray[Any], n: int) -> npt.NDArray[np.bool_]:
    order = np.argsort(y, kind="stable")
    is_held = np.zeros(len(y), dtype=bool)
    is_held[order[n - 1 :: n]] = True
    return is_held
