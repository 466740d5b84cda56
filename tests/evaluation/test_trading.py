import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_training.errors import DataError
from ml_training.evaluation.trading import measure_drawdown, summarise_trades

RESULTS = st.lists(st.floats(-3, 3), max_size=30)


def test_summary_adds_up_when_trades_are_known():
    summary = summarise_trades([2.0, -1.0, -1.0, 2.0, -1.0])
    assert summary.n == 5
    assert summary.win_rate == pytest.approx(0.4)
    assert summary.expectancy_r == pytest.approx(0.2)
    assert summary.total_r == pytest.approx(1.0)
    assert summary.profit_factor == pytest.approx(4 / 3)
    assert summary.max_drawdown_r == pytest.approx(2.0)


def test_profit_factor_is_none_when_nothing_was_lost():
    assert summarise_trades([1.0, 2.0]).profit_factor is None
    assert json.loads(json.dumps(summarise_trades([]).as_dict()))["profit_factor"] is None


def test_summary_is_empty_when_nothing_was_traded():
    summary = summarise_trades([])
    assert (summary.n, summary.expectancy_r, summary.max_drawdown_r) == (0, 0.0, 0.0)


def test_drawdown_counts_from_the_start_when_the_first_trades_lose():
    assert measure_drawdown([-1.0, -1.0, 3.0]) == 2.0


@given(RESULTS)
def test_drawdown_equals_the_worst_stretch_when_searched_by_hand(r):
    worst = max(
        (-sum(r[i:j]) for i in range(len(r) + 1) for j in range(i, len(r) + 1)), default=0.0
    )
    assert measure_drawdown(r) == pytest.approx(max(worst, 0.0), abs=1e-9)


@given(RESULTS)
def test_total_is_expectancy_times_count_when_trades_are_summed(r):
    summary = summarise_trades(r)
    assert summary.total_r == pytest.approx(summary.expectancy_r * summary.n, abs=1e-9)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_summary_refuses_in_words_when_a_result_is_not_finite(bad):
    with pytest.raises(DataError, match="unlabelled setups have no result"):
        summarise_trades([1.0, bad])
