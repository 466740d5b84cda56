import pytest

from ml_training.data.calendars import CALENDARS
from ml_training.data.instruments import (
    FUTURES,
    InstrumentSpec,
    guess_instrument,
    price_digits,
)
from ml_training.errors import DataError
from tests.data.builders import candles_from_closes, random_candles

FIELDS = {
    "symbol": "X",
    "asset_class": "fx",
    "pip": 0.0001,
    "digits": 5,
    "calendar": "fx_24x5",
    "spread_pips": 1.0,
}


@pytest.mark.parametrize("symbol", ["EURUSD", "eurusd", "EUR/USD", "EURUSD.m", "EURUSDpro"])
def test_currency_pair_has_small_pips_when_quoted_in_dollars(symbol):
    spec = guess_instrument(symbol)
    assert (spec.asset_class, spec.pip, spec.digits) == ("fx", 0.0001, 5)
    assert spec.calendar == "fx_24x5"


@pytest.mark.parametrize("symbol", ["USDJPY", "EURJPY", "USDHUF"])
def test_currency_pair_has_large_pips_when_quoted_in_yen_or_forint(symbol):
    spec = guess_instrument(symbol)
    assert (spec.pip, spec.digits) == (0.01, 3)


def test_cross_costs_more_when_it_is_no_major():
    assert guess_instrument("NZDCHF").spread_pips > guess_instrument("EURUSD").spread_pips


def test_gold_has_pips_of_ten_cents_and_a_daily_break():
    spec = guess_instrument("XAUUSD")
    assert (spec.asset_class, spec.pip, spec.digits, spec.calendar) == ("metal", 0.1, 2, "metals")
    assert spec.spread == pytest.approx(0.3)


@pytest.mark.parametrize(
    ("symbol", "asset_class"),
    [("XAGUSD", "metal"), ("USOIL", "energy"), ("BRENT", "energy"), ("US500", "index"),
     ("GER40.cash", "index"), ("JP225", "index"), ("BTCUSDT", "crypto"), ("ETH-EUR", "crypto"),
     ("EURUSDT", "crypto"), ("BTC", "crypto"), ("SPY", "equity"), ("WM", "equity"),
     ("SPXL", "equity"), ("USO", "equity"), ("BRK.B", "equity")],
)  # fmt: skip
def test_asset_class_is_guessed_from_the_name(symbol, asset_class):
    assert guess_instrument(symbol).asset_class == asset_class


def test_crypto_takes_its_digits_from_prices_when_there_are_any():
    cheap = candles_from_closes([0.00162008, 0.0016, 0.00161])
    assert guess_instrument("UNITTESTBTC", cheap).digits == 8
    assert guess_instrument("UNITTESTBTC", cheap).pip == 1e-8
    assert guess_instrument("UNITTESTBTC").digits == 2


def test_crypto_trades_always_and_pays_commission():
    spec = guess_instrument("BTCUSDT")
    assert (spec.calendar, spec.commission_bps) == ("crypto_24x7", 10.0)


@pytest.mark.parametrize("digits", [0, 2, 5, 8])
def test_digits_are_counted_when_prices_are_rounded(digits):
    candles = random_candles(500, price=150.0, digits=digits, volatility=0.01)
    assert price_digits(candles) == digits


def test_digits_are_the_most_when_prices_are_not_rounded():
    assert price_digits(candles_from_closes([1 / 3, 2 / 3]), most=6) == 6


def test_every_known_market_has_a_calendar():
    assert {market[4] for market in FUTURES} <= CALENDARS.keys()


@pytest.mark.parametrize(
    ("change", "rule"),
    [({"pip": 0.0}, "pip of X must be above 0"), ({"pip": float("nan")}, "pip of X"),
     ({"digits": -1}, "digits of X must be 0 to 10, got -1"),
     ({"spread_pips": -1.0}, "spread_pips of X must be 0 or more"),
     ({"commission_bps": float("inf")}, "commission_bps of X"),
     ({"calendar": "moon"}, "no calendar is called 'moon'")],
)  # fmt: skip
def test_instrument_is_refused_when_it_cannot_be(change, rule):
    with pytest.raises(DataError, match=rule):
        InstrumentSpec(**{**FIELDS, **change})
