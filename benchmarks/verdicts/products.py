"""What a library would do about products of two columns: all of them, and a penalty."""

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, QuantileTransformer, StandardScaler

from ml_training.data.labelled import LabelledSet

Floats = NDArray[np.float64]

STRENGTHS = (0.001, 0.003, 0.01, 0.03)
"""Values of `C` of the lasso to choose from, on the newest quarter of the past."""
OLDER = 0.75


def ask_lasso(past: LabelledSet, X: Floats) -> Floats:
    """Return the chances that a lasso over all columns and products gives new rows.

    Parameters
    ----------
    past : LabelledSet
        To fit on, in time order; the newest quarter chooses the penalty.
    X : array of float, shape (n_rows, n_features)
        Raw rows; what is missing becomes the median.
    """
    known, y = _fill(past.X, past.X), past.y.astype(np.int64)
    cut = int(OLDER * len(y))
    losses = {
        strength: _lose(
            y[cut:], _fit(strength, known[:cut], y[:cut], past.weight[:cut]), known[cut:]
        )
        for strength in STRENGTHS
    }
    best = min(losses, key=losses.__getitem__)
    chances = _fit(best, known, y, past.weight).predict_proba(_fill(X, past.X))
    return np.asarray(chances[:, 1])


def _fill(X: Floats, known: Floats) -> Floats:
    return np.where(np.isfinite(X), X, np.nanmedian(known, axis=0))


def _fit(strength: float, X: Floats, y: NDArray[np.int64], weight: Floats) -> LogisticRegression:
    model = make_pipeline(
        QuantileTransformer(n_quantiles=64, output_distribution="normal"),
        PolynomialFeatures(2, include_bias=False),
        StandardScaler(),
        LogisticRegression(l1_ratio=1.0, C=strength, solver="liblinear"),
    )
    return model.fit(X, y, logisticregression__sample_weight=weight)


def _lose(y: NDArray[np.int64], model: LogisticRegression, X: Floats) -> float:
    p = model.predict_proba(X)[:, 1]
    return -float(np.mean(np.log(np.where(y == 1, p, 1.0 - p))))
