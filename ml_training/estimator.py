"""The engine as scikit-learn estimators, for pipelines, searches and folds."""

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils import check_random_state, compute_sample_weight
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data
from torch import nn

from ml_training.core.arrays import Floats
from ml_training.core.fit import fit
from ml_training.core.prepare import FEWEST_TO_SHARE, VALIDATION_SHARE
from ml_training.core.problems.duplicate_rows import BY_CHANCE
from ml_training.core.result import FitResult
from ml_training.core.settings import Loss, OptimizerFactory, SchedulerFactory, TrainSettings
from ml_training.core.state import seeded
from ml_training.core.survey import count_copies, row_keys
from ml_training.core.table import RawRows

__all__ = ["RefusedWarning", "RepairingClassifier", "RepairingRegressor"]

MOST_REPEATS = 10  # times the rows; chosen: beyond it, repeating costs too much time
USUAL_BATCH = TrainSettings().batch_size
SMALLEST_BATCH = 8  # chosen: batch normalisation over fewer rows is mostly noise
STEPS = 8  # per epoch, at least; chosen: patience of 15 epochs of one step ends too early
LARGEST_SEED = 2**31 - 1
NOT_OF_THE_ENGINE = {"network", "class_weight", "validation_fraction", "shuffle", "random_state"}
TABLE: dict[str, Any] = {"dtype": np.float64, "ensure_all_finite": "allow-nan"}


class RefusedWarning(UserWarning):
    """Say that nothing was learned and that predictions are the base rate."""


