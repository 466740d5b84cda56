"""Treatments of the input table: what they do, and that they are saved as they are."""

import json

import numpy as np
import pytest
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import RobustScaler

from ml_training.core.treatments import (
    Flag,
    Impute,
    Scale,
    Silence,
    Winsorise,
    apply_all,
    fit_robust_scale,
    load_treatment,
)

TREATMENTS = (
    Impute(fill=np.array([0.1, -2.0, 1e-9])),
    Scale(centre=np.array([1 / 3, 2.0, 3.0]), width=np.array([0.1, 7.0, 1e9]), limit=2.5),
    Silence(columns=(0, 2), values=(0.5, -1 / 3)),
    Winsorise(low=np.array([-1.0, -0.1, -np.pi]), high=np.array([1.0, 0.1, np.pi])),
)


def make_table(n=200, *, seed=0, missing=0.0):
    rng = np.random.default_rng(seed)
    X = rng.normal(loc=(0.0, 50.0, -3.0), scale=(1.0, 20.0, 0.01), size=(n, 3))
    X[rng.random(X.shape) < missing] = np.nan
    return X


def name_of(treatment):
    return treatment.key


@pytest.mark.parametrize("treatment", TREATMENTS, ids=name_of)
def test_a_treatment_does_the_same_when_saved_and_loaded(treatment):
    X = make_table(missing=0.1)
    loaded = load_treatment(json.loads(json.dumps(treatment.as_dict())))
    assert type(loaded) is type(treatment)
    assert loaded.apply(X).tobytes() == treatment.apply(X).tobytes()
    assert loaded.as_dict() == treatment.as_dict()


@pytest.mark.parametrize("treatment", TREATMENTS, ids=name_of)
def test_the_table_handed_in_stays_as_it_is_when_treated(treatment):
    X = make_table(missing=0.1)
    before = X.tobytes()
    treated = treatment.apply(X)
    assert X.tobytes() == before
    assert treated.shape == X.shape
    assert not np.shares_memory(treated, X)


@pytest.mark.parametrize("treatment", TREATMENTS, ids=name_of)
def test_a_row_is_treated_alike_when_it_comes_alone(treatment):
    X = make_table(20, missing=0.1)
    alone = np.vstack([treatment.apply(row[None]) for row in X])
    np.testing.assert_array_equal(alone, treatment.apply(X))


@pytest.mark.parametrize("position", [1, 2, 3], ids=["scale", "silence", "winsorise"])
def test_no_cell_is_invented_when_one_is_missing_and_only_scaled(position):
    X = make_table(missing=0.2)
    treated = TREATMENTS[position].apply(X)
    columns = [1] if position == 2 else [0, 1, 2]
    np.testing.assert_array_equal(np.isnan(treated[:, columns]), np.isnan(X[:, columns]))


def test_an_unknown_treatment_is_refused_when_loaded():
    with pytest.raises(ValueError, match="'whiten'"):
        load_treatment({"key": "whiten"})


def test_missing_cells_are_filled_as_scikit_learn_fills_them():
    X = make_table(missing=0.3)
    treated = Impute.fitted(np.nanmedian(X, axis=0)).apply(X)
    np.testing.assert_allclose(treated, SimpleImputer(strategy="median").fit_transform(X))


def test_cells_become_zero_when_a_column_has_no_median():
    X = np.array([[np.nan, 1.0], [np.nan, 3.0]])
    filled = Impute.fitted(np.array([np.nan, 2.0])).apply(X)
    assert filled.tolist() == [[0.0, 1.0], [0.0, 3.0]]


def test_robust_scaling_agrees_with_scikit_learn():
    X = make_table()
    treated = fit_robust_scale(X, limit=1e9).apply(X)
    wanted = RobustScaler(unit_variance=True).fit_transform(X)
    np.testing.assert_allclose(treated, wanted, rtol=1e-3, atol=1e-9)


def test_scaled_cells_give_back_the_table_when_no_limit_was_met():
    X = make_table()
    scale = fit_robust_scale(X, limit=100.0)
    np.testing.assert_allclose(scale.apply(X) * scale.width + scale.centre, X, rtol=1e-12)


def test_scaled_cells_stay_within_the_limit_when_one_lies_far():
    X = make_table()
    scale = fit_robust_scale(X, limit=10.0)
    far = np.array([[1e12, -1e12, -3.0]])
    assert scale.apply(far)[0, :2].tolist() == [10.0, -10.0]
    assert abs(scale.apply(far)[0, 2]) < 1.0


