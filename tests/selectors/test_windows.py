"""The newest bars of a market, whatever is stored of it."""

import numpy as np
import pytest

from ml_training.data.labels import Outcome
from ml_training.selectors import windows
from ml_training.selectors.windows import N_LEAD, N_SHOWN, list_markets, read_window
from ml_training.services.preview import preview_setups
from tests.data.builders import random_candles
from tests.services.builders import RSI_RULES, make_market, make_strategy

pytestmark = pytest.mark.django_db


def test_newest_bars_are_shown_when_there_are_many():
    make_market("EURUSD", "1h", candles := random_candles(3_000, volatility=0.003))
    window = read_window(make_strategy(), "EURUSD", "1h")
    assert len(window) == N_SHOWN
    assert len(window.bars) <= (N_SHOWN + N_LEAD) * 7 // 5 + 1
    assert window.bars.time[-1] == candles.time[-1]
    assert window.bars.time[window.first] == candles.time[-N_SHOWN]


def test_setups_are_those_of_a_whole_scan_when_the_window_has_a_lead():
    make_market()
    strategy = make_strategy()
    window = read_window(strategy, "EURUSD", "1h")
    assert window.setups is not None
    shown = window.setups.take(window.setups.signal_index >= window.first)
    strategy_wide = preview_setups(strategy)
    assert 0 < len(shown) < strategy_wide.n_setups
    assert (shown.t0 >= window.bars.time[window.first]).all()
    assert np.isfinite(shown.r[shown.outcome != Outcome.OPEN]).all()


def test_bars_are_built_of_finer_ones_when_there_are_no_others():
    make_market("EURUSD", "15m", random_candles(3_003, step_s=900))
    window = read_window(make_strategy(), "EURUSD", "1h")
    assert (np.diff(window.bars.time) % 3_600 == 0).all()
    assert window.bars.time[-1] == (3_000 // 4 - 1) * 3_600 + window.bars.time[0]
    assert window.problem == ""


def test_finer_bars_are_bounded_when_a_long_timeframe_is_built(monkeypatch):
    monkeypatch.setattr(windows, "MOST_SOURCE_BARS", 100)
    make_market("EURUSD", "15m", random_candles(3_000, step_s=900))
    assert len(read_window(make_strategy(), "EURUSD", "1h").bars) <= 100 * 7 // 5 // 4 + 1


@pytest.mark.parametrize(("symbol", "timeframe"), [("EURUSD", "1m"), ("NOPE", "1h"), ("", "")])
def test_words_say_why_when_there_are_no_bars(symbol, timeframe):
    make_market()
    window = read_window(make_strategy(), symbol, timeframe)
    assert len(window) == 0
    assert window.problem


def test_words_say_why_when_the_rules_are_of_an_older_grammar():
    make_market()
    strategy = make_strategy()
    strategy.rules = {**RSI_RULES, "version": 99}
    window = read_window(strategy, "EURUSD", "1h")
    assert len(window) == N_SHOWN
    assert window.setups is None
    assert "version" in window.problem


def test_number_of_queries_stays_when_history_is_longer(django_assert_num_queries):
    make_market("EURUSD", "1h", random_candles(20_000))
    strategy = make_strategy()
    with django_assert_num_queries(3):
        read_window(strategy, "EURUSD", "1h")


def test_every_pair_is_offered_when_there_are_several():
    strategy = make_strategy(symbols=["A", "B"], timeframes=["1h", "4h"])
    assert list_markets(strategy) == [("A", "1h"), ("A", "4h"), ("B", "1h"), ("B", "4h")]