@dataclass(kw_only=True, eq=False, repr=False)
class _RepairingEstimator(BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """Hold what classifier and regressor share: parameters, rows and the run."""

    network: Callable[[int, int], nn.Module] | None = None
    optimizer: str | OptimizerFactory = "adamw"
    optimizer_options: Mapping[str, Any] | None = None
    learning_rate: float = 1e-3
    batch_size: int | Literal["auto"] = "auto"
    max_epochs: int = 100
    loss: str | Loss = "auto"
    scheduler: SchedulerFactory | None = None
    clip_norm: float | None = None
    patience: int | None = 15
    device: str = "cpu"
    repair: bool = True
    switched_off: tuple[str, ...] = ()
    max_step_ratio: float = 3.0
    n_threads: int = 1
    watch: str = "core"
    validation_fraction: float = VALIDATION_SHARE
    shuffle: bool = True
    random_state: int | np.random.RandomState | None = 0

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags

    def _check_rows(self, X: Any, y: Any, *, reset: bool) -> tuple[Floats, npt.NDArray[Any]]:
        is_regression = isinstance(self, RegressorMixin)
        X, y = validate_data(self, X, y, reset=reset, y_numeric=is_regression, **TABLE)
        return X, y

    def _check_features(self, X: Any) -> Floats:
        check_is_fitted(self)
        rows: Floats = validate_data(self, X, reset=False, **TABLE)
        return rows

    def _train(self, rows: RawRows, X_val: Any, y_val: Any, *, task: str, n_outputs: int) -> None:
        """Run the engine, keep what came of it, and warn when that is nothing."""
        settings = self._settings(task, n_rows=len(rows))
        rows = _in_order(rows) if self.shuffle else rows
        if X_val is None and y_val is None:
            rows, X_val, y_val = self._hold_out(rows, settings)
        elif X_val is not None and y_val is not None:
            X_val, y_val = self._check_rows(X_val, y_val, reset=False)
        with seeded(settings.seed, settings.n_threads):
            network = self.network and self.network(rows.X.shape[1], n_outputs)
        result = fit(
            network, rows.X, rows.y, X_val, y_val, settings=settings, sample_weight=rows.weight
        )
        self.result_ = result
        self.status_, self.report_ = result.status, result.report
        self.findings_, self.trials_ = result.findings, result.trials
        if result.model is None:
            warnings.warn(_say_why(result), RefusedWarning, stacklevel=3)

    def _settings(self, task: str, *, n_rows: int) -> TrainSettings:
        names = self.get_params(deep=False).keys() - NOT_OF_THE_ENGINE
        chosen = {name: _plain(getattr(self, name)) for name in names}
        chosen["optimizer_options"] = dict(self.optimizer_options or {})
        if self.batch_size == "auto":
            chosen["batch_size"] = min(max(n_rows // STEPS, SMALLEST_BATCH), USUAL_BATCH)
        return TrainSettings(task=task, seed=self._seed(), **chosen)

    def _seed(self) -> int:
        if isinstance(self.random_state, int | np.integer):
            return int(self.random_state)
        return int(check_random_state(self.random_state).randint(LARGEST_SEED))

    def _hold_out(
        self, rows: RawRows, settings: TrainSettings
    ) -> tuple[RawRows, Floats | None, npt.NDArray[Any] | None]:
        """Return training and validation rows; None where the engine has to choose."""
        share = self.validation_fraction
        if not 0 < share < 1:
            raise ValueError(
                f"`validation_fraction` must lie between 0 and 1, got {share!r}; "
                "pass `X_val` and `y_val` to validate on rows of your own"
            )
        has_classes = settings.task != "regression"
        strata = np.unique(rows.y, return_inverse=True)[1] if has_classes else np.zeros(len(rows))
        if self.shuffle:
            is_held = draw_validation(rows.X, strata.astype(np.int64), share, seed=settings.seed)
        else:
            is_held = np.arange(len(rows)) >= len(rows) - max(1, round(share * len(rows)))
        misses_one = len(set(strata[~is_held])) < len(set(strata))
        if misses_one or not is_held.any() or len(rows) < FEWEST_TO_SHARE:
            return rows, None, None
        held = rows.at(is_held).by_weight()
        return rows.at(~is_held), held.X, held.y


@dataclass(kw_only=True, eq=False, repr=False)
class RepairingClassifier(ClassifierMixin, _RepairingEstimator):  # type: ignore[misc]
    """Classify rows of a table with a network that is watched and repaired.

    Parameters
    ----------
    network : callable or None
        ``(n_features, n_outputs) -> torch.nn.Module``, one output for two classes. None
        builds the house network.
    optimizer, optimizer_options, learning_rate
        As in `TrainSettings`.
    batch_size : int or "auto"
        Rows per step; ``"auto"`` takes 64, fewer from short tables.
    max_epochs, loss, scheduler, clip_norm, patience, device, repair, switched_off
        As in `TrainSettings`.
    max_step_ratio, n_threads, watch
        As in `TrainSettings`.
    validation_fraction : float
        Share of the rows held out, 0-1, when `fit` is given no validation rows.
    shuffle : bool
        True takes the rows as independent: their order does not matter, and validation
        rows are drawn from each class. False takes them as a time series: the last ones
        validate. True is wrong where neighbours in time are alike.
    random_state : int, RandomState or None
        Decides initial weights, shuffling, dropout and the draw of validation rows.
    class_weight : dict, "balanced" or None
        Multiplies the weights of rows; imbalance of the classes is then left alone.

    Attributes
    ----------
    classes_ : array of shape (n_classes,)
        Labels, in the order of the columns of `predict_proba`.
    n_features_in_ : int
        Columns of the table.
    feature_names_in_ : array of shape (n_features_in_,)
        Their names, when they are all text.
    result_ : FitResult
        All that the engine returned: network, history, report.
    status_ : str
        ``"healthy"``, ``"repaired"``, ``"unresolved"`` or ``"refused"``.
    report_ : Report
        ``report_.text()`` tells the story of the run.
    findings_, trials_ : tuple
        Every problem that was seen, every remedy that was tried.

    Notes
    -----
    NaN cells are filled by the engine; Inf is an error, as scikit-learn asks. When
    there is nothing to learn the run is refused: `fit` gives a `RefusedWarning`, and
    predictions are the base rate.

    Weights that are whole numbers are counts: the row appears as often. Others weigh in
    the loss, and decide how often a row appears among the validation rows.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(300, 3))
    >>> model = RepairingClassifier(max_epochs=20).fit(X, X[:, 0] > 0)
    >>> model.status_, model.predict_proba(X).shape
    ('healthy', (300, 2))
    """

    class_weight: Mapping[Any, float] | str | None = None

    def fit(
        self, X: Any, y: Any, sample_weight: Any = None, X_val: Any = None, y_val: Any = None
    ) -> Self:
        """Train on a table.

        Parameters
        ----------
        X : array-like of shape (n, n_features)
            Raw features; NaN marks missing cells.
        y : array-like of shape (n,)
            Labels.
        sample_weight : array-like of shape (n,) or None
            Weight of each row; rows of weight zero are left out.
        X_val, y_val : array-like or None
            Validation rows; None holds out a part of the rows.
        """
        X, y = self._check_rows(X, y, reset=True)
        check_classification_targets(y)
        weight = _weights(X, sample_weight)
        if self.class_weight is not None:
            of_class = compute_sample_weight(self.class_weight, y)
            weight = of_class if weight is None else weight * of_class
        rows = _counted(X, y, weight)
        self.classes_ = np.unique(rows.y)
        is_wide = len(self.classes_) > 2
        self._train(
            rows,
            X_val,
            y_val,
            task="multiclass" if is_wide else "binary",
            n_outputs=len(self.classes_) if is_wide else 1,
        )
        return self

    def _settings(self, task: str, *, n_rows: int) -> TrainSettings:
        """Return settings that leave imbalance alone where the caller weighed it."""
        settings = super()._settings(task, n_rows=n_rows)
        off = set() if self.class_weight is None else {"class_imbalance"}
        return replace(settings, switched_off=settings.switched_off | off)

    def predict_proba(self, X: Any) -> Floats:
        """Return class probabilities, shape (n, n_classes).

        Parameters
        ----------
        X : array-like of shape (n, n_features)
            Raw features; NaN marks missing cells.
        """
        rows = self._check_features(X)
        return self.result_.predict_proba(rows)

    def predict(self, X: Any) -> npt.NDArray[Any]:
        """Return the likeliest labels, shape (n,).

        Parameters
        ----------
        X : array-like of shape (n, n_features)
            Raw features; NaN marks missing cells.
        """
        rows = self._check_features(X)
        return self.result_.predict(rows)


@dataclass(kw_only=True, eq=False, repr=False)
class RepairingRegressor(RegressorMixin, _RepairingEstimator):  # type: ignore[misc]
    """Predict values from rows of a table with a network that is watched and repaired.

    Parameters and attributes are those of `RepairingClassifier`, without the classes.
    """

    def fit(
        self, X: Any, y: Any, sample_weight: Any = None, X_val: Any = None, y_val: Any = None
    ) -> Self:
        """Train on a table; the arguments are those of `RepairingClassifier.fit`."""
        X, y = self._check_rows(X, y, reset=True)
        rows = _counted(X, y.astype(np.float64), _weights(X, sample_weight))
        self._train(rows, X_val, y_val, task="regression", n_outputs=1)
        return self

    def predict(self, X: Any) -> npt.NDArray[Any]:
        """Return values, shape (n,)."""
        rows = self._check_features(X)
        return self.result_.predict(rows)


def _weights(X: Floats, sample_weight: Any) -> Floats | None:
    if sample_weight is None:
        return None
    weights: Floats = _check_sample_weight(
        sample_weight, X, dtype=np.float64, ensure_non_negative=True
    )
    return weights


def _counted(X: Floats, y: npt.NDArray[Any], weight: Floats | None) -> RawRows:
    """Return rows as often as they count; weights are left when they are no counts."""
    if weight is None:
        return RawRows(X, y)
    is_count = bool((weight == np.floor(weight)).all())
    if is_count and weight.sum() <= MOST_REPEATS * len(weight):
        return RawRows(X, y).at(np.repeat(np.arange(len(y)), weight.astype(np.int64)))
    return RawRows(X, y, weight).at(weight > 0)


def _in_order(rows: RawRows) -> RawRows:
    """Return rows in an order that depends on what they hold, not on how they came."""
    keys = [row_keys(rows.X), np.unique(rows.y, return_inverse=True)[1]]
    if rows.weight is not None:
        keys.append(rows.weight)
    return rows.at(np.lexsort(keys[::-1]))


def draw_validation(
    X: Floats, strata: npt.NDArray[np.int64], share: float, *, seed: int
) -> npt.NDArray[np.bool_]:
    """Draw validation rows from each stratum; never all of one.

    Notes
    -----
    Copies that chance does not explain, as counts make them, stay on one side of the
    split: they would be an exam whose questions were known before.
    """
    keys = _groups(X, strata)
    _, first, place = np.unique(keys, return_index=True, return_inverse=True)
    rng = np.random.default_rng(seed)
    is_held = np.zeros(len(first), dtype=bool)
    for stratum in np.unique(strata):
        of_stratum = rng.permutation(np.flatnonzero(strata[first] == stratum))
        n_held = min(round(share * len(of_stratum)), len(of_stratum) - 1)
        is_held[of_stratum[: max(n_held, 0)]] = True
    return is_held[place]


def _groups(X: Floats, strata: npt.NDArray[np.int64]) -> npt.NDArray[Any]:
    """Return a key for each row; equal ones are not to be parted."""
    copies = count_copies(X, strata, X[:0])
    are_natural = copies.n_expected > BY_CHANCE * len(X)
    return np.arange(len(X)) if are_natural or not copies.n_repeats else row_keys(X)


def _plain(value: Any) -> Any:
    """Return numbers that a search drew with numpy as Python's own."""
    return value.item() if isinstance(value, np.generic) else value


def _say_why(result: FitResult) -> str:
    words = [f.message for f in result.findings if f.severity == "critical"]
    notes = [note[0].upper() + note[1:] + "." for note in result.report.notes]
    return " ".join(["Nothing was learned.", *words, *notes])
