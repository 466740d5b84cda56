from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ml_training.core.facts import measure_columns
from ml_training.core.table import FEWEST_TO_SPLIT, RawRows, TableData, split_validation
from ml_training.core.treatments import (
    Impute,
    Scale,
    apply_all,
    fit_robust_scale,
    load_treatment,
)
from tests.core.builders import make_rows

TABLES = arrays(
    np.float64,
    st.tuples(st.integers(2, 30), st.integers(1, 5)),
    elements=st.floats(-1e30, 1e30, allow_nan=False),
)


def make_raw(n, *, n_classes=2, seed=0):
    rng = np.random.default_rng(seed)
    return RawRows(rng.normal(size=(n, 3)), rng.integers(0, n_classes, n), rng.random(n))


def make_data(n=30, treatments=()):
    raw = make_raw(n)
    return TableData(
        raw_train=raw,
        raw_stopping=raw,
        raw_judging=raw,
        treatments=treatments,
        targets=lambda y: y.float(),
        device=torch.device("cpu"),
        dtype=torch.float32,
    )


def test_rows_become_tensors_of_the_model():
    data = make_data()
    assert data.train.X.dtype == torch.float32
    assert data.train.weight.dtype == torch.float32
    assert np.allclose(data.train.X.numpy(), data.raw_train.X, atol=1e-6)


def test_rows_are_shared_when_slices_are():
    data = make_data()
    assert data.judging is data.stopping


def test_marks_come_first_and_end_up_behind_what_was_there():
    raw = make_raw(30)
    raw.X[::3, 1] = np.nan
    fill, scale = Impute(np.zeros(3)), Scale(np.zeros(3), np.full(3, 2.0), limit=9.0)
    data = replace(make_data(treatments=(fill, scale)), raw_train=raw)
    flagged = data.flagged((1,))
    assert [treatment.key for treatment in flagged.treatments] == ["flag", "impute", "scale"]
    assert torch.equal(flagged.train.X[:, :3], data.train.X)
    assert flagged.train.X[:, 3].tolist() == [1.0, 0.0, 0.0] * 10
    assert flagged.stopping.X.shape[1] == 4
    assert data.train.X.shape[1] == 3


def test_a_treatment_reaches_every_part_and_leaves_the_old_data_alone():
    data = make_data()
    before = data.train.X.clone()
    scale = Scale(centre=np.zeros(3), width=np.full(3, 2.0), limit=9.0)
    treated = data.treated_with(scale)
    assert torch.allclose(treated.train.X, before / 2)
    assert torch.allclose(treated.stopping.X, before / 2)
    assert torch.equal(data.train.X, before)
    assert treated.treatments == (scale,)


def test_treated_rows_are_those_of_the_network_in_double():
    data = make_data(treatments=(Scale(np.ones(3), np.full(3, 3.0), 9.0),))
    assert np.allclose(data.treated_train(), data.train.X.numpy(), atol=1e-6)
    assert data.treated_train().dtype == np.float64


def test_rows_are_chosen_with_their_targets_and_weights():
    raw = make_raw(10)
    some = raw.at(raw.y == 1)
    assert len(some) == int(raw.y.sum())
    assert some.weight.tolist() == raw.weight[raw.y == 1].tolist()


def test_validation_is_split_without_overlap_and_with_the_same_mix():
    raw = make_raw(FEWEST_TO_SPLIT, n_classes=3)
    stopping, judging = split_validation(raw, 3)
    assert len(stopping) + len(judging) == len(raw)
    assert not set(map(tuple, stopping.X)) & set(map(tuple, judging.X))
    difference = np.bincount(stopping.y) - np.bincount(judging.y)
    assert np.abs(difference).max() <= 1


def test_values_alternate_between_the_slices():
    raw = RawRows(np.zeros((FEWEST_TO_SPLIT, 1)), np.arange(float(FEWEST_TO_SPLIT)))
    _, judging = split_validation(raw, 0)
    assert judging.y[:3].tolist() == [1.0, 3.0, 5.0]


