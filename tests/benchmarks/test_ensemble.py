import numpy as np
import pytest

from benchmarks import ensemble
from benchmarks.ensemble import (
    MODELS,
    SETS,
    WIN_RATE,
    average,
    best_auc,
    cut,
    judge,
    make_rows,
    plant,
    show,
    standardise,
)
from ml_training.evaluation.metrics import measure_auc


@pytest.fixture(scope="module")
def rows():
    return make_rows(2, 6_000, seed=0)


@pytest.mark.parametrize(("kind", "auc"), SETS)
def test_the_planted_strength_is_the_one_asked_for(rows, kind, auc):
    chances = plant(kind, auc, rows[0], seed=0)
    assert best_auc(chances) == pytest.approx(auc, abs=0.002)
    assert chances.mean() == pytest.approx(WIN_RATE, abs=0.06)


def test_the_best_auc_is_what_drawn_outcomes_show(rows):
    chances = np.tile(plant("mixture", 0.65, rows[0], seed=0), 100)
    y = np.random.default_rng(0).random(len(chances)) < chances
    assert measure_auc(y.astype(int), chances) == pytest.approx(best_auc(chances), abs=0.01)


def test_no_column_tells_a_product_by_itself(rows):
    X = standardise(rows[0])
    chances = plant("product", 0.65, rows[0], seed=0)
    related = np.abs(np.corrcoef(X.T, chances)[-1, :-1])
    assert related.max() < 0.5  # of a line on one column it would be one


def test_blocks_do_not_touch_the_test_rows(rows, monkeypatch):
    monkeypatch.setattr(ensemble, "N_TEST", 100)
    data = cut(*rows, np.full(len(rows[0]), 0.5), 200, seed=0)
    assert len(data.train) == 150
    assert len(data.validation) == 50
    assert data.train[-1] < data.validation[0] <= data.validation[-1] < data.test[0]


@pytest.mark.slow
def test_every_model_is_judged_beside_the_optimum(rows, monkeypatch):
    monkeypatch.setattr(ensemble, "N_TEST", 100)
    chances = plant("line", 0.65, rows[0], seed=0)
    figures = judge(cut(*rows, chances, 150, seed=0), seed=0)
    assert figures.keys() == {*MODELS, "optimum"}
    assert all(0 <= one["auc"] <= 1 for one in figures.values())
    row = {"set": "line", "planted_auc": 0.65, "n": 150, **average([figures, figures])}
    assert row["optimum"]["auc"] == pytest.approx(figures["optimum"]["auc"], abs=1e-5)
    text = show({"rows": [row], "real": []})
    assert "line 0.65" in text
    assert f"{row['ensemble']['auc']:.4f}" in text
