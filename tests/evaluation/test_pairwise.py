import json

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from ml_training.errors import DataError
from ml_training.evaluation import pairwise
from ml_training.evaluation.baselines import LogisticBaseline
from ml_training.evaluation.metrics import measure_auc, measure_log_loss
from ml_training.evaluation.odds import logit, sigmoid
from ml_training.evaluation.pairwise import (
    EXPECTED,
    Curve,
    PairwiseBaseline,
    _fit_coefs,
    _Products,
)


def draw_rows(n=2000, *, seed=0, edge=0.4, n_features=12):
    """Return rows whose wins hang on columns 3 and 7 together, and on neither alone."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, n_features))
    odds = sigmoid(-0.5 + edge * X[:, 3] * X[:, 7])
    X[:, 7] = np.exp(2 * X[:, 7])  # as volatilities are: no mean to speak of
    return X, (rng.random(n) < odds).astype(int)


@pytest.fixture(scope="module")
def model():
    return PairwiseBaseline.fit(*draw_rows())


def test_two_columns_that_tell_only_together_are_named(model):
    assert [pair.columns for pair in model.pairs] == [(3, 7)]
    assert 0.2 < model.pairs[0].coef < 0.6
    assert model.line.coef.shape == (12,)


def test_winners_are_ranked_first_where_the_line_sees_nothing(model):
    X, y = draw_rows(seed=1)
    assert measure_auc(y, model.predict_proba(X)) > 0.57
    assert measure_auc(y, model.line.predict_proba(X)) < 0.53


def test_square_is_found_where_the_middle_wins():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((2000, 8))
    y = (rng.random(2000) < sigmoid(0.4 * (1 - X[:, 2] ** 2))).astype(int)
    (pair,) = PairwiseBaseline.fit(X, y).pairs
    assert pair.columns == (2, 2)
    assert pair.coef < 0


@pytest.mark.parametrize("seed", range(8))
def test_line_stands_alone_when_there_is_nothing_to_find(seed):
    rng = np.random.default_rng(seed)
    X, y = rng.standard_normal((1000, 20)), rng.integers(0, 2, 1000)
    model = PairwiseBaseline.fit(X, y)
    assert not model.pairs
    expected = LogisticBaseline.fit(X, y).predict_proba(X)
    np.testing.assert_array_equal(model.predict_proba(X), expected)


def test_noise_gives_a_pair_no_more_often_than_the_prior_allows():
    found = 0
    for seed in range(60):
        rng = np.random.default_rng(1_000 + seed)
        model = PairwiseBaseline.fit(rng.standard_normal((400, 20)), rng.integers(0, 2, 400))
        found += bool(model.pairs)
    assert found <= 6


def test_pair_needs_more_evidence_when_setups_overlap():
    X, y = draw_rows(edge=0.3)
    assert PairwiseBaseline.fit(X, y).pairs
    assert not PairwiseBaseline.fit(X, y, np.full(len(y), 0.005)).pairs


def test_chances_average_to_the_base_rate_although_products_are_added(model):
    X, y = draw_rows()
    assert model.predict_proba(X).mean() == pytest.approx(y.mean(), abs=0.01)


def test_numbers_are_the_same_to_the_last_bit_when_read_back_from_json(model):
    X, _ = draw_rows(seed=2)
    again = PairwiseBaseline.from_dict(json.loads(json.dumps(model.as_dict())))
    np.testing.assert_array_equal(again.predict_proba(X), model.predict_proba(X))
    assert again.pairs == model.pairs


@pytest.mark.parametrize(
    "change",
    [
        lambda curve: curve.update(column=12),
        lambda curve: curve.update(column=-1),
        lambda curve: curve.update(knots=[]),
        lambda curve: curve.update(scores=curve["scores"][:-1]),
        lambda curve: curve.update(knots=curve["knots"][::-1]),
        lambda curve: curve["scores"].__setitem__(3, float("nan")),
    ],
)
def test_stored_model_is_refused_when_a_curve_does_not_fit(change, model):
    stored = json.loads(json.dumps(model.as_dict()))
    change(stored["pairs"][0]["first"])
    with pytest.raises(ValueError, match="a curve needs"):
        PairwiseBaseline.from_dict(stored)


@pytest.mark.parametrize(
    "change",
    [
        lambda stored: stored.update(level=float("nan")),
        lambda stored: stored["pairs"][0].update(coef=float("inf")),
    ],
)
def test_stored_model_is_refused_when_a_coefficient_is_not_finite(change, model):
    stored = json.loads(json.dumps(model.as_dict()))
    change(stored)
    with pytest.raises(ValueError, match="finite coefficients"):
        PairwiseBaseline.from_dict(stored)


def test_gaps_infinities_and_far_values_give_finite_chances(model):
    X, y = draw_rows()
    X[::7, 3], X[3::11, 7], X[5::11, 7] = np.nan, np.inf, -np.inf
    X[0] = 1e300
    assert np.isfinite(model.predict_proba(X)).all()
    assert [pair.columns for pair in PairwiseBaseline.fit(X, y).pairs] == [(3, 7)]


def test_missing_cell_tells_nothing_beyond_the_median(model):
    row = np.full((1, 12), 0.5)
    row[0, 3] = np.nan
    filled = row.copy()
    filled[0, 3] = model.line.centre[3]
    np.testing.assert_array_equal(model.predict_proba(row), model.predict_proba(filled))


def test_column_that_never_moves_is_in_no_pair():
    X, y = draw_rows()
    wide = np.column_stack([X, np.full(len(X), 3.0), np.full(len(X), np.nan)])
    model = PairwiseBaseline.fit(wide, y)
    assert [pair.columns for pair in model.pairs] == [(3, 7)]


def test_line_that_was_fitted_before_is_taken_over_to_the_last_bit(model):
    X, y = draw_rows()
    again = PairwiseBaseline.fit(X, y, line=LogisticBaseline.fit(X, y))
    np.testing.assert_array_equal(again.predict_proba(X), model.predict_proba(X))


def test_base_rate_is_left_when_every_cell_is_missing():
    y = np.repeat([0, 1], [30, 10])
    model = PairwiseBaseline.fit(np.full((40, 2), np.nan), y)
    assert not model.pairs
    assert model.predict_proba(np.zeros((3, 2))) == pytest.approx(0.25, abs=0.01)


def test_units_of_a_column_make_no_difference():
    X, y = draw_rows()
    other = X * np.geomspace(1e-6, 1e6, X.shape[1])
    expected = PairwiseBaseline.fit(X, y).predict_proba(X)
    found = PairwiseBaseline.fit(other, y).predict_proba(other)
    np.testing.assert_allclose(found, expected, atol=1e-9)


def test_one_class_is_refused_in_words():
    with pytest.raises(DataError, match="needs wins and losses"):
        PairwiseBaseline.fit(np.ones((5, 2)), np.ones(5))


def test_fewer_than_the_columns_of_training_are_refused(model):
    with pytest.raises(DataError, match="fitted on 12 features"):
        model.predict_proba(np.zeros((3, 11)))


def test_sums_over_products_are_those_of_products_written_down():
    rng = np.random.default_rng(0)
    Z, weight = rng.standard_normal((200, 5)), rng.random(200)
    products = _Products(Z)
    slopes, bends = products.slopes(weight), products.bends(weight)
    for i in range(5):
        for j in range(i, 5):
            column = products.column((i, j))
            assert column.std() == pytest.approx(1.0)
            assert slopes[i, j] == pytest.approx(column @ weight)
            assert bends[i, j] == pytest.approx(column**2 @ weight)
    squares = products.prior[np.eye(5, dtype=bool)]
    assert np.exp(squares).sum() == pytest.approx(EXPECTED)
    assert np.exp(np.triu(products.prior, 1)[np.triu_indices(5, 1)]).sum() == pytest.approx(0.5)


def test_coefficients_are_those_of_a_penalised_regression():
    rng = np.random.default_rng(0)
    A = rng.standard_normal((500, 3))
    y = (rng.random(500) < sigmoid(A @ [0.5, -0.3, 0.0])).astype(int)
    rival = LogisticRegression(C=pairwise.COEF_SD**2, fit_intercept=False, tol=1e-10).fit(A, y)
    ours = _fit_coefs(A, y, np.ones(500), np.zeros(500))
    np.testing.assert_allclose(ours, rival.coef_[0], atol=1e-5)


def test_curve_makes_any_column_normal_and_cuts_its_tails_off():
    values = np.exp(3 * np.random.default_rng(0).standard_normal(5000))
    curve = Curve.fit(values, 0, float(np.median(values)))
    bent = curve.bend(values[:, None])
    assert (bent.mean(), bent.std()) == pytest.approx((0.0, 1.0), abs=1e-9)
    assert abs(np.median(bent)) < 0.05
    far, most = curve.bend(np.array([[1e9], [values.max()]]))
    assert far == most < 2.6


def test_curve_of_two_values_keeps_them_apart():
    values = np.repeat([-1.0, 1.0], [30, 70])
    bent = Curve.fit(values, 0, 1.0).bend(values[:, None])
    assert len(np.unique(bent)) == 2
    assert (bent.mean(), bent.std()) == pytest.approx((0.0, 1.0))


def test_prior_leaves_the_log_loss_of_weak_pairs_no_worse_than_the_lines():
    lost = []
    for seed in range(10):
        X, y = draw_rows(800, seed=seed, edge=0.15)
        new, outcomes = draw_rows(2000, seed=100 + seed, edge=0.15)
        model = PairwiseBaseline.fit(X, y)
        both = (measure_log_loss(outcomes, one.predict_proba(new)) for one in (model, model.line))
        lost.append(np.subtract(*both))
    assert np.mean(lost) < 0.001


def test_log_odds_and_chances_are_inverse_and_never_infinite():
    p = np.array([0.0, 0.1, 0.5, 0.9, 1.0])
    assert np.isfinite(logit(p)).all()
    np.testing.assert_allclose(sigmoid(logit(p)), p, atol=1e-12)
