"""Whatever is thrown at `fit`, it ends in numbers or in a refusal in words."""

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from ml_training.core.errors import DataError
from tests.core.robustness.fitting import RULE_AND_WAY_OUT, fit_quickly

CELLS = st.sampled_from([0.0, 1.0, -1.0, 1e4, 1e30, 1e38, 1e300, np.nan, np.inf, -np.inf])
RATES = st.sampled_from([1e-300, 1e-9, 1e-3, 0.1, 10.0, 1e12, 1e300])


@st.composite
def tables(draw):
    """Draw a table of few rows with some odd cells and columns."""
    n_rows, n_columns = draw(st.integers(1, 60)), draw(st.integers(1, 5))
    rng = np.random.default_rng(draw(st.integers(0, 9)))
    X = rng.normal(size=(n_rows, n_columns)) * draw(st.sampled_from([1e-30, 1.0, 1e6, 1e37]))
    for _ in range(draw(st.integers(0, 4))):
        row, column = draw(st.integers(0, n_rows - 1)), draw(st.integers(0, n_columns - 1))
        rows = slice(None) if draw(st.booleans()) else slice(row, row + 1)
        X[rows, column] = draw(CELLS)
    return X


@st.composite
def targets(draw, n_rows):
    """Draw classes or values, sometimes with holes."""
    rng = np.random.default_rng(draw(st.integers(0, 9)))
    kind = draw(st.sampled_from(["two", "three", "many", "text", "values", "huge", "one"]))
    y = {
        "two": rng.integers(0, 2, n_rows),
        "three": rng.integers(0, 3, n_rows),
        "many": np.arange(n_rows),
        "text": rng.choice(["win", "loss"], n_rows),
        "values": rng.normal(size=n_rows),
        "huge": 1e37 * rng.normal(size=n_rows),
        "one": np.zeros(n_rows, int),
    }[kind]
    if kind in {"values", "huge"} and draw(st.booleans()):
        y[draw(st.integers(0, n_rows - 1))] = draw(CELLS)
    return y


class Strange(nn.Module):
    """Do one strange thing after a number of training calls."""

    def __init__(self, n_features, n_outputs, habit, start):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(n_features, 8), nn.ReLU(), nn.Linear(8, n_outputs))
        self.habit, self.start, self.calls = habit, start, []

    def forward(self, rows):
        outputs = self.layers(rows)
        if self.training:
            self.calls.append(len(rows))
        if len(self.calls) <= self.start:
            return outputs
        if self.habit == "raise":
            raise RuntimeError("a strange network")
        if self.habit == "raise on odd":
            return outputs if len(rows) % 2 == 0 else self.layers(rows[:, :0])
        if self.habit == "nan":
            return outputs * float("nan")
        return outputs[:1] if self.habit == "short" else outputs


HABITS = st.sampled_from(["none", "raise", "raise on odd", "nan", "short"])


@st.composite
def runs(draw):
    """Draw a table, its targets, a network and settings."""
    X = draw(tables())
    y = draw(targets(len(X)))
    is_values = y.dtype.kind == "f"
    n_outputs = 1 if is_values or len(np.unique(y)) <= 2 else len(np.unique(y))
    torch.manual_seed(0)
    model = (
        None
        if draw(st.booleans())
        else Strange(X.shape[1], n_outputs, draw(HABITS), draw(st.integers(0, 9)))
    )
    chosen = {
        "learning_rate": draw(RATES),
        "optimizer": draw(st.sampled_from(["adamw", "adam", "sgd", "rmsprop"])),
        "batch_size": draw(st.sampled_from([2, 3, 16, 64])),
        "max_epochs": draw(st.integers(1, 4)),
        "clip_norm": draw(st.sampled_from([None, 1e-9, 1.0])),
        "repair": draw(st.booleans()),
        "watch": draw(st.sampled_from(["core", "ratios", "everything"])),
        "max_step_ratio": draw(st.sampled_from([0.1, 3.0])),
    }
    weight = draw(st.sampled_from([None, "some", "few"]))
    shares = {"some": np.arange(len(X)) % 3 + 0.5, "few": (np.arange(len(X)) == 0) * 1.0}
    return model, X, y, shares.get(weight), chosen


@settings(max_examples=60, deadline=None)
@given(runs())
def test_a_run_ends_in_numbers_or_in_words(run):
    model, X, y, weight, chosen = run
    try:
        result = fit_quickly(model, X, y, weight=weight, **chosen)
    except DataError as error:
        refused = error
    else:
        refused = None
    if refused is not None:
        assert refused.hint
        assert len(str(refused)) >= RULE_AND_WAY_OUT
        return
    assert result.status in {"healthy", "repaired", "unresolved", "refused"}
    if not chosen["repair"]:
        assert not result.trials
