"""Every kind of model a study can serve, and the blend of several."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ml_training.core.result import FitResult
from ml_training.evaluation.baselines import BaseRate, LogisticBaseline
from ml_training.evaluation.blend import mix_chances
from ml_training.evaluation.boosting import BoostingBaseline
from ml_training.evaluation.forest import ForestBaseline
from ml_training.evaluation.metrics import FloatArray
from ml_training.evaluation.pairwise import PairwiseBaseline

NETWORK, ENSEMBLE, BLEND = "network", "network ensemble", "blend"
TRANSFER = "transferred network"
LOGISTIC, PAIRWISE = "logistic regression", "pairwise regression"
BOOSTING, FOREST = "gradient boosting", "random forest"
BASE_RATE = "base rate"

# An ensemble is a `FitResult` too.
Single = (
    FitResult | LogisticBaseline | PairwiseBaseline | BoostingBaseline | ForestBaseline | BaseRate
)


@dataclass(frozen=True, eq=False)
class Blend:
    """Mix the log-odds of several models, each as it gives them before calibration.

    Attributes
    ----------
    members : dict of model by name
        In the order of the weights.
    weights : array of float, shape (n_members,)
        0 or more; see `fit_weights`.
    anchor : float
        Base rate of the training block, which the log-odds are counted from.
    """

    members: Mapping[str, Single]
    weights: FloatArray
    anchor: float
    name: str = BLEND

    def predict_proba(self, X: FloatArray) -> FloatArray:
        """Return chances of a win of raw rows, shape (n_setups,)."""
        chances = np.stack([predict_wins(one, X) for one in self.members.values()])
        return mix_chances(chances, self.weights, anchor=self.anchor)


Model = Single | Blend


def predict_wins(model: Model, X: FloatArray) -> FloatArray:
    """Return uncalibrated chances of a win of raw rows, shape (n_setups,)."""
    if not isinstance(model, FitResult):
        return model.predict_proba(X)
    wins = int(np.flatnonzero(model.classes == 1)[0])
    return np.asarray(model.predict_proba(X), dtype=np.float64)[:, wins]
