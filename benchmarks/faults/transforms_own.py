"""Spoiled rows of our own: what the case document does not list."""

import numpy as np

from benchmarks.faults.parts import Parts
from benchmarks.faults.transforms import Options, Random, Transform, columns_of, option, pick


def repeat_rows(parts: Parts, options: Options, rng: Random) -> None:
    """Copy a few training rows over and over, under the label of another class.

    Notes
    -----
    Classification only: ``fraction`` of the rows appear ``times`` more often.
    """
    rows = pick(len(parts.y_train), float(option(options, "fraction")), rng)
    labels = np.unique(parts.y_train)
    wrong = labels[(np.searchsorted(labels, parts.y_train[rows]) + 1) % len(labels)]
    times = int(option(options, "times"))
    parts.X_train = np.vstack([parts.X_train, np.repeat(parts.X_train[rows], times, axis=0)])
    parts.y_train = np.concatenate([parts.y_train, np.repeat(wrong, times)])


def drop_repeated_rows(parts: Parts, options: Options, rng: Random) -> None:
    """Keep the first of equal training rows."""
    del options, rng
    first = np.unique(parts.X_train, axis=0, return_index=True)[1]
    parts.keep_train(np.sort(first))


def leak_target(parts: Parts, options: Options, rng: Random) -> None:
    """Add a column that carries the answer, except where it is not known in time."""
    spread = float(option(options, "noise"))
    for name in ("train", "val"):
        X, y = getattr(parts, f"X_{name}"), getattr(parts, f"y_{name}")
        leak = y + spread * rng.randn(len(y))
        setattr(parts, f"X_{name}", np.column_stack([X, leak]))
    guess = rng.permutation(parts.y_train)[: len(parts.y_test)]
    guess = np.resize(guess, len(parts.y_test)) + spread * rng.randn(len(parts.y_test))
    parts.X_test = np.column_stack([parts.X_test, guess])


def freeze_columns(parts: Parts, options: Options, rng: Random) -> None:
    """Make columns constant in training, up to rounding dust; later they move."""
    columns, dust = columns_of(options), float(option(options, "dust"))
    X = parts.X_train.copy()
    X[:, columns] = X[0, columns] + dust * rng.randn(len(X), len(columns))
    parts.X_train = X


def add_constant_columns(parts: Parts, options: Options, rng: Random) -> None:
    """Add columns that are the same everywhere: they neither help nor harm."""
    del rng
    n_columns = int(option(options, "n_columns"))
    for name in ("X_train", "X_val", "X_test"):
        X = getattr(parts, name)
        setattr(parts, name, np.hstack([X, np.full((len(X), n_columns), 3.0)]))


def drop_columns(parts: Parts, options: Options, rng: Random) -> None:
    """Remove columns everywhere."""
    del rng
    columns = columns_of(options)
    for name in ("X_train", "X_val", "X_test"):
        setattr(parts, name, np.delete(getattr(parts, name), columns, axis=1))


def keep_rows(parts: Parts, options: Options, rng: Random) -> None:
    """Keep a handful of training rows, of every class at least one."""
    n_rows = int(option(options, "n_rows"))
    order = rng.permutation(len(parts.y_train))
    is_first = np.zeros(len(order), dtype=bool)
    if not parts.is_regression:
        is_first[np.unique(parts.y_train[order], return_index=True)[1]] = True
    kept = np.concatenate([order[is_first], order[~is_first]])[:n_rows]
    parts.keep_train(np.sort(kept))


OWN_BEFORE: dict[str, Transform] = {
    "repeat_rows": repeat_rows,
    "drop_repeated_rows": drop_repeated_rows,
    "leak_target": leak_target,
    "freeze_columns": freeze_columns,
    "add_constant_columns": add_constant_columns,
    "drop_columns": drop_columns,
    "keep_rows": keep_rows,
}
