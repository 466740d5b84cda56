import json

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from ml_training.errors import DataError
from ml_training.evaluation.baselines import (
    STRENGTHS,
    USUAL_STRENGTH,
    BaseRate,
    LogisticBaseline,
    _choose_strength,
    choose_clearly,
)
from ml_training.evaluation.metrics import measure_auc


def draw_rows(n=600, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, 4)) * [1.0, 10.0, 0.1, 1.0] + [0.0, 5.0, 0.0, 0.0]
    odds = 1 / (1 + np.exp(-(X[:, 0] + 8 * X[:, 2])))
    return X, (rng.random(n) < odds).astype(int)


def test_logistic_agrees_with_scikit_learn_when_nothing_is_cut_off():
    rng = np.random.default_rng(0)
    X = rng.choice([-1.0, 1.0], (400, 3))
    y = (X[:, 0] + rng.standard_normal(400) > 0).astype(int)
    rival = make_pipeline(StandardScaler(), LogisticRegression(C=USUAL_STRENGTH)).fit(X, y)
    ours = LogisticBaseline.fit_with(USUAL_STRENGTH, X, y, np.ones(400)).predict_proba(X)
    np.testing.assert_allclose(ours, rival.predict_proba(X)[:, 1], atol=1e-6)


def test_logistic_ranks_winners_first_when_a_column_tells_them():
    X, y = draw_rows()
    X_new, y_new = draw_rows(seed=1)
    assert measure_auc(y_new, LogisticBaseline.fit(X, y).predict_proba(X_new)) > 0.7


def test_logistic_learns_and_predicts_when_cells_are_missing_or_infinite():
    X, y = draw_rows()
    X[::7, 0], X[3::11, 2] = np.nan, np.inf
    model = LogisticBaseline.fit(X, y)
    chances = model.predict_proba([[np.nan, np.inf, -np.inf, np.nan], [0.0, 5.0, 0.0, 0.0]])
    assert np.isfinite(chances).all()
    assert measure_auc(y, model.predict_proba(X)) > 0.65


def test_missing_cell_counts_as_the_training_median_when_predicting():
    X, y = draw_rows()
    model = LogisticBaseline.fit(X, y)
    filled = np.median(X[:, 0])
    row = X[:1].copy()
    row[0, 0] = np.nan
    expected = X[:1].copy()
    expected[0, 0] = filled
    np.testing.assert_array_equal(model.predict_proba(row), model.predict_proba(expected))


def test_column_is_ignored_when_it_is_constant_or_wholly_missing():
    X, y = draw_rows()
    wide = np.column_stack([X, np.full(len(X), 3.0), np.full(len(X), np.nan)])
    model = LogisticBaseline.fit(wide, y)
    assert model.coef[4:].tolist() == [0.0, 0.0]
    expected = LogisticBaseline.fit(X, y).predict_proba(X)
    np.testing.assert_allclose(model.predict_proba(wide), expected, atol=1e-6)


def test_one_wild_value_changes_little_when_columns_are_cut_off():
    X, y = draw_rows()
    wild = X.copy()
    wild[0, 0] = 1e12
    calm, upset = LogisticBaseline.fit(X, y), LogisticBaseline.fit(wild, y)
    np.testing.assert_allclose(upset.predict_proba(X), calm.predict_proba(X), atol=0.02)


def test_setup_counts_less_when_its_weight_is_small():
    X, y = draw_rows()
    flipped = np.vstack([X, X])
    outcomes = np.concatenate([y, 1 - y])
    weight = np.concatenate([np.ones(len(y)), np.full(len(y), 1e-6)])
    model = LogisticBaseline.fit(flipped, outcomes, weight)
    assert measure_auc(y, model.predict_proba(X)) > 0.65


def test_predictions_are_the_same_to_the_last_bit_when_read_back_from_json():
    X, y = draw_rows()
    model = LogisticBaseline.fit(X, y)
    again = LogisticBaseline.from_dict(json.loads(json.dumps(model.as_dict())))
    np.testing.assert_array_equal(again.predict_proba(X), model.predict_proba(X))


def test_logistic_refuses_in_words_when_only_one_class_occurs():
    with pytest.raises(DataError, match="needs wins and losses"):
        LogisticBaseline.fit(np.ones((5, 2)), np.ones(5))


def test_base_rate_is_the_weighted_win_rate_for_every_setup():
    model = BaseRate.fit([1, 0, 0], [2.0, 1.0, 1.0])
    assert model.predict_proba(np.zeros((2, 3))).tolist() == [0.5, 0.5]
    assert BaseRate.fit([1, 0, 0, 0]).rate == 0.25
    assert BaseRate.from_dict(json.loads(json.dumps(model.as_dict()))) == model


def test_penalty_follows_the_strength_of_the_signal_when_it_is_chosen():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((2000, 20))
    clear = (X[:, 0] + 0.3 * rng.standard_normal(2000) > 0).astype(int)
    noise = rng.integers(0, 2, 2000)
    weight = np.ones(2000)
    assert _choose_strength(X, clear, weight) == max(STRENGTHS)
    assert _choose_strength(X, noise, weight) <= USUAL_STRENGTH


def test_usual_penalty_is_taken_when_rows_do_not_suffice_to_choose():
    X, y = draw_rows(100)
    assert _choose_strength(X, y, np.ones(100)) == USUAL_STRENGTH
    late = np.r_[np.zeros(280, int), np.ones(20, int)]
    assert _choose_strength(draw_rows(300)[0], late, np.ones(300)) == USUAL_STRENGTH


def test_usual_is_kept_when_another_choice_is_better_by_luck_only():
    rng = np.random.default_rng(0)
    usual = rng.uniform(0.6, 0.8, 100)
    lucky = usual - 0.001 + 0.1 * rng.standard_normal(100)
    clear = usual - 0.1 + 0.1 * rng.standard_normal(100)
    assert (
        choose_clearly({1.0: usual, 2.0: lucky - lucky.mean() + usual.mean() - 1e-4}, 1.0) == 1.0
    )
    assert choose_clearly({1.0: usual, 2.0: clear}, 1.0) == 2.0
    assert choose_clearly({1.0: usual, 2.0: usual}, 1.0) == 1.0
