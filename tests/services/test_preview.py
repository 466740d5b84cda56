"""Counting setups finds what a scan finds, and stores nothing."""

import pytest

from ml_training.errors import DataError
from ml_training.models import Setup, SetupScan, Strategy
from ml_training.services.preview import NEWEST_BARS, PATIENCE_S, preview_setups
from ml_training.services.setups import scan_strategy
from tests.data.builders import random_candles
from tests.services.builders import RSI_RULES, make_market, make_strategy, make_user

pytestmark = pytest.mark.django_db


def test_same_number_is_found_when_the_strategy_is_scanned_for_good():
    make_market()
    strategy = make_strategy()
    preview = preview_setups(strategy)
    assert SetupScan.objects.count() == Setup.objects.count() == 0
    (scan,) = scan_strategy(strategy)
    assert preview.n_setups == scan.n_setups > 0
    assert preview.n_labelled == scan.n_labelled
    assert not preview.is_cut


def test_nothing_is_stored_when_the_strategy_was_never_saved():
    make_market()
    draft = Strategy(owner=make_user(), rules=RSI_RULES, symbols=["eurusd"], timeframes=["H1"])
    (market,) = preview_setups(draft).markets
    assert (market.symbol, market.timeframe, market.n_bars) == ("EURUSD", "1h", 3_000)
    assert not Strategy.objects.exists()


def test_error_names_the_market_when_candles_are_missing():
    with pytest.raises(DataError, match="candles are missing: EURUSD 1h"):
        preview_setups(make_strategy())


def test_error_names_the_place_when_rules_are_wrong():
    draft = Strategy(rules={"long": 3}, symbols=["EURUSD"], timeframes=["1h"])
    with pytest.raises(DataError, match="must be a condition"):
        preview_setups(draft)


def test_only_the_newest_bars_count_when_there_are_more():
    make_market(candles=random_candles(NEWEST_BARS + 500, volatility=0.003))
    preview = preview_setups(make_strategy())
    assert preview.markets[0].n_bars == NEWEST_BARS
    assert preview.is_cut


def test_markets_are_left_out_when_patience_ends():
    for symbol in ("EURUSD", "GBPUSD", "USDJPY"):
        make_market(symbol)
    strategy = make_strategy(symbols=["EURUSD", "GBPUSD", "USDJPY"])
    ticks = iter([0.0, PATIENCE_S - 1, PATIENCE_S + 1])
    preview = preview_setups(strategy, clock=lambda: next(ticks))
    assert len(preview.markets) == 2
    assert preview.n_left_out == 1
    assert preview.is_cut
