import numpy as np
import pytest
import torch

from ml_training.core.ensemble_network import Ensemble, Shape
from ml_training.core.ensemble_start import (
    PENALTIES,
    MemberRows,
    begin_with_lines,
    measure_columns,
)


def make_ensemble(n_features=3, n_members=2):
    torch.manual_seed(0)
    shape = Shape(
        n_members=n_members,
        n_features=n_features,
        n_outputs=1,
        widths=(4,),
        dropout=0.0,
        is_normalised=False,
    )
    return Ensemble(shape)


def make_rows(X, y, *, trained=None, held=None, n_members=2):
    n_rows = len(y)
    return MemberRows(
        torch.from_numpy(X).float(),
        torch.from_numpy(y).float(),
        torch.ones(n_rows, n_members) if trained is None else torch.from_numpy(trained).float(),
        torch.zeros(n_rows, n_members) if held is None else torch.from_numpy(held).float(),
    )


def make_values(n=500, n_features=3, seed=0):
    return np.random.default_rng(seed).normal(size=(n, n_features))


def begin(X, y, *, is_binary, **parts):
    model = make_ensemble(X.shape[1])
    rows = make_rows(X, y, **parts)
    measure_columns(model, rows.X)
    penalty = begin_with_lines(model, rows, is_binary=is_binary)
    return model, penalty


def told_by_lines(model, X):
    with torch.no_grad():
        return model.live.line(model.scaled(torch.from_numpy(X).float()))[:, :, 0].numpy()


def test_values_along_a_line_are_told_from_the_start():
    X = make_values()
    y = 2.0 + X @ np.array([1.0, -0.5, 0.0])
    model, penalty = begin(X, y, is_binary=False)
    assert penalty == min(PENALTIES)
    inside = (np.abs(X) < 2).all(axis=1)  # beyond, columns are cut
    assert np.abs(told_by_lines(model, X) - y[:, None])[inside].max() < 0.1


def test_a_member_begins_without_the_rows_it_does_not_learn_from():
    X = make_values()
    y = (X[:, 0] > 0).astype(float)
    wrong = y.copy()
    wrong[:250] = 1 - wrong[:250]
    trained = np.ones((500, 2))
    trained[:250, 1] = 0.0
    model, _ = begin(X, wrong, is_binary=True, trained=trained)
    slopes = model.live.line.weight.detach()[:, 0, 0]
    assert abs(float(slopes[0])) < 0.2  # as many rows say the contrary
    assert float(slopes[1]) > 1.0


def test_weights_of_rows_count_in_the_line():
    X = make_values()
    y = (X[:, 0] > 0).astype(float)
    y[::2] = 1 - y[::2]
    trained = np.ones((500, 2))
    trained[::2, 0] = 0.01
    model, _ = begin(X, y, is_binary=True, trained=trained)
    slopes = model.live.line.weight.detach()[:, 0, 0]
    assert float(slopes[0]) > 0.5
    assert abs(float(slopes[1])) < 0.2


def test_the_line_stays_flat_when_held_out_rows_ask_for_it():
    X = make_values(120, 30)
    y = np.random.default_rng(5).integers(0, 2, 120).astype(float)
    held = np.zeros((120, 2))
    held[80:] = 1.0
    model, penalty = begin(X, y, is_binary=True, trained=1 - held, held=held)
    assert penalty >= 0.3
    assert np.abs(told_by_lines(model, X)).max() < 1.5


def test_the_share_of_wins_is_told_when_columns_tell_nothing():
    X = np.zeros((400, 3))
    y = (np.arange(400) % 4 == 0).astype(float)
    model, _ = begin(X, y, is_binary=True)
    chances = 1 / (1 + np.exp(-told_by_lines(model, X)))
    assert chances == pytest.approx(np.full((400, 2), 0.25), abs=0.01)


def test_range_and_size_are_those_of_the_middle_of_the_rows():
    X = make_values(2000, 1) * 5 + 100
    X[0] = 1e9
    model = make_ensemble(1)
    measure_columns(model, torch.from_numpy(X).float())
    low, high = np.quantile(X, [0.01, 0.99])
    assert float(model.low[0]) == pytest.approx(low, rel=0.01)
    assert float(model.high[0]) == pytest.approx(high, rel=0.01)
    assert float(model.centre[0]) == pytest.approx(100, abs=0.5)
    assert float(model.width[0]) == pytest.approx(5, rel=0.1)


def test_a_rare_mark_keeps_its_range():
    X = np.zeros((1000, 1))
    X[:3] = 1.0  # rarer than the tail that is cut
    model = make_ensemble(1)
    measure_columns(model, torch.from_numpy(X).float())
    scaled = model.scaled(torch.from_numpy(X).float())
    assert float(scaled[0, 0] - scaled[-1, 0]) > 1.0


@pytest.mark.parametrize("every", [0, 1, 2])
def test_a_column_that_stands_still_says_nothing(every):
    X = make_values(200)
    X[:, every] = 3.0
    y = (make_values(200, seed=1)[:, 0] > 0).astype(float)
    model, _ = begin(X, y, is_binary=True)
    assert float(model.live.line.weight.detach()[:, every].abs().max()) < 1e-3
