import json
import os
import subprocess
import sys

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier

from ml_training.errors import DataError
from ml_training.evaluation import boosting
from ml_training.evaluation.boosting import BoostingBaseline
from ml_training.evaluation.metrics import measure_auc, measure_log_loss
from tests.evaluation.tables import draw_table


def again(model):
    return BoostingBaseline.from_stored(json.loads(json.dumps(model.as_dict())), model.as_arrays())


def test_winners_are_ranked_first_when_two_columns_together_tell_them():
    X, y, weight = draw_table(1500, strength=2.0)
    X_new, y_new, _ = draw_table(1500, strength=2.0, seed=1)
    chances = BoostingBaseline.fit(X, y, weight).predict_proba(X_new)
    assert measure_auc(y_new, chances) > 0.8
    assert measure_log_loss(y_new, chances) < measure_log_loss(y_new, np.full(1500, y.mean()))


def test_chances_hardly_leave_the_base_rate_when_there_is_nothing_to_learn():
    X, y, weight = draw_table(2000, strength=0.0)
    chances = BoostingBaseline.fit(X, y, weight).predict_proba(X)
    assert np.abs(chances - np.average(y, weights=weight)).max() < 0.15


def test_stored_numbers_equal_scikit_learn_when_rows_are_raw():
    X, y, weight = draw_table(300, gaps=0.1)
    X[::9, 0] = np.inf
    model = BoostingBaseline.fit(X, y, weight, seed=5)
    blank = np.where(np.isfinite(X), X, np.nan)
    edges = [boosting._find_edges(column) for column in blank.T]
    bins = boosting._number_bins(blank, edges)
    rival = boosting._grow(len(model.trees), 300, 5).fit(bins, y, weight)
    expected = rival.predict_proba(bins)[:, 1]
    np.testing.assert_allclose(again(model).predict_proba(X), expected, rtol=0, atol=1e-12)
    assert isinstance(rival, HistGradientBoostingClassifier)


def test_numbers_are_the_same_to_the_last_bit_when_read_back_or_fitted_again():
    X, y, weight = draw_table(700, gaps=0.05)
    model = BoostingBaseline.fit(X, y, weight)
    np.testing.assert_array_equal(again(model).predict_proba(X), model.predict_proba(X))
    twin = BoostingBaseline.fit(X, y, weight)
    np.testing.assert_array_equal(twin.predict_proba(X), model.predict_proba(X))


COUNT_AND_PRINT = """
from ml_training.evaluation.boosting import BoostingBaseline
from tests.evaluation.tables import draw_table
X, y, weight = draw_table(900, gaps=0.05)
print(BoostingBaseline.fit(X, y, weight).predict_proba(X).tobytes().hex())
"""


def test_number_of_threads_changes_no_digit():
    told = [
        subprocess.run(
            [sys.executable, "-c", COUNT_AND_PRINT],
            env={**os.environ, "OMP_NUM_THREADS": n_threads},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for n_threads in ("1", "4")
    ]
    assert told[0] == told[1] != ""


def test_setup_counts_less_when_its_weight_is_small():
    X, y, _ = draw_table(800, strength=2.0)
    both, outcomes = np.vstack([X, X]), np.concatenate([y, 1 - y])
    order = np.argsort(np.tile(np.arange(800), 2), kind="stable")
    weight = np.repeat([1.0, 1e-3], 800)
    model = BoostingBaseline.fit(both[order], outcomes[order], weight[order])
    assert measure_auc(y, model.predict_proba(X)) > 0.8


def test_few_rows_take_the_usual_number_of_trees():
    X, y, weight = draw_table(boosting.MIN_ROWS_TO_CHOOSE - 1)
    assert len(BoostingBaseline.fit(X, y, weight).trees) == boosting.USUAL_TREES


def test_more_trees_are_grown_when_the_signal_is_strong_and_not_on_noise():
    strong, noise = draw_table(2000, strength=4.0), draw_table(2000, strength=0.0)
    assert len(BoostingBaseline.fit(*strong).trees) == max(boosting.N_TREES)
    assert len(BoostingBaseline.fit(*noise).trees) <= boosting.USUAL_TREES


def test_usual_number_is_taken_when_the_early_rows_hold_one_class():
    X, _, weight = draw_table(600)
    y = (np.arange(600) > 500).astype(int)
    assert boosting._choose_n_trees(X, y, weight, 0) == boosting.USUAL_TREES


def test_column_is_ignored_when_it_is_constant_or_wholly_missing():
    X, y, weight = draw_table(400)
    wide = np.column_stack([X, np.full(400, 3.0), np.full(400, np.nan), np.full(400, np.inf)])
    model = BoostingBaseline.fit(wide, y, weight)
    assert model.trees.feature.max() < X.shape[1]
    wide[:, 6:] = 9.0
    assert np.isfinite(model.predict_proba(wide)).all()


def test_boosting_refuses_in_words_when_one_class_occurs_or_columns_differ():
    X, y, _ = draw_table(60)
    with pytest.raises(DataError, match="needs wins and losses"):
        BoostingBaseline.fit(X, np.ones(60))
    with pytest.raises(DataError, match="fitted on 6 features"):
        BoostingBaseline.fit(X, y).predict_proba(X[:, :5])


def test_bins_hold_equal_shares_and_a_value_on_an_edge_goes_left():
    column = np.random.default_rng(0).standard_normal(6_300)
    edges = boosting._find_edges(column)
    counts = np.bincount(boosting._number_bins(column[:, None], [edges])[:, 0].astype(int))
    assert counts.min() == counts.max() == 6_300 / boosting.N_BINS
    assert boosting._number_bins(edges[:, None], [edges])[:, 0].tolist() == list(range(len(edges)))


def test_gap_stays_a_gap_when_rows_are_cut_into_bins():
    rows = np.array([[1.0, np.nan], [2.0, np.nan], [np.nan, np.nan]])
    edges = [boosting._find_edges(column) for column in rows.T]
    assert [len(one) for one in edges] == [1, 0]
    np.testing.assert_array_equal(
        boosting._number_bins(rows, edges), [[0, np.nan], [1, np.nan], [np.nan, np.nan]]
    )
