"""What a price step, a day and a trade cost on each market."""

import re
from dataclasses import dataclass

import numpy as np

from ml_training.data.candles import Candles

CURRENCIES = frozenset(
    {
        "AUD",
        "BRL",
        "CAD",
        "CHF",
        "CNH",
        "CZK",
        "DKK",
        "EUR",
        "GBP",
        "HKD",
        "HUF",
        "ILS",
        "INR",
        "JPY",
        "KRW",
        "MXN",
        "NOK",
        "NZD",
        "PLN",
        "RON",
        "RUB",
        "SEK",
        "SGD",
        "THB",
        "TRY",
        "TWD",
        "USD",
        "ZAR",
    }
)
COINS = ("BTC", "ETH", "SOL", "XRP", "BNB", "ADA", "DOGE", "LTC", "BCH", "DOT", "LINK", "AVAX")
COIN_QUOTES = ("USDT", "USDC", "BUSD", "USD", "EUR", "BTC", "ETH")
# Typical retail spreads (chosen: mid of what large brokers publish for quiet hours).
MAJORS = frozenset(
    {"EURUSD", "GBPUSD", "USDJPY", "USDCHF", "AUDUSD", "USDCAD", "NZDUSD", "EURJPY", "EURGBP"}
)
MAJOR_SPREAD_PIPS = 1.0
CROSS_SPREAD_PIPS = 2.5
CRYPTO_COMMISSION_BPS = 10.0  # one side, taker, large exchanges' base tier
EQUITY_COMMISSION_BPS = 1.0


@dataclass(frozen=True, kw_only=True, slots=True)
class InstrumentSpec:
    """Describe one traded instrument.

    Parameters
    ----------
    symbol : str
        Name, upper case.
    asset_class : str
        fx, metal, energy, index, crypto, equity or synthetic.
    pip : float
        The step that traders count in, in price units.
    digits : int
        Digits behind the point in quotes.
    calendar : str
        Key of `ml_training.data.calendars.CALENDARS`.
    spread_pips : float
        Usual distance of bid and ask.
    commission_bps : float
        Commission of one side in basis points of the price.
    """

    symbol: str
    asset_class: str
    pip: float
    digits: int
    calendar: str
    spread_pips: float
    commission_bps: float = 0.0

    @property
    def spread(self) -> float:
        """Return the spread in price units."""
        return self.spread_pips * self.pip


def guess_instrument(symbol: str, candles: Candles | None = None) -> InstrumentSpec:
    """Guess an instrument's conventions from its name and, where it helps, its prices.

    Parameters
    ----------
    symbol : str
        Such as EURUSD, XAUUSD, BTCUSDT, SPY; broker suffixes (EURUSD.m) are fine.
    candles : Candles, optional
        Bars to read the digits from when the name does not settle them.

    Returns
    -------
    InstrumentSpec
        A starting point that the user may correct.
    """
    name = symbol.strip().upper()
    core = re.sub(r"[^A-Z0-9]", "", name)
    if len(core) >= 6 and core[:3] in CURRENCIES and core[3:6] in CURRENCIES:
        return _fx(name, core[:6])
    if core.startswith(("XAU", "GOLD")):
        return _spec(name, "metal", 0.1, 2, "metals", 3.0)
    if core.startswith(("XAG", "SILVER")):
        return _spec(name, "metal", 0.01, 3, "metals", 3.0)
    if any(core.endswith(quote) and core != quote for quote in COIN_QUOTES) or core.startswith(
        COINS
    ):
        digits = price_digits(candles) if candles is not None else 2
        return _spec(
            name, "crypto", 10.0**-digits, digits, "crypto_24x7", 1.0, CRYPTO_COMMISSION_BPS
        )
    return _spec(name, "equity", 0.01, 2, "us_equity", 1.0, EQUITY_COMMISSION_BPS)


def price_digits(candles: Candles, most: int = 8) -> int:
    """Count the digits behind the point that the close prices use.

    Parameters
    ----------
    candles : Candles
        Bars to look at.
    most : int
        Answer when no smaller number of digits reproduces every price.

    Returns
    -------
    int
        0 to `most`.
    """
    for digits in range(most):
        scale = 10.0**digits
        if np.array_equal(np.rint(candles.close * scale) / scale, candles.close):
            return digits
    return most


def _fx(name: str, pair: str) -> InstrumentSpec:
    spread = MAJOR_SPREAD_PIPS if pair in MAJORS else CROSS_SPREAD_PIPS
    if pair.endswith("JPY"):
        return _spec(name, "fx", 0.01, 3, "fx_24x5", spread)
    return _spec(name, "fx", 0.0001, 5, "fx_24x5", spread)


def _spec(
    symbol: str,
    asset_class: str,
    pip: float,
    digits: int,
    calendar: str,
    spread_pips: float,
    commission_bps: float = 0.0,
) -> InstrumentSpec:
    return InstrumentSpec(
        symbol=symbol,
        asset_class=asset_class,
        pip=pip,
        digits=digits,
        calendar=calendar,
        spread_pips=spread_pips,
        commission_bps=commission_bps,
    )
