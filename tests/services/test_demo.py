"""The demo's market and strategy are made once, and stay what they are."""

import pytest

from ml_training.errors import DataError
from ml_training.models import CandleChunk, Instrument, Strategy
from ml_training.selectors import list_coverage, load_candles
from ml_training.services.demo import (
    BASE_SHARE,
    TIMEFRAMES,
    find_cut,
    prepare_base,
    prepare_market,
    prepare_strategy,
)
from ml_training.services.setups import scan_strategy
from ml_training.study import base
from tests.services.builders import make_market, make_user

pytestmark = pytest.mark.django_db


def test_market_has_five_synthetic_symbols_at_three_timeframes():
    market = prepare_market(2_000)
    assert len(market.symbols) == 5
    for instrument in Instrument.objects.all():
        assert instrument.is_synthetic
        coverage = [(one.timeframe, one.n_bars) for one in list_coverage(instrument)]
        assert coverage[0] == ("15m", 2_000)
        assert [name for name, _ in coverage] == list(TIMEFRAMES)


def test_nothing_is_written_when_the_market_is_there():
    prepare_market(2_000)
    before = list(CandleChunk.objects.values())
    assert prepare_market(2_000).counts.n_new == 0
    assert list(CandleChunk.objects.values()) == before


@pytest.mark.parametrize("n_bars", [1_000, 4_000])
def test_market_is_all_of_one_piece_when_made_in_another_length(n_bars):
    prepare_market(n_bars)
    alone = [load_candles(one, "15m").digest() for one in Instrument.objects.all()]
    prepare_market(2_000)
    prepare_market(n_bars)
    assert [load_candles(one, "15m").digest() for one in Instrument.objects.all()] == alone


def test_strategy_is_made_once_and_brought_up_to_date():
    symbols = prepare_market(1_000).symbols
    strategy = prepare_strategy(symbols)
    Strategy.objects.filter(pk=strategy.pk).update(timeframes=["1h"])
    again = prepare_strategy(symbols)
    assert again == strategy
    assert again.timeframes == list(TIMEFRAMES)
    assert not again.owner.has_usable_password()


def test_strategy_of_somebody_else_is_left_alone_when_it_has_the_name():
    symbols = prepare_market(1_000).symbols
    other = prepare_strategy(symbols)
    other.owner = make_user("somebody")
    other.save()
    assert prepare_strategy(symbols) != other


def test_every_timeframe_finds_setups_when_scanned():
    make_market("EURUSD")
    strategy = prepare_strategy(prepare_market(6_000).symbols)
    scans = scan_strategy(strategy)
    assert len(scans) == 15
    assert all(scan.source_timeframe == scan.timeframe for scan in scans)
    assert all(scan.n_labelled > 0 for scan in scans)


def test_base_model_knows_the_first_part_of_the_market_only():
    symbols = prepare_market(2_000).symbols
    spans = list_coverage(Instrument.objects.get(symbol=symbols[0]))
    first, last = min(one.first_at for one in spans), max(one.last_at for one in spans)
    assert find_cut(symbols[0]) == first + BASE_SHARE * (last - first)


@pytest.mark.slow
def test_base_model_is_made_once_and_learns_from_all_of_the_market(monkeypatch):
    monkeypatch.setattr(base, "MAX_EPOCHS", 2)
    make_market("EURUSD")
    symbols = prepare_market(4_000).symbols
    checkpoint, is_new = prepare_base(symbols)
    assert is_new
    assert checkpoint.meta["symbols"] == list(symbols)
    assert checkpoint.meta["is_synthetic"] is True
    assert checkpoint.meta["trained_until"] <= find_cut(symbols[0]).timestamp()
    assert prepare_base(symbols) == (checkpoint, False)


def test_market_that_is_too_short_for_a_base_model_is_refused_in_words():
    with pytest.raises(DataError, match="at least 300 effective setups"):
        prepare_base(prepare_market(700).symbols)
