import json

import numpy as np
import pytest

from ml_training.evaluation.outcomes import Predictions
from ml_training.evaluation.slices import name_years, score_slices
from ml_training.evaluation.trading import MOST_POINTS, draw_equity, measure_drawdown
from tests.evaluation.builders import draw_signal, make_outcomes


def say(p, threshold=0.4):
    return Predictions(
        p=p,
        taken=p >= threshold,
        base_rate=np.full(len(p), 0.35),
        fold=np.zeros(len(p), dtype=np.int64),
        threshold=threshold,
    )


def test_slices_share_out_all_setups_and_all_trades():
    p, y = draw_signal(900, strength=0.8, seed=0)
    outcomes, said = make_outcomes(y), say(p)
    keys = np.array(["EURUSD", "GBPUSD", "XAUUSD"])[np.arange(900) % 3]
    scores = score_slices(keys, outcomes, said)
    assert [one.key for one in scores] == ["EURUSD", "GBPUSD", "XAUUSD"]
    assert sum(one.n for one in scores) == 900
    assert sum(one.n_taken for one in scores) == said.taken.sum()
    total = sum(one.n_taken * one.expectancy_r for one in scores)
    assert total == pytest.approx(outcomes.r[said.taken].sum())
    assert sum(one.n * one.every_r for one in scores) == pytest.approx(outcomes.r.sum())
    json.dumps([one.as_dict() for one in scores], allow_nan=False)


def test_slice_has_no_ranking_when_all_its_setups_end_alike():
    keys = np.array(["a", "a", "b", "b"])
    first, second = score_slices(keys, make_outcomes([1, 1, 0, 1]), say(np.full(4, 0.1)))
    assert first.auc is None
    assert second.auc == 0.5
    assert (second.n_taken, second.expectancy_r) == (0, 0.0)


def test_year_is_that_of_the_entry():
    t0 = np.array([1_609_459_199, 1_609_459_200])
    assert name_years(t0).tolist() == ["2020", "2021"]


def test_equity_ends_at_the_sum_and_runs_in_the_order_of_closing():
    r, t1 = np.array([2.0, -1.0, -1.0, 3.0]), np.array([40, 10, 20, 30])
    curve = draw_equity(t1, r, np.array([True, True, False, True]))
    assert curve.time.tolist() == [10, 20, 30, 40]
    assert curve.taken_r.tolist() == [-1.0, -1.0, 2.0, 4.0]
    assert curve.every_r.tolist() == [-1.0, -2.0, 1.0, 3.0]


def test_equity_is_thinned_and_keeps_its_end_when_trades_are_many():
    r = np.random.default_rng(0).normal(0, 1, 10_000)
    curve = draw_equity(np.arange(10_000), r, np.ones(10_000, dtype=bool))
    assert len(curve.time) == MOST_POINTS
    assert curve.taken_r[-1] == pytest.approx(r.sum())
    assert np.array_equal(curve.taken_r, curve.every_r)
    assert measure_drawdown(np.diff(curve.taken_r, prepend=0.0)) <= measure_drawdown(r) + 1e-9


def test_equity_of_nothing_is_empty():
    curve = draw_equity([], [], [])
    assert curve.as_dict() == {"time": [], "taken_r": [], "every_r": []}