def test_validation_is_shared_when_rows_are_few():
    raw = make_raw(FEWEST_TO_SPLIT - 1)
    stopping, judging = split_validation(raw, 2)
    assert stopping is raw
    assert judging is raw


def test_missing_cells_get_the_median():
    X = np.array([[1.0, np.nan], [3.0, 5.0], [np.nan, 7.0]])
    impute = Impute.fitted(measure_columns(X)["median"])
    assert impute.apply(X).tolist() == [[1.0, 6.0], [3.0, 5.0], [2.0, 7.0]]


def test_a_column_of_nothing_is_filled_with_zero():
    X = np.array([[np.nan], [np.nan]])
    assert Impute.fitted(measure_columns(X)["median"]).apply(X).tolist() == [[0.0], [0.0]]


@settings(max_examples=100, deadline=None)
@given(TABLES)
def test_scaled_cells_are_finite_and_bounded(X):
    scaled = fit_robust_scale(X, limit=10.0).apply(X)
    assert np.isfinite(scaled).all()
    assert np.abs(scaled).max() <= 10.0


@settings(max_examples=50, deadline=None)
@given(st.floats(1e-6, 1e6), st.floats(-1e3, 1e3))
def test_scaling_undoes_any_unit(factor, offset):
    X = np.random.default_rng(0).normal(size=(50, 2))
    one = fit_robust_scale(X, limit=10.0).apply(X)
    Z = X * factor + offset * factor
    other = fit_robust_scale(Z, limit=10.0).apply(Z)
    assert np.allclose(one, other, atol=1e-4)


def test_an_outlier_does_not_drown_its_column():
    X = np.random.default_rng(0).normal(size=(200, 1))
    X[0] = 1e9
    scaled = fit_robust_scale(X, limit=10.0).apply(X)
    assert 0.7 < scaled[1:].std() < 1.3
    assert scaled[0] == 10.0


def test_a_rare_binary_column_is_scaled_by_its_deviation():
    X = np.zeros((100, 1))
    X[:5] = 1.0
    scale = fit_robust_scale(X, limit=10.0)
    assert scale.width[0] == pytest.approx(X.std())


def test_a_constant_column_is_only_shifted():
    X = np.full((20, 1), 1e6)
    assert fit_robust_scale(X, limit=10.0).apply(X).tolist() == [[0.0]] * 20


@pytest.mark.parametrize(
    "treatment",
    [Impute(np.array([1.0, -2.0])), Scale(np.array([1.0, 2.0]), np.array([3.0, 0.1]), 5.0)],
)
def test_a_treatment_survives_a_round_trip(treatment):
    X = np.array([[1.0, np.nan], [2.0, 0.3]])
    again = load_treatment(treatment.as_dict())
    assert np.array_equal(again.apply(X), treatment.apply(X), equal_nan=True)


def test_an_unknown_treatment_is_refused():
    with pytest.raises(ValueError, match="'magic'"):
        load_treatment({"key": "magic"})


def test_treatments_are_applied_in_order():
    X = np.array([[np.nan]])
    chain = (Impute(np.array([4.0])), Scale(np.array([2.0]), np.array([2.0]), 9.0))
    assert apply_all(chain, X).tolist() == [[1.0]]


def test_columns_are_measured_without_their_missing_cells():
    X = np.array([[1.0, np.nan], [3.0, np.nan], [np.nan, np.nan]])
    facts = measure_columns(X)
    assert facts["mean"].tolist() == [2.0, 0.0]
    assert facts["n_missing"].tolist() == [1.0, 3.0]


def test_spread_is_the_deviation_of_a_normal_column():
    X = np.random.default_rng(0).normal(size=(20_000, 1)) * 3.0
    assert measure_columns(X)["spread"][0] == pytest.approx(3.0, rel=0.03)


def test_rows_appear_in_proportion_when_shown_by_weight():
    X, y = make_rows(1000)
    weight = np.where(y == 1, 2.5, 0.5)
    shown = RawRows(X, y, weight).by_weight()
    assert len(shown) == pytest.approx(1000, abs=1)
    assert shown.y.mean() == pytest.approx((weight * y).sum() / weight.sum(), abs=0.03)
