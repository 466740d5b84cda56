"""Short runs, and what every one of them owes the caller."""

import json
from typing import Any

import numpy as np
import pytest
from torch import nn

from ml_training.core.errors import DataError
from ml_training.core.events import never, say_nothing
from ml_training.core.fit import fit
from ml_training.core.result import FitResult
from ml_training.core.settings import TrainSettings

RULE_AND_WAY_OUT = 40  # characters; chosen: no rule with a way out is shorter


def fit_quickly(model, X, y, *others, emit=say_nothing, should_stop=never, weight=None, **chosen):
    """Fit for a few epochs, and check what has to hold however it ended."""
    settings = TrainSettings(
        **{"max_epochs": 8, "batch_size": 32, "learning_rate": 0.01, **chosen}
    )
    result = fit(
        model,
        X,
        y,
        *others,
        settings=settings,
        emit=emit,
        should_stop=should_stop,
        sample_weight=weight,
    )
    check_usable(result, X)
    return result


def check_usable(result: FitResult, X: Any) -> None:
    """Check that a result predicts in numbers and tells its story."""
    is_regression = result.predictor.task == "regression"
    predicted = result.predict(X) if is_regression else result.predict_proba(X)
    assert len(predicted) == len(X)
    assert np.isfinite(predicted).all()
    if not is_regression:
        assert np.allclose(predicted.sum(axis=1), 1.0, atol=1e-5)
    json.dumps(result.report.as_dict(), allow_nan=False)
    assert len(result.report.text()) > RULE_AND_WAY_OUT


def has_trained(result: FitResult) -> bool:
    """Tell whether a network came out of it, and not the base rate alone."""
    return result.model is not None and result.status in {"healthy", "repaired"}


def accuracy(result: FitResult, X, y) -> float:
    """Return the share of rows that are told rightly."""
    return float((result.predict(X) == y).mean())


def refusal(*arguments, **chosen) -> str:
    """Return the words with which arguments are refused; fail when they are not."""
    with pytest.raises(DataError) as caught:
        fit_quickly(*arguments, **chosen)
    assert caught.value.hint
    assert len(str(caught.value)) >= RULE_AND_WAY_OUT
    return str(caught.value)


def own_network(*layers: nn.Module) -> nn.Sequential:
    """Return layers from 6 features to one output."""
    return nn.Sequential(*layers)
