"""What a trader finds in a broker's list is guessed as the market knows it."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml_training.data.calendars import CALENDARS
from ml_training.data.instruments import (
    COINS,
    CURRENCIES,
    LOW_CURRENCIES,
    InstrumentSpec,
    guess_instrument,
    price_digits,
)
from tests.data.builders import candles_from_closes

# Symbol, asset class, pip, digits, calendar, spread in pips, commission in bps.
MARKETS = [
    ("EURUSD", "fx", 0.0001, 5, "fx_24x5", 1.0, 0.0),
    ("GBPUSD", "fx", 0.0001, 5, "fx_24x5", 1.0, 0.0),
    ("USDJPY", "fx", 0.01, 3, "fx_24x5", 1.0, 0.0),
    ("EURJPY", "fx", 0.01, 3, "fx_24x5", 1.0, 0.0),
    ("CHFJPY", "fx", 0.01, 3, "fx_24x5", 2.5, 0.0),
    ("AUDNZD", "fx", 0.0001, 5, "fx_24x5", 2.5, 0.0),
    ("JPYUSD", "fx", 0.0001, 5, "fx_24x5", 2.5, 0.0),
    ("XAUUSD", "metal", 0.1, 2, "metals", 3.0, 0.0),
    ("GOLD", "metal", 0.1, 2, "metals", 3.0, 0.0),
    ("XAGUSD", "metal", 0.01, 3, "metals", 3.0, 0.0),
    ("XPTUSD", "metal", 0.1, 2, "metals", 20.0, 0.0),
    ("PALLADIUM", "metal", 0.1, 2, "metals", 20.0, 0.0),
    ("USOIL", "energy", 0.01, 2, "index", 4.0, 0.0),
    ("UKOIL", "energy", 0.01, 2, "index", 4.0, 0.0),
    ("XBRUSD", "energy", 0.01, 2, "index", 4.0, 0.0),
    ("US30", "index", 1.0, 1, "index", 1.0, 0.0),
    ("NAS100", "index", 1.0, 1, "index", 1.0, 0.0),
    ("DE40", "index", 1.0, 1, "index", 1.5, 0.0),
    ("UK100", "index", 1.0, 1, "index", 1.5, 0.0),
    ("JP225", "index", 1.0, 1, "index", 8.0, 0.0),
    ("AUS200", "index", 1.0, 1, "index", 8.0, 0.0),
    ("BTCUSD", "crypto", 0.01, 2, "crypto_24x7", 1.0, 10.0),
    ("SOLUSDT", "crypto", 0.01, 2, "crypto_24x7", 1.0, 10.0),
    ("AAPL", "equity", 0.01, 2, "us_equity", 1.0, 1.0),
    ("USD", "equity", 0.01, 2, "us_equity", 1.0, 1.0),
    ("EUR", "equity", 0.01, 2, "us_equity", 1.0, 1.0),
    ("", "equity", 0.01, 2, "us_equity", 1.0, 1.0),
]
FIELDS = ("asset_class", "pip", "digits", "calendar", "spread_pips", "commission_bps")


@pytest.mark.parametrize("market", MARKETS, ids=[market[0] or "no name" for market in MARKETS])
def test_market_is_guessed_as_traders_know_it(market):
    symbol, *expected = market
    spec = guess_instrument(symbol)
    assert [getattr(spec, name) for name in FIELDS] == expected
    assert spec.symbol == symbol
    assert spec.spread == pytest.approx(spec.pip * spec.spread_pips)


@pytest.mark.parametrize("metal", ["XAUUSD", "XAGUSD", "XPTUSD", "XPDUSD", "XAUEUR", "XAUAUD"])
@pytest.mark.parametrize("addition", ["", "m", "c", ".m", ".pro", "_i", ".r", "-ECN", ".cash"])
def test_metal_stays_a_metal_whatever_a_broker_adds(metal, addition):
    plain, spec = guess_instrument(metal), guess_instrument(metal + addition)
    assert spec.asset_class == "metal"
    assert (spec.pip, spec.digits, spec.calendar) == (plain.pip, plain.digits, plain.calendar)


@pytest.mark.parametrize("pair", ["EURUSD", "USDJPY", "AUDNZD"])
@pytest.mark.parametrize("addition", ["m", ".m", ".pro", "_i", "-ECN", "#", "+"])
def test_currency_pair_stays_one_whatever_a_broker_adds(pair, addition):
    plain, spec = guess_instrument(pair), guess_instrument(pair + addition)
    assert [getattr(spec, name) for name in FIELDS] == [getattr(plain, name) for name in FIELDS]


@pytest.mark.parametrize("symbol", ["SPXL", "GLD", "SLV", "SILV", "XAU", "GOLDMAN", "AUDIO"])
def test_share_is_no_metal_index_or_currency_for_its_first_letters(symbol):
    expected = "metal" if symbol == "XAU" else "equity"
    assert guess_instrument(symbol).asset_class == expected


def test_pip_follows_the_currency_a_pair_is_quoted_in():
    for first, second in itertools.permutations(sorted(CURRENCIES), 2):
        spec = guess_instrument(first + second)
        expected = (0.01, 3) if second in LOW_CURRENCIES else (0.0001, 5)
        assert (spec.asset_class, spec.pip, spec.digits) == ("fx", *expected), spec.symbol


@pytest.mark.parametrize("joint", ["", "-", "/"])
def test_coin_is_crypto_in_every_quote_and_spelling(joint):
    quotes = ("USDT", "USDC", "BUSD", "FDUSD", "USD", "EUR", "BTC", "ETH")
    names = [coin + joint + quote for coin in COINS for quote in quotes]
    wrong = [name for name in (*COINS, *names) if guess_instrument(name).asset_class != "crypto"]
    assert wrong == []


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=15))
def test_any_name_gives_an_instrument_that_can_be_traded(symbol):
    spec = guess_instrument(symbol)
    assert isinstance(spec, InstrumentSpec)
    assert spec.symbol == symbol.strip().upper()
    assert spec.calendar in CALENDARS
    assert spec.pip > 0
    assert guess_instrument(f" {symbol.lower()} ").asset_class == (
        guess_instrument(symbol.lower()).asset_class
    )


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(1, 10**7), min_size=1, max_size=20), st.integers(0, 8))
def test_digits_are_the_fewest_that_write_every_price(ticks, digits):
    prices = np.array(ticks) / 10.0**digits
    found = price_digits(candles_from_closes(prices))
    assert found <= digits
    assert [float(f"{price:.{found}f}") for price in prices] == prices.tolist()
    if found:
        assert [float(f"{price:.{found - 1}f}") for price in prices] != prices.tolist()


def test_digits_are_eight_at_most_when_nobody_says_otherwise():
    assert price_digits(candles_from_closes([1 / 3, 2 / 7])) == 8
    assert guess_instrument("DOGEBTC", candles_from_closes([1e-7, 2e-7])).pip == 1e-7
