"""What a model must beat: knowing only the base rate, and a logistic regression."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.linear_model import LogisticRegression

from ml_training.errors import DataError
from ml_training.evaluation.metrics import FloatArray, log_losses

STRENGTHS = (1e-4, 3e-4, 1e-3, 1e-2, 1e-1)
"""Values of `C` to choose from, on standardised columns. Measured on 13 presets over
five real markets: out of sample 1e-4 and 1e-3 have the best log-loss, where the signal
is weak; a strong signal asks for less penalty."""

USUAL_STRENGTH = 3e-4
"""Taken unless later rows clearly ask for another. Measured on made-up sets of 350 to
4,000 rows with weak signal: no fixed value is better on all of them."""

MIN_ROWS_TO_CHOOSE = 200
"""Training rows; chosen: the judging fifth then holds 40."""

FIT_SHARE, JUDGE_FROM = 0.75, 0.8
"""The penalty is chosen by fitting on the first three quarters of the training rows
and judging on the last fifth; the rows between are left out, as labels overlap."""

CLEARLY = 2.0
"""Standard errors by which another choice must be better on later rows than the usual
one. Measured on made-up sets with weak signal: taking whatever is best costs 0.012 of
log-loss with 350 rows and 0.001 with 700; strong signals are found all the same."""

TAIL = 0.01
"""Share of the training values beyond which a column is cut off on either side; chosen:
one outlier in a hundred must not set the scale of a linear model."""

MAX_ITERATIONS = 1000
"""Of the solver; standardised columns need some dozens."""

ROUNDING = 1e-9
"""Share of a column's mean below which its spread is rounding and no signal; chosen:
far above the 1e-13 that arithmetic leaves, far below anything a market does."""

COLUMNS = ("centre", "low", "high", "mean", "scale", "coef")


class Baseline(Protocol):
    """Anything that gives each setup a chance of a win."""

    @property
    def name(self) -> str:
        """Name it for a reader."""

    def predict_proba(self, X: ArrayLike) -> FloatArray:
        """Return chances of a win, shape (n_setups,)."""


@dataclass(frozen=True)
class BaseRate:
    """Give every setup the win rate of the training block."""

    rate: float
    name: str = "base rate"

    @classmethod
    def fit(cls, y: ArrayLike, weight: ArrayLike | None = None) -> Self:
        """Return the (weighted) win rate of the training outcomes."""
        weights = None if weight is None else np.asarray(weight, dtype=np.float64)
        return cls(float(np.average(np.asarray(y), weights=weights)))

    def predict_proba(self, X: ArrayLike) -> FloatArray:
        """Return the same chance for every row."""
        return np.full(len(np.asarray(X)), self.rate)

    def as_dict(self) -> dict[str, object]:
        """Return all that is needed to predict again, as JSON can hold it."""
        return {"rate": self.rate}

    @classmethod
    def from_dict(cls, stored: dict[str, float]) -> Self:
        """Rebuild what `as_dict` wrote."""
        return cls(stored["rate"])


@dataclass(frozen=True, eq=False)
class LogisticBaseline:
    """Hold a logistic regression with the column treatments fitted on training rows.

    Attributes
    ----------
    centre, low, high, mean, scale, coef : array of float, shape (n_features,)
        Median for missing cells, cut-offs, standardisation and coefficients.
    intercept : float
        Log-odds of a setup whose columns are all average.
    """

    centre: FloatArray
    low: FloatArray
    high: FloatArray
    mean: FloatArray
    scale: FloatArray
    coef: FloatArray
    intercept: float
    name: str = "logistic regression"

    @classmethod
    def fit(cls, X: ArrayLike, y: ArrayLike, weight: ArrayLike | None = None) -> Self:
        """Fit on raw training rows in time order; the later ones choose the penalty.

        Parameters
        ----------
        X : array of float, shape (n_setups, n_features)
            May hold NaN and Inf: both count as missing and become the median.
        y : array of int, shape (n_setups,)
            1 for a win, 0 for a loss; both must occur.
        weight : array of float, shape (n_setups,), optional
            Uniqueness of each setup.

        Raises
        ------
        DataError
            When only one class occurs.
        """
        outcomes = check_classes(y, "A logistic regression")
        rows = np.asarray(X, dtype=np.float64)
        weights = np.ones(len(rows)) if weight is None else np.asarray(weight, dtype=np.float64)
        return cls.fit_with(_choose_strength(rows, outcomes, weights), rows, outcomes, weights)

    @classmethod
    def fit_with(
        cls, strength: float, X: FloatArray, y: NDArray[np.int64], weight: FloatArray
    ) -> Self:
        """Fit with a given `C`; see `fit`.

        Parameters
        ----------
        strength : float
            Inverse of the penalty.
        X, y, weight : array
            As in `fit`.
        """
        rows = _blank_infinite(X)
        known = np.isfinite(rows).any(axis=0)
        centre, low, high = np.zeros((3, rows.shape[1]))
        if known.any():
            quantiles = np.nanquantile(rows[:, known], [0.5, TAIL, 1 - TAIL], axis=0)
            centre[known], low[known], high[known] = quantiles
        cut = np.clip(np.where(np.isfinite(rows), rows, centre), low, high)
        mean, spread = cut.mean(axis=0), cut.std(axis=0)
        scale = np.where(spread > ROUNDING * np.abs(mean), spread, 1.0)
        model = LogisticRegression(C=strength, max_iter=MAX_ITERATIONS)
        model.fit((cut - mean) / scale, y, sample_weight=weight)
        return cls(centre, low, high, mean, scale, model.coef_[0], float(model.intercept_[0]))

    def predict_proba(self, X: ArrayLike) -> FloatArray:
        """Return chances of a win of raw rows, shape (n_setups,)."""
        rows = _blank_infinite(X)
        if rows.ndim != 2 or rows.shape[1] != len(self.coef):
            # A single column would be spread over all of them without a word.
            raise DataError(
                f"The logistic regression was fitted on {len(self.coef)} features, "
                f"got rows of shape {rows.shape}"
            )
        cut = np.clip(np.where(np.isfinite(rows), rows, self.centre), self.low, self.high)
        log_odds = ((cut - self.mean) / self.scale) @ self.coef + self.intercept
        chances: FloatArray = 1.0 / (1.0 + np.exp(-log_odds))
        return chances

    def as_dict(self) -> dict[str, object]:
        """Return all that is needed to predict again, as JSON can hold it."""
        columns = {name: getattr(self, name).tolist() for name in COLUMNS}
        return {**columns, "intercept": self.intercept}

    @classmethod
    def from_dict(cls, stored: dict[str, list[float]]) -> Self:
        """Rebuild what `as_dict` wrote; predictions are the same to the last bit."""
        arrays = [np.asarray(stored[name], dtype=np.float64) for name in COLUMNS]
        centre, low, high, mean, scale, coef = arrays
        intercept = float(np.asarray(stored["intercept"]))
        return cls(centre, low, high, mean, scale, coef, intercept)


def _choose_strength(X: FloatArray, y: NDArray[np.int64], weight: FloatArray) -> float:
    """Return the `C` that later training rows ask for."""
    fit, judge = slice(0, int(FIT_SHARE * len(y))), slice(int(JUDGE_FROM * len(y)), None)
    if len(y) < MIN_ROWS_TO_CHOOSE or len(np.unique(y[fit])) < 2:
        return USUAL_STRENGTH
    losses = {
        one: log_losses(
            y[judge],
            LogisticBaseline.fit_with(one, X[fit], y[fit], weight[fit]).predict_proba(X[judge]),
        )
        for one in STRENGTHS
    }
    return choose_clearly(losses, USUAL_STRENGTH)


def check_classes(y: ArrayLike, what: str) -> NDArray[np.int64]:
    """Return outcomes as an array; raise `DataError` where one class occurs."""
    outcomes: NDArray[np.int64] = np.asarray(y)
    if len(np.unique(outcomes)) < 2:
        raise DataError(f"{what} needs wins and losses, got one of them only")
    return outcomes


def choose_clearly(losses: Mapping[float, FloatArray], usual: float) -> float:
    """Return what is best on later rows, or the usual where that may be luck.

    Parameters
    ----------
    losses : mapping of array of float, shape (n_judged,)
        Loss of each judged row for each choice, the usual one among them.
    usual : float
        What is taken unless another is better by two standard errors.
    """
    best = min(losses, key=lambda one: float(losses[one].mean()))
    saved = losses[usual] - losses[best]
    is_clear = saved.mean() > CLEARLY * saved.std() / np.sqrt(len(saved))
    return best if is_clear else usual


def _blank_infinite(X: ArrayLike) -> FloatArray:
    rows = np.asarray(X, dtype=np.float64)
    return np.where(np.isfinite(rows), rows, np.nan)