def test_one_outlier_changes_the_scale_little_when_many_rows_agree():
    X = make_table()
    spoiled = X.copy()
    spoiled[0] = 1e9
    clean, robust = fit_robust_scale(X, limit=10.0), fit_robust_scale(spoiled, limit=10.0)
    np.testing.assert_allclose(robust.width, clean.width, rtol=0.1)


def test_the_scale_does_not_depend_on_the_order_of_the_rows():
    X = make_table()
    there, back = fit_robust_scale(X, limit=9.0), fit_robust_scale(X[::-1], limit=9.0)
    np.testing.assert_allclose(there.width, back.width, rtol=1e-12)
    np.testing.assert_array_equal(there.centre, back.centre)


def test_a_rare_mark_is_scaled_by_its_deviation_when_quartiles_coincide():
    X = np.zeros((100, 1))
    X[:10] = 1.0
    scale = fit_robust_scale(X, limit=10.0)
    assert scale.width[0] == pytest.approx(0.3)  # sqrt(0.1 * 0.9)
    assert scale.apply(X).max() == pytest.approx(1 / 0.3)


@pytest.mark.parametrize("value", [0.0, 1e-15, 5.0, -1e12])
def test_a_constant_column_becomes_zero_and_is_not_blown_up(value):
    scale = fit_robust_scale(np.full((50, 1), value), limit=10.0)
    assert scale.width[0] == 1.0
    assert (scale.apply(np.full((3, 1), value)) == 0.0).all()


@pytest.mark.parametrize("unit", [1e-9, 1e9])
def test_the_unit_of_a_column_makes_no_difference_when_scaled(unit):
    X = make_table()
    one = fit_robust_scale(X, limit=10.0).apply(X)
    other = fit_robust_scale(X * unit, limit=10.0).apply(X * unit)
    np.testing.assert_allclose(one, other, rtol=1e-6, atol=1e-9)


def test_only_the_silenced_columns_say_nothing():
    X = make_table()
    treated = Silence(columns=(2,), values=(7.0,)).apply(X)
    assert (treated[:, 2] == 7.0).all()
    np.testing.assert_array_equal(treated[:, :2], X[:, :2])


def test_cells_are_pulled_to_the_fence_when_they_lie_beyond():
    fence = Winsorise(low=np.array([-1.0, 0.0]), high=np.array([1.0, 5.0]))
    X = np.array([[-9.0, 9.0], [0.5, 2.0], [9.0, -9.0]])
    assert fence.apply(X).tolist() == [[-1.0, 5.0], [0.5, 2.0], [1.0, 0.0]]


def test_gaps_become_columns_of_marks_behind_the_others():
    X = np.array([[np.nan, 1.0, 2.0], [3.0, np.nan, 5.0]])
    flagged = Flag(columns=(0, 2)).apply(X)
    np.testing.assert_array_equal(flagged[:, :3], X)
    assert flagged[:, 3:].tolist() == [[1.0, 0.0], [0.0, 0.0]]


def test_marks_are_the_same_when_saved_and_loaded():
    X, flag = make_table(missing=0.2), Flag(columns=(1,))
    loaded = load_treatment(json.loads(json.dumps(flag.as_dict())))
    assert loaded == flag or loaded.columns == flag.columns
    np.testing.assert_array_equal(loaded.apply(X), flag.apply(X))


@pytest.mark.parametrize("treatment", TREATMENTS, ids=name_of)
def test_marks_stay_as_they_are_when_a_treatment_was_fitted_without_them(treatment):
    X = make_table(missing=0.2)
    flagged = Flag(columns=(0, 1)).apply(X)
    treated = treatment.apply(flagged)
    np.testing.assert_array_equal(treated[:, :3], treatment.apply(X))
    np.testing.assert_array_equal(treated[:, 3:], flagged[:, 3:])


@pytest.mark.parametrize("position", [0, 1, 3], ids=["impute", "scale", "winsorise"])
def test_a_table_that_is_too_narrow_is_never_treated_in_silence(position):
    with pytest.raises(ValueError, match="broadcast"):
        TREATMENTS[position].apply(make_table()[:, :2])


def test_treatments_are_applied_in_their_order():
    X = np.array([[np.nan], [4.0]])
    fill = Impute(fill=np.array([2.0]))
    scale = Scale(centre=np.array([2.0]), width=np.array([0.5]), limit=3.0)
    assert apply_all((fill, scale), X).tolist() == [[0.0], [3.0]]
    assert apply_all((scale, fill), X).tolist() == [[2.0], [3.0]]
    assert apply_all((), X) is X
