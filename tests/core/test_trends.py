import numpy as np
import pytest

from ml_training.core.trends import (
    best_score,
    guessing_level,
    kendall_z,
    lag_behind_rival,
    roughness,
    score_error,
    zigzag,
)
from tests.core.problems.epochs import make_epochs


def test_a_trend_is_told_from_noise():
    rng = np.random.default_rng(0)
    noise = rng.normal(size=200)
    assert abs(kendall_z(noise)) < 3
    assert kendall_z(noise + 0.02 * np.arange(200)) > 5
    assert kendall_z(noise - 0.02 * np.arange(200)) < -5


@pytest.mark.parametrize("values", [[], [1.0], [1.0, 2.0], [np.nan, np.inf, np.nan]])
def test_too_few_numbers_have_no_trend(values):
    assert kendall_z(np.array(values)) == 0.0


def test_long_series_are_thinned():
    assert kendall_z(np.arange(100_000.0)) > 10


def test_a_straight_line_is_smooth_and_a_saw_is_rough():
    assert roughness(np.arange(10.0)) == 0.0
    assert roughness(np.tile([0.0, 1.0], 5)) > 1.0
    assert roughness(np.array([1.0])) == 0.0


def test_a_descent_has_no_zigzag():
    assert zigzag(np.exp(-np.arange(8.0))) == 0.0
    assert zigzag(np.array([])) == 0.0


def test_guessing_is_measured_by_the_first_batches_where_it_is_unknown():
    assert guessing_level(make_epochs([2.0, 1.0], noise=0.0, naive_loss=np.nan)) == 2.0
    assert guessing_level(make_epochs([2.0, 1.0])) == 0.7


def test_the_score_is_that_of_the_best_epoch():
    assert best_score(make_epochs([0.5, 0.6], score=0.8)) == 0.8


def test_a_rival_must_be_better_beyond_doubt():
    assert lag_behind_rival(make_epochs([0.5], score=0.6, rival=0.9)) == pytest.approx(0.3)
    assert lag_behind_rival(make_epochs([0.5], score=0.6, rival=0.65)) == 0.0
    assert lag_behind_rival(make_epochs([0.5], score=0.6, rival=0.9, n_stopping_rows=8)) == 0.0
    assert lag_behind_rival(make_epochs([0.5], score=0.6, rival=np.nan)) == 0.0


def test_more_rows_make_a_score_surer():
    few, many = (make_epochs([0.5], n_stopping_rows=n) for n in (50, 5_000))
    assert score_error(few, 0.8) == pytest.approx(10 * score_error(many, 0.8))
