"""A backtest trades what it is told to, and sums up as the evaluation does."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_training.errors import DataError
from ml_training.evaluation.backtest import backtest, keep_one_open
from ml_training.evaluation.outcomes import Outcomes, evaluate

HOUR_S = 3600


def make_trades(n=200, *, seed=0, n_symbols=3, held=30):
    """Return the columns of random trades, many of them open together."""
    rng = np.random.default_rng(seed)
    t0 = np.sort(rng.integers(0, 5 * n, n)) * HOUR_S
    t1 = t0 + rng.integers(1, held, n) * HOUR_S
    symbol = np.array(["AUDUSD", "GBPUSD", "XAUUSD"])[rng.integers(0, n_symbols, n)]
    return rng.normal(0.0, 1.2, n), t0, t1, symbol, rng.random(n) < 0.4


def test_sums_are_those_of_the_evaluation_when_all_may_be_open():
    r, t0, t1, symbol, _ = make_trades()
    p = np.random.default_rng(1).random(len(r))
    y = (r > 0).astype(np.int64)
    outcomes = Outcomes(y=y, r=r, t0=t0, t1=t1, weight=np.ones(len(r)))
    evaluated = evaluate("any", outcomes, p, threshold=0.6, base_rate=0.5, seed=0)
    found = backtest(r, t0, t1, symbol, p >= 0.6)
    assert found.filtered.summary == evaluated.taken
    assert found.every.summary == evaluated.every


def test_equity_runs_in_the_order_of_the_exits():
    r, t0, t1 = [1.0, -1.0, 2.0], [0, 1, 2], [9, 3, 5]
    equity = backtest(r, t0, t1, ["A", "A", "A"], [True, True, True]).every.equity
    assert equity.as_dict() == {"time": [3, 5, 9], "r": [-1.0, 1.0, 2.0]}


def test_later_setup_is_skipped_when_its_symbol_is_open():
    one = backtest(
        [1.0, 5.0, 2.0], [0, 1, 4], [4, 9, 6], ["A", "A", "A"], [True] * 3, one_per_symbol=True
    )
    assert one.every.traded.tolist() == [True, False, True]
    assert one.every.summary.total_r == 3.0


def test_other_symbol_is_traded_when_one_is_open():
    both = backtest([1.0, 5.0], [0, 1], [4, 9], ["A", "B"], [True, True], one_per_symbol=True)
    assert both.every.summary.n == 2


def test_setup_left_out_by_the_filter_blocks_nothing():
    one = backtest([-1.0, 2.0], [0, 1], [4, 9], ["A", "A"], [False, True], one_per_symbol=True)
    assert one.filtered.traded.tolist() == [False, True]
    assert one.every.traded.tolist() == [True, False]


@given(st.integers(0, 10_000), st.integers(2, 60))
def test_no_two_trades_of_a_symbol_are_open_together(seed, held):
    _, t0, t1, symbol, wanted = make_trades(80, seed=seed, held=held)
    kept = keep_one_open(t0, t1, symbol, wanted)
    assert not np.any(kept & ~wanted)
    for name in np.unique(symbol):
        rows = np.flatnonzero(kept & (symbol == name))
        assert np.all(t0[rows][1:] >= t1[rows][:-1])
        for skipped in np.flatnonzero(wanted & ~kept & (symbol == name)):
            is_open = (t0[rows] <= t0[skipped]) & (t0[skipped] < t1[rows])
            assert is_open.any(), "skipped though nothing was open"


def test_figures_are_zero_when_nothing_is_taken():
    r, t0, t1, symbol, _ = make_trades()
    found = backtest(r, t0, t1, symbol, np.zeros(len(r), dtype=bool))
    assert found.filtered.summary.n == 0
    assert found.filtered.summary.profit_factor is None
    assert found.filtered.equity.as_dict() == {"time": [], "r": []}
    assert found.as_dict()["filtered"]["max_drawdown_r"] == 0.0


def test_columns_are_refused_when_they_do_not_belong_together():
    with pytest.raises(ValueError, match="same setups"):
        backtest([1.0], [0, 1], [2, 3], ["A", "B"], [True, True])
    with pytest.raises(ValueError, match="ascend"):
        backtest([1.0, 1.0], [5, 1], [6, 3], ["A", "B"], [True, True])
    with pytest.raises(DataError, match="finite"):
        backtest([np.nan], [0], [1], ["A"], [True])
