"""What the transforms of the case document do to the rows of a case."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from benchmarks.faults.errors import CaseError
from benchmarks.faults.parts import Floats, Parts, Rows

Options = Mapping[str, Any]
Random = np.random.RandomState
Transform = Callable[[Parts, Options, Random], None]
ROW_FENCE_IQR = 10.0  # conventions: drop_outlier_rows_iqr
TARGET_FENCE_IQR = 5.0  # conventions: drop_target_outliers_iqr


def option(options: Options, *names: str) -> Any:
    """Return the first option that is there.

    Raises
    ------
    CaseError
        If none of the names is there.
    """
    for name in names:
        if name in options:
            return options[name]
    raise CaseError(
        f"transform {options.get('op')!r} needs {' or '.join(names)}, got {sorted(options)}",
        hint="see the conventions of the case document",
    )


def columns_of(options: Options) -> list[int]:
    """Return the columns a transform names, one or many."""
    named = option(options, "columns", "column")
    return [int(named)] if isinstance(named, int) else [int(column) for column in named]


def pick(n: int, fraction: float, rng: Random) -> Rows:
    """Return the indices of a random share of rows, at least one."""
    return rng.choice(n, max(1, round(fraction * n)), replace=False)


# --- faults, before preprocessing -------------------------------------------------


def scale(parts: Parts, options: Options, rng: Random) -> None:
    """Multiply all features."""
    del rng
    spread = np.full(parts.X_train.shape[1], 1.0 / float(option(options, "factor")))
    parts.scale_features(np.zeros_like(spread), spread)


def scale_target(parts: Parts, options: Options, rng: Random) -> None:
    """Multiply all targets."""
    del rng
    parts.scale_targets(0.0, 1.0 / float(option(options, "factor")))


def shuffle_train_labels(parts: Parts, options: Options, rng: Random) -> None:
    """Give every training row, or a share of them, the label of another."""
    share = float(options.get("fraction", 1.0))
    rows = pick(len(parts.y_train), share, rng)
    parts.y_train = parts.y_train.copy()
    parts.y_train[rows] = parts.y_train[rng.permutation(rows)]


def minority_rows(y: Rows, fraction: float, rng: Random) -> Rows:
    """Return sorted rows among which class 1 has the given share."""
    others, minority = np.flatnonzero(y != 1), np.flatnonzero(y == 1)
    n_kept = max(1, round(fraction / (1 - fraction) * len(others)))
    kept = rng.choice(minority, min(n_kept, len(minority)), replace=False)
    return np.sort(np.concatenate([others, kept]))


def minority_fraction(parts: Parts, options: Options, rng: Random) -> None:
    """Subsample class 1 everywhere."""
    fraction = float(option(options, "fraction"))
    parts.keep_train(minority_rows(parts.y_train, fraction, rng))
    parts.keep_val(minority_rows(parts.y_val, fraction, rng))
    if len(parts.y_test):
        parts.keep_test(minority_rows(parts.y_test, fraction, rng))


def class_decay(parts: Parts, options: Options, rng: Random) -> None:
    """Keep of class k the share factor**k of its training rows, at least two."""
    factor = float(option(options, "factor", "decay", "fraction", "ratio"))
    kept = []
    for order, label in enumerate(np.unique(parts.y_train)):
        rows = np.flatnonzero(parts.y_train == label)
        n_kept = max(2, round(len(rows) * factor**order))
        kept.append(rng.choice(rows, min(n_kept, len(rows)), replace=False))
    parts.keep_train(np.sort(np.concatenate(kept)))


def label_noise(parts: Parts, options: Options, rng: Random) -> None:
    """Give every training row another class with some probability."""
    fraction = float(option(options, "fraction"))
    rows = np.flatnonzero(rng.uniform(size=len(parts.y_train)) < fraction)
    labels = np.unique(parts.y_train)
    position = np.searchsorted(labels, parts.y_train[rows])
    moved = (position + rng.randint(1, len(labels), len(rows))) % len(labels)
    parts.y_train = parts.y_train.copy()
    parts.y_train[rows] = labels[moved]


def val_prior(parts: Parts, options: Options, rng: Random) -> None:
    """Change the share of class 1 outside the training rows."""
    prior = float(option(options, "fraction", "prior", "p", "value"))
    parts.keep_val(prior_rows(parts.y_val, prior, rng))
    if len(parts.y_test):
        parts.keep_test(prior_rows(parts.y_test, prior, rng))


def prior_rows(y: Rows, prior: float, rng: Random) -> Rows:
    """Return the most rows, sorted, among which class 1 has the given share."""
    others, ones = np.flatnonzero(y != 1), np.flatnonzero(y == 1)
    n_all = min(len(ones) / prior, len(others) / (1 - prior))
    kept_ones = rng.choice(ones, max(1, int(prior * n_all)), replace=False)
    kept_others = rng.choice(others, max(1, int((1 - prior) * n_all)), replace=False)
    return np.sort(np.concatenate([kept_others, kept_ones]))


def inject_nan(parts: Parts, options: Options, rng: Random) -> None:
    """Blank a share of the training cells."""
    X = parts.X_train.copy()
    X[rng.uniform(size=X.shape) < float(option(options, "fraction"))] = np.nan
    parts.X_train = X


def inject_inf_rows(parts: Parts, options: Options, rng: Random) -> None:
    """Put one infinite cell into some training rows."""
    n = len(parts.X_train)
    share = float(options["fraction"]) if "fraction" in options else None
    n_rows = int(option(options, "n_rows", "rows", "count", "n")) if share is None else 0
    rows = pick(n, n_rows / n if share is None else share, rng)
    X = parts.X_train.copy()
    X[rows, rng.randint(0, X.shape[1], len(rows))] = np.inf
    parts.X_train = X


def outlier_rows(parts: Parts, options: Options, rng: Random) -> None:
    """Throw a share of the training rows far up or down, all columns of a row alike."""
    X = parts.X_train.copy()
    rows = pick(len(X), float(option(options, "fraction")), rng)
    sign = rng.choice([-1.0, 1.0], (len(rows), 1))
    X[rows] += float(option(options, "magnitude")) * X.std(axis=0) * sign
    parts.X_train = X


def target_outliers(parts: Parts, options: Options, rng: Random) -> None:
    """Throw a share of the training targets far away."""
    y = parts.y_train.astype(float)
    rows = pick(len(y), float(option(options, "fraction")), rng)
    sign = rng.choice([-1.0, 1.0], len(rows))
    y[rows] += float(option(options, "magnitude", "factor")) * y.std() * sign
    parts.y_train = y


# --- repairs, before preprocessing ------------------------------------------------


def impute_median(parts: Parts, options: Options, rng: Random) -> None:
    """Fill what is not finite with the median of its training column."""
    del options, rng
    X = np.where(np.isfinite(parts.X_train), parts.X_train, np.nan)
    centre = np.nanmedian(X, axis=0)
    parts.X_train = np.where(np.isnan(X), centre, X)
    parts.X_val = np.where(np.isfinite(parts.X_val), parts.X_val, centre)
    parts.X_test = np.where(np.isfinite(parts.X_test), parts.X_test, centre)


def drop_nonfinite_rows(parts: Parts, options: Options, rng: Random) -> None:
    """Drop training rows with a cell that is not finite."""
    del options, rng
    parts.keep_train(np.asarray(np.isfinite(parts.X_train).all(axis=1)))


def is_inside_fence(X: Floats, n_iqr: float) -> Rows:
    """Return which rows lie within n_iqr interquartile ranges of the quartiles.

    Notes
    -----
    Columns whose quartiles agree have no fence: most one-hot columns and constant
    pixels would fall to it.
    """
    low, high = np.percentile(X, [25, 75], axis=0)
    reach = np.where(high > low, n_iqr * (high - low), np.inf)
    return np.asarray(((low - reach <= X) & (high + reach >= X)).all(axis=1))


def drop_outlier_rows_iqr(parts: Parts, options: Options, rng: Random) -> None:
    """Drop training rows with a cell beyond 10 interquartile ranges."""
    del rng
    fence = float(options.get("factor", ROW_FENCE_IQR))
    parts.keep_train(is_inside_fence(parts.X_train, fence))


def drop_target_outliers_iqr(parts: Parts, options: Options, rng: Random) -> None:
    """Drop training rows with a target beyond 5 interquartile ranges."""
    del rng
    fence = float(options.get("factor", TARGET_FENCE_IQR))
    parts.keep_train(is_inside_fence(parts.y_train[:, None], fence))


# --- after preprocessing ----------------------------------------------------------


def scale_columns(parts: Parts, options: Options, rng: Random) -> None:
    """Multiply some columns."""
    del rng
    spread = np.ones(parts.X_train.shape[1])
    spread[columns_of(options)] = 1.0 / float(option(options, "factor"))
    parts.scale_features(np.zeros_like(spread), spread)


def scale_val_only(parts: Parts, options: Options, rng: Random) -> None:
    """Multiply everything but the training rows."""
    del rng
    factor = float(option(options, "factor"))
    parts.X_val = parts.X_val * factor
    parts.X_test = parts.X_test * factor


def shift_val_columns(parts: Parts, options: Options, rng: Random) -> None:
    """Move some columns of everything but the training rows, in training deviations."""
    del rng
    columns = columns_of(options)
    delta = float(option(options, "delta_sigma", "delta")) * parts.X_train[:, columns].std(axis=0)
    parts.X_val, parts.X_test = parts.X_val.copy(), parts.X_test.copy()
    parts.X_val[:, columns] += delta
    parts.X_test[:, columns] += delta


BEFORE: dict[str, Transform] = {
    "scale": scale,
    "scale_target": scale_target,
    "shuffle_train_labels": shuffle_train_labels,
    "minority_fraction": minority_fraction,
    "class_decay": class_decay,
    "label_noise": label_noise,
    "val_prior": val_prior,
    "inject_nan": inject_nan,
    "inject_inf_rows": inject_inf_rows,
    "outlier_rows": outlier_rows,
    "target_outliers": target_outliers,
    "impute_median": impute_median,
    "drop_nonfinite_rows": drop_nonfinite_rows,
    "drop_outlier_rows_iqr": drop_outlier_rows_iqr,
    "drop_target_outliers_iqr": drop_target_outliers_iqr,
}
AFTER: dict[str, Transform] = {
    "scale_after_preprocess": scale,
    "scale_column_after_preprocess": scale_columns,
    "scale_val_only": scale_val_only,
    "shift_val_columns": shift_val_columns,
}
