"""Where a network begins that starts from a base model."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import torch

from ml_training.core.errors import DataError
from ml_training.core.settings import TrainSettings
from ml_training.core.transfer_start import extend_treatments, fit_treatments, start_from
from ml_training.core.transfer_watch import Rows, fit_base
from ml_training.core.treatments import Impute, Scale, Winsorise, apply_all

N_SHARED = 4


@cache
def make_base():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((300, N_SHARED)) * 5 + 2
    y = (rng.random(300) < 1 / (1 + np.exp(-(X[:, 0] - 2) / 5))).astype(int)
    rows = Rows(X=X[:200], y=y[:200], X_val=X[200:], y_val=y[200:])
    return fit_base(rows, settings=TrainSettings(max_epochs=5))


def make_table(n=60, n_own=3, seed=1):
    rng = np.random.default_rng(seed)
    return np.hstack([rng.standard_normal((n, N_SHARED)) * 5 + 2, rng.random((n, n_own)) * 100])


@pytest.mark.parametrize("n_own", [0, 1, 3])
def test_raw_rows_are_told_as_by_the_base_whatever_columns_come_on_top(n_own):
    base, X = make_base(), make_table(n_own=n_own)
    X[::7, 1] = np.nan
    network, treatments = start_from(base, X)
    rows = torch.from_numpy(apply_all(treatments, X)).float()
    told = network.eval()(rows).detach().sigmoid().flatten().numpy()
    expected = base.predict_proba(X[:, :N_SHARED])[:, 1]
    np.testing.assert_allclose(told, expected, atol=1e-6)


def test_own_columns_are_scaled_by_their_own_rows_when_they_are_added():
    X = make_table(500)
    _, treatments = start_from(make_base(), X)
    own = apply_all(treatments, X)[:, N_SHARED:]
    assert np.abs(np.median(own, axis=0)).max() < 1e-9
    assert (np.abs(own) < 3).all()


def test_own_column_without_any_value_is_harmless():
    X = make_table()
    X[:, -1] = np.nan
    _, treatments = start_from(make_base(), X)
    assert np.isfinite(apply_all(treatments, X)).all()


def test_constant_own_column_is_only_shifted():
    X = make_table()
    X[:, -1] = 7.0
    _, treatments = start_from(make_base(), X)
    treated = apply_all(treatments, np.where(np.arange(X.shape[1]) == X.shape[1] - 1, X + 1, X))
    np.testing.assert_allclose(treated[:, -1], 1.0)


def test_fences_of_the_base_leave_own_columns_alone():
    fence = Winsorise(low=np.full(2, -1.0), high=np.full(2, 1.0))
    extended = extend_treatments((fence,), np.full((5, 1), 50.0))
    treated = apply_all(extended, np.full((2, 3), 50.0))
    np.testing.assert_array_equal(treated, [[1.0, 1.0, 50.0]] * 2)


def test_limit_of_the_base_holds_for_all_columns():
    known = (Impute(fill=np.zeros(2)), Scale(centre=np.zeros(2), width=np.ones(2), limit=2.5))
    _, scale = extend_treatments(known, np.random.default_rng(0).standard_normal((50, 1)))
    assert scale.limit == 2.5
    assert len(scale.centre) == 3


def test_base_of_chances_is_refused_by_what_it_gives():
    base = make_base()
    other = replace(base, predictor=replace(base.predictor, output_kind="probability"))
    with pytest.raises(DataError, match="gives 'probability'"):
        start_from(other, make_table())


def test_fewer_columns_than_the_base_are_refused_with_both_numbers():
    with pytest.raises(DataError, match="takes 4 features, the rows have 3") as caught:
        start_from(make_base(), make_table()[:, :3])
    assert "plan the base model was trained with" in caught.value.hint


def test_treatments_ignore_columns_without_values():
    impute, scale = fit_treatments(np.full((5, 2), np.nan))
    np.testing.assert_array_equal(scale.apply(impute.apply(np.full((1, 2), np.nan))), 0.0)


def test_network_is_on_the_type_of_the_base_when_that_is_double():
    base = make_base()
    wide = replace(base, predictor=replace(base.predictor, model=base.model.double()))
    try:
        network, _ = start_from(wide, make_table())
        assert {one.dtype for one in network.parameters()} == {torch.float64}
        assert {one.dtype for one in network.folded().parameters()} == {torch.float64}
    finally:
        base.model.float()
